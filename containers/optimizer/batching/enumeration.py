"""Every batch that fits on a cart, when there are few enough of them: then set partitioning is exact."""

from __future__ import annotations

import numpy as np

from containers.optimizer.batching.partition import Columns
from containers.optimizer.batching.units import Units
from containers.optimizer.floor.bits import join
from containers.optimizer.floor.places import Floor
from containers.optimizer.floor.tours import tour
from containers.optimizer.jit import kernel


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
def enumerate_batches(frame, scratch, units, weights, first, members, cost):  # type: ignore[no-untyped-def]
    """Fill first, members, cost with all feasible batches; returns (batches, members), batches -1 when they do not fit.

    With an empty `cost` batches are counted only, up to first[0] of them.
    """
    demand, capacity = units[1], units[2]
    n = demand.shape[0]
    counting = cost.shape[0] == 0
    limit = first[0] if counting else cost.shape[0]
    chosen = np.empty(n + 1, dtype=np.int64)
    load = np.zeros((n + 2, capacity.shape[0]), dtype=np.int64)
    depth = 0
    following = 0
    count = 0
    held = 0
    if not counting:
        first[0] = 0
    while True:
        if following < n:
            if joins(units, chosen, depth, load, following):
                chosen[depth] = following
                depth += 1
                if count >= limit:
                    return -1, held
                if not counting:
                    for i in range(depth):
                        members[held + i] = chosen[i]
                        join(units[0], chosen[i], scratch[0], scratch[1])
                    metres, halts = tour(frame, scratch)
                    cost[count] = metres * weights[0] + weights[1] + halts * weights[2]
                    first[count + 1] = held + depth
                count += 1
                held += depth
            following += 1
        elif depth == 0:
            return count, held
        else:
            depth -= 1
            following = chosen[depth] + 1


def all_batches(floor: Floor, units: Units, limit: int) -> Columns | None:
    """Every feasible batch with its cost, or None when there are more than `limit`."""
    scratch = floor.scratch()
    few = (np.array([limit], dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0))
    count, held = enumerate_batches(floor.frame, scratch, units.arrays, units.weights, *few)
    if count < 0:
        return None
    columns = Columns(np.zeros(count + 1, dtype=np.int64), np.zeros(held, dtype=np.int32), np.zeros(count))
    enumerate_batches(floor.frame, scratch, units.arrays, units.weights, columns.first, columns.members, columns.cost)
    return columns
