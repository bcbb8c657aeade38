"""Every batch that fits on a cart, when there are few enough of them: then set partitioning is exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from containers.optimizer.batching.partition import Columns
from containers.optimizer.batching.units import Units
from containers.optimizer.floor.bits import join
from containers.optimizer.floor.places import Floor
from containers.optimizer.floor.tours import tour
from containers.optimizer.jit import kernel

# Tries to add a unit, for each batch that may be listed, before counting is given up: some ten nanoseconds each.
TRIES = 100
CHUNK = 200  # batches between two looks at the clock: milliseconds, even where a tour takes long


@kernel
def joins(units, chosen, depth, load, unit):  # type: ignore[no-untyped-def]
    """Whether `unit` may join chosen[:depth], whose demands sum to load[depth]; then load[depth + 1] is set."""
    _lists, demand, capacity, tags, clashes, zones, _due, _pieces = units
    for d in range(capacity.shape[0]):
        load[depth + 1, d] = load[depth, d] + demand[unit, d]
        if load[depth + 1, d] > capacity[d]:
            return False
    for i in range(depth):
        other = chosen[i]
        if zones[other] != zones[unit] or (tags[unit] & clashes[other]) != 0:
            return False
    return True


@kernel
def least_of_rest(demand):  # type: ignore[no-untyped-def]
    """(n + 1, D): the least that any of the units from a number on needs, so that a full cart is seen at once."""
    n = demand.shape[0]
    least = np.full((n + 1, demand.shape[1]), np.iinfo(np.int64).max // 4)
    for unit in range(n - 1, -1, -1):
        for d in range(demand.shape[1]):
            least[unit, d] = min(least[unit + 1, d], demand[unit, d])
    return least


@kernel
def is_full(capacity, load, least):  # type: ignore[no-untyped-def]
    """Whether none of the units that need at least so much fits beside the load."""
    full = False
    for d in range(capacity.shape[0]):
        full = full or load[d] + least[d] > capacity[d]
    return full


@kernel
def count_batches(units, limit):  # type: ignore[no-untyped-def]
    """(feasible batches, their members); batches -1 when there are more than `limit`, or finding them takes too many tries."""
    demand, capacity = units[1], units[2]
    n = demand.shape[0]
    least = least_of_rest(demand)
    tries = TRIES * limit
    chosen = np.empty(n + 1, dtype=np.int64)
    load = np.zeros((n + 2, capacity.shape[0]), dtype=np.int64)
    depth = following = count = held = 0
    while True:
        if following < n and is_full(capacity, load[depth], least[following]):
            following = n
        if following < n:
            tries -= 1
            if tries < 0:
                return -1, held
            if joins(units, chosen, depth, load, following):
                if count >= limit:
                    return -1, held
                chosen[depth] = following
                depth += 1
                count += 1
                held += depth
            following += 1
        elif depth == 0:
            return count, held
        else:
            depth -= 1
            following = chosen[depth] + 1


@kernel
def list_batches(frame, scratch, units, weights, least, place, chosen, load, first, members, cost, most):  # type: ignore[no-untyped-def]
    """Fill first, members, cost with the next `most` feasible batches; returns whether these were the last.

    least: see least_of_rest. place: (depth, next unit, batches, members so far) int64 (4,), with chosen and load where the listing stands.
    """
    capacity = units[2]
    n = units[1].shape[0]
    depth, following, count, held = place
    until = count + most
    while count < until:
        if following < n and is_full(capacity, load[depth], least[following]):
            following = n
        if following < n:
            if joins(units, chosen, depth, load, following):
                chosen[depth] = following
                depth += 1
                for i in range(depth):
                    members[held + i] = chosen[i]
                    join(units[0], chosen[i], scratch[0], scratch[1])
                metres, halts = tour(frame, scratch)
                cost[count] = metres * weights[0] + weights[1] + halts * weights[2]
                count += 1
                held += depth
                first[count] = held
            following += 1
        elif depth == 0:
            return True
        else:
            depth -= 1
            following = chosen[depth] + 1
    place[:] = depth, following, count, held
    return False


def all_batches(
    floor: Floor, units: Units, limit: int, worth: Callable[[float], bool] = lambda _share: True
) -> Columns | None:
    """Every feasible batch with its cost; None when there are more than `limit`.

    worth: told now and then which share of them has been measured; where it says no, the listing is given up.
    """
    count, held = count_batches(units.arrays, limit)
    if count < 0:
        return None
    columns = Columns(np.zeros(count + 1, dtype=np.int64), np.zeros(held, dtype=np.int32), np.zeros(count))
    place, chosen = np.zeros(4, dtype=np.int64), np.empty(units.count + 1, dtype=np.int64)
    load = np.zeros((units.count + 2, len(units.arrays[2])), dtype=np.int64)
    scratch, least = floor.scratch(), least_of_rest(units.arrays[1])
    while not list_batches(
        floor.frame, scratch, units.arrays, units.weights, least, place, chosen, load, columns.first, columns.members,
        columns.cost, CHUNK,
    ):  # fmt: skip
        if not worth(place[2] / count):
            return None
    return columns
