"""Compiles, or loads from the cache, every kernel that re-slotting needs, by solving a tiny problem."""

from __future__ import annotations

import numpy as np

from containers.optimizer.family import Run
from containers.optimizer.reslotting.problem import read
from containers.optimizer.reslotting.solve import solve
from containers.optimizer.slotting.costs import Chain, costs_of
from contracts.layout import location_id
from contracts.optimize import Budget

_done = False


def warm() -> None:
    """Once per process."""
    global _done
    if _done:
        return
    data = {
        "layout": {"type": "parametric", "aisles": 2, "bays_per_block": 6},
        "stock": [{"sku": f"S{i}", "location": location_id(1, "L", 5 - i, 0), "quantity": 5} for i in range(4)],
        "orders": [{"id": f"O{i}", "lines": [{"sku": f"S{i % 2}", "quantity": 1}]} for i in range(40)],
    }
    building = read(data).building
    chain = Chain(building, costs_of(building), np.full(building.units.count, -1, dtype=np.int64))
    chain.force(building.units.today)
    chain.nearest_free(0, np.zeros(building.places.count, dtype=np.bool_))  # where articles wait for each other
    for objective in ("affinity", "pick_distance"):
        solve(read({**data, "objective": objective}), Run(Budget(seconds=60, iterations=200)))
    _done = True
