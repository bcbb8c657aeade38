"""How soon batching has a first plan, and how long a solve takes against its budget: 1,000 order lines on 800 places."""

from __future__ import annotations

import time

from benchmarks.quality.late_orders import late_orders
from benchmarks.quality.made_orders import orders_of
from benchmarks.quality.runs import Options, row
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.registry import family
from contracts.optimize import Budget, OptimizeRequest

BUDGETS_S = (1.0, 5.0, 10.0)
FIRST_SEEDS = range(5)


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
    late_orders(options)
