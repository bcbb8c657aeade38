"""Compiles, or loads from the cache, every kernel that batching needs, by solving a tiny problem."""

from __future__ import annotations

from containers.optimizer.batching.problem import read
from containers.optimizer.batching.solve import solve
from containers.optimizer.family import Run
from contracts.layout import location_id
from contracts.optimize import Budget

_done = False


def warm() -> None:
    """Once per process."""
    import highspy  # noqa: F401 - loaded, never run before the fork

    global _done
    if _done:
        return
    skus = [f"S{i}" for i in range(6)]
    data = {
        "layout": {"type": "parametric", "aisles": 3, "bays_per_block": 4},
        "stock": [
            {"sku": sku, "location": location_id(i % 3, "L", i % 4, 0), "quantity": 5} for i, sku in enumerate(skus)
        ],
        "orders": [{"id": f"O{i}", "lines": [{"sku": sku, "quantity": 1}]} for i, sku in enumerate(skus)],
        "cart": {"items": 2},
        # With deadlines the search ends before HiGHS. HiGHS must not run here: its threads would not survive the fork
        # that starts a solve, and the solve would wait for them for ever.
        "due": "soft",
        "start_at": "2026-01-01T00:00:00Z",
    }
    solve(read(data), Run(Budget(seconds=60, iterations=10)))
    _done = True
