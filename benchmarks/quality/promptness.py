"""How soon batching has a first plan, and how long a solve takes against its budget: 1,000 order lines on 800 places."""

from __future__ import annotations

import random
import time
from typing import Any

from benchmarks.quality.runs import Options, row
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.registry import family
from contracts.layout import location_id
from contracts.optimize import Budget, OptimizeRequest

ORDERS, LINES, AISLES, BAYS = 200, 5, 20, 40
BUDGETS_S = (1.0, 5.0, 10.0)
FIRST_SEEDS = range(5)


def orders_of(seed: int) -> dict[str, Any]:
    """A batching problem of ORDERS x LINES lines; places at random."""
    rng = random.Random(seed)
    places = [location_id(aisle, "L", bay, 0) for aisle in range(AISLES) for bay in range(BAYS)]
    stock = [{"sku": f"S{i}", "location": place, "quantity": ORDERS} for i, place in enumerate(places)]
    skus = [line["sku"] for line in stock]
    return {
        "layout": {"type": "parametric", "aisles": AISLES, "bays_per_block": BAYS, "sides": 1},
        "stock": stock,
        "orders": [
            {"id": f"O{i}", "lines": [{"sku": sku, "quantity": 1} for sku in rng.sample(skus, LINES)]}
            for i in range(ORDERS)
        ],
        "cart": {"items": 30},
    }


def _timed(seed: int, seconds: float, workers: int) -> tuple[float, float]:
    """(seconds from the request's data to the first plan, seconds to the checked answer)."""
    told: list[float] = []
    budget = Budget(seconds=seconds, seed=seed, workers=workers)
    request = OptimizeRequest(problem="batching", data=orders_of(seed), budget=budget)
    started = time.monotonic()
    run = Run(budget, workers=workers, started=started, on_incumbent=lambda _one: told.append(time.monotonic()))
    execute(request, run)
    return told[0] - started, time.monotonic() - started


def promptness(options: Options) -> None:
    """The slowest of five first plans, and the largest overrun of a budget."""
    family("batching").warm()
    first = [_timed(seed, 1.0, options.workers)[0] for seed in FIRST_SEEDS]
    row("quality.batching.first_incumbent_ms", 1000 * max(first), "ms", len(first), options)
    over = [_timed(1, seconds, options.workers)[1] / seconds - 1 for seconds in BUDGETS_S]
    row("quality.batching.deadline_overrun", 100 * max(0.0, *over), "% of the budget", len(over), options)
