"""Compiles, or loads from the cache, every kernel that slotting needs, by solving a tiny problem."""

from __future__ import annotations

from containers.optimizer.family import Run
from containers.optimizer.slotting.problem import read
from containers.optimizer.slotting.solve import solve
from contracts.layout import location_id
from contracts.optimize import Budget

_done = False


def warm() -> None:
    """Once per process."""
    global _done
    if _done:
        return
    skus = [f"S{i}" for i in range(6)]
    data = {
        "layout": {"type": "parametric", "aisles": 3, "bays_per_block": 4},
        "items": [{"sku": sku} for sku in skus],
        "stock": [
            {"sku": sku, "location": location_id(i % 3, "L", i % 4, 0), "quantity": 5} for i, sku in enumerate(skus)
        ],
        "orders": [
            {"id": f"O{i}", "lines": [{"sku": s, "quantity": 1} for s in {sku, "S0"}]} for i, sku in enumerate(skus)
        ],
    }
    # Slots of one article are searched by windows too; shared ones have a bound of their own.
    for objective, shared in (("affinity", 2), ("pick_distance", 2), ("affinity", 1)):
        rules = {"max_skus_per_slot": shared}
        solve(read({**data, "objective": objective, "rules": rules}), Run(Budget(seconds=60, iterations=50)))
    _done = True
