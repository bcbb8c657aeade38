"""First plans: the order in which articles choose their slots, and the regions that groups share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from containers.optimizer.slotting.costs import Chain
from containers.optimizer.slotting.problem import Instance

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def by_cube_per_order(instance: Instance) -> Ints:
    """Units by room per visit, least first (Heskett 1963). Room is volume where slots are shared, else one slot."""
    units = instance.units
    shared = bool((instance.places.max_skus > 1).any()) and bool((units.volume > 0).any())
    room = np.where(units.volume > 0, units.volume, 1) if shared else np.ones(units.count)
    with np.errstate(divide="ignore"):
        index = room / instance.visits
    return np.lexsort((np.arange(units.count), index)).astype(np.int64)


def choices(instance: Instance) -> Ints:
    """Slots from cheap to dear."""
    return np.argsort(instance.places.cost, kind="stable").astype(np.int64)


def tightest_first(instance: Instance, order: Ints) -> Ints:
    """The same order, but those with fewer slots to choose from come first."""
    units, places = instance.units, instance.places
    per_kind = np.bincount(places.kind, minlength=len(places.kinds))
    freedom = (units.allowed * per_kind).sum(axis=1)
    return order[np.argsort(freedom[units.klass[order]], kind="stable")]


def greedy(chain: Chain, order: Ints) -> float:
    """Each unit in turn takes the cheapest slot that it may; if that leaves some out, the choosy choose first."""
    instance = chain.instance
    nowhere = np.full(instance.units.count, -1, dtype=np.int64)
    chain.clear()
    left = chain.fill(order, nowhere, choices(instance))
    value = chain.settle()
    if left == 0:
        return value
    chain.clear()
    chain.fill(tightest_first(instance, order), nowhere, choices(instance))
    return min(value, chain.settle())


def regions(instance: Instance) -> Ints:
    """must (U,): the region of every unit in a group. Groups with much demand for little room choose first.

    A group takes the region in which its units, put greedily into the cheapest free slots, cost the least. Room that
    earlier groups and fixed units take is gone.
    """
    units, places = instance.units, instance.places
    must = np.full(units.count, -1, dtype=np.int64)
    if not len(units.scope):
        return must
    free = places.max_skus.copy()
    np.subtract.at(free, units.fixed[units.fixed >= 0], 1)
    weight = np.array(
        [instance.visits[units.group == g].sum() / max(1, (units.group == g).sum()) for g in range(len(units.scope))]
    )
    for g in np.argsort(-weight, kind="stable"):
        members = np.flatnonzero(units.group == g)
        if len(members) == 0:
            continue
        row = int(units.scope[g])
        fixed = units.fixed[members]
        fixed = fixed[fixed >= 0]
        candidates = np.unique(places.region[row, fixed]) if len(fixed) else np.unique(places.region[row])
        best, chosen, taken = np.inf, -1, np.zeros(0, dtype=np.int64)
        for region in candidates:
            cost, slots = _try_region(instance, members, places.region[row] == region, free)
            if cost < best:
                best, chosen, taken = cost, int(region), slots
        if chosen >= 0:
            must[members] = chosen
            np.subtract.at(free, taken, 1)
    return must


def _try_region(instance: Instance, members: Ints, inside: npt.NDArray[np.bool_], free: Ints) -> tuple[float, Ints]:
    """(cost, slots) of the members in the cheapest free slots of a region; a member without one costs a lot."""
    units, places = instance.units, instance.places
    slots = np.flatnonzero(inside & (free > 0))
    slots = slots[np.argsort(places.cost[slots], kind="stable")]
    left = free[slots].copy()
    cost = 0.0
    taken = []
    for u in members[np.argsort(-instance.visits[members], kind="stable")]:
        if units.fixed[u] >= 0:
            continue
        fitting = np.flatnonzero((left > 0) & units.allowed[units.klass[u]][places.kind[slots]])
        if len(fitting) == 0:
            cost += 1e9 + instance.visits[u] * 1e6
            continue
        first = int(fitting[0])
        left[first] -= 1
        taken.append(int(slots[first]))
        cost += instance.visits[u] * float(places.cost[slots[first]])
    return cost, np.array(taken, dtype=np.int64)
