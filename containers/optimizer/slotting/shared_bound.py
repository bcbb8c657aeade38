"""A limit on plans whose slots are shared: a generalised assignment problem with prices on volume, weight and number of SKUs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from containers.optimizer.slotting.costs import leave_costs
from containers.optimizer.slotting.exact import slots_of
from containers.optimizer.slotting.problem import Instance

Floats = npt.NDArray[np.float64]

LARGEST = 400_000  # units by slots
MOST_WORK = 600_000_000  # entries looked at in all rounds: a second or so
ROUNDS = 2000

METHOD = (
    "generalised assignment of units to shared slots, their volume, weight and number of units priced (Lagrangean dual)"
)


def lagrangean(instance: Instance, linear: Floats) -> float | None:
    """No plan costs less by linear x metres + visits x extra, golden zone and left-out units included. None where slots are
    not shared, or there are too many.

    One more slot, without limits, takes what is left out. Units of one SKU may share a slot and count once there, so only
    units of different SKUs are counted: the first of each.
    """
    from containers.optimizer.gap.kernels import prices

    units, places = instance.units, instance.places
    if units.count == 0 or not (places.max_skus > 1).any() or units.count * places.count > LARGEST:
        return None
    cost = linear[:, None] * places.metres[None, :] + instance.visits[:, None] * places.extra[None, :]
    cost = np.column_stack([cost, leave_costs(instance)])
    allowed = np.column_stack([slots_of(instance), units.fixed < 0])
    dear = 1.0 + units.count * float(np.abs(cost).max())
    alone = np.zeros(units.count)
    alone[np.unique(units.sku, return_index=True)[1]] = 1.0
    weights, rooms = [], []
    for own, room in ((units.volume, places.max_volume), (units.weight, places.max_weight), (alone, places.max_skus)):
        unit = max(1.0, float(own.mean()))
        own = own / unit
        weights.append(np.repeat(own[:, None], places.count + 1, axis=1))
        rooms.append(np.append(np.minimum(room / unit, own.sum()), own.sum()))
    price = np.zeros((3, places.count + 1))
    rounds = min(ROUNDS, MOST_WORK // (3 * cost.size))
    table = np.ascontiguousarray(np.where(allowed, cost, dear))
    return float(prices(table, np.ascontiguousarray(weights), np.ascontiguousarray(rooms), price, max(50, rounds)))
