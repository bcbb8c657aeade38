"""Compiles, or loads from the cache, every kernel that batching needs, by solving a tiny problem."""

from __future__ import annotations

import numpy as np

from containers.optimizer.batching.chain import new_pool
from containers.optimizer.batching.check import check
from containers.optimizer.batching.enumeration import all_batches
from containers.optimizer.batching.master import Master
from containers.optimizer.batching.problem import Instance, read
from containers.optimizer.batching.solve import solve
from containers.optimizer.batching.units import units_of
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
    run = Run(Budget(seconds=60, iterations=10))
    instance = read(data)
    solve(instance, run)
    _warm_generation(instance, run)
    extended = read({**data, "extend": {"batches": [{"orders": ["O0"]}]}})
    check(extended, solve(extended, Run(Budget(seconds=60, iterations=10))).solution, None)
    _done = True


def _warm_generation(instance: Instance, run: Run) -> None:
    """The kernels around HiGHS: listing batches, pricing, sharing pools."""
    units = units_of(instance, [[i] for i in range(len(instance.parts))])
    all_batches(instance.floor, units, 1000)
    master = Master(instance.floor, units, np.arange(1, units.count + 1, dtype=np.uint64), run)
    master.absorb(new_pool(units.count))
    master.price(1, 1)
    master.partners(1.0)
