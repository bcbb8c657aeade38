"""Plans that are job shops: each task has one person who can do it, chains of tasks, nothing else in the way.

A line of stations (pick, pack, label, stage; one person each) with orders that pass through them in their own sequence.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from containers.optimizer.family import Answer, Run
from containers.optimizer.jobshop.search import Schedule, Shop, solve
from containers.optimizer.labour.problem import NEVER, Plan
from containers.optimizer.labour.search import Timetable


def chains(plan: Plan) -> list[list[int]] | None:
    """The tasks as chains, or None when the plan is not a pure job shop (choices, cutoffs, resources, calendars)."""
    if plan.tasks == 0 or (plan.seconds < NEVER).sum(axis=1).tolist() != [1] * plan.tasks:
        return None
    if (plan.resource >= 0).any() or plan.release.any() or (plan.due < NEVER).any() or (plan.wave_due < NEVER).any():
        return None
    if (plan.pinned[:, 1] >= 0).any() or (np.diff(plan.preds[0]) > 1).any():
        return None
    total = int(plan.seconds[plan.seconds < NEVER].sum())
    first, w_start, w_end = plan.windows
    if (
        any(first[w + 1] - first[w] != 1 for w in range(plan.workers))
        or w_start.any()
        or w_end.min(initial=NEVER) < total
    ):
        return None
    following: dict[int, int] = {}
    for t in range(plan.tasks):
        for p in plan.preds[1][plan.preds[0][t] : plan.preds[0][t + 1]]:
            if int(p) in following:
                return None
            following[int(p)] = t
    found = []
    for t in range(plan.tasks):
        if plan.preds[0][t + 1] == plan.preds[0][t]:
            chain = [t]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            found.append(chain)
    return found


def plan_shop(
    plan: Plan,
    run: Run,
    rows: list[list[int]],
    start: Timetable | None,
    planned: Callable[[Timetable], None],
    show: Callable[[Timetable], Answer],
) -> tuple[Timetable, float, int, bool]:
    """The timetable, a proven bound on the last end, the moves, and whether it is optimal.

    `planned` is called with the first plan that is reported, `show` makes the plans that incumbents carry.
    """
    worker = np.argmin(plan.seconds, axis=1)
    tasks = [t for row in rows for t in row]
    shop = Shop.of([[(int(worker[t]), int(plan.seconds[t, worker[t]])) for t in row] for row in rows])
    finish = plan.source.weights.finish
    bound = shop.bound()
    moves = [0]

    def should_stop(done: int) -> bool:
        moves[0] = max(moves[0], done)
        return run.should_stop(done)

    def timetable(schedule: Schedule) -> Timetable:
        begins = np.zeros(plan.tasks, dtype=np.int64)
        begins[tasks] = schedule.starts(shop)
        need = plan.seconds[np.arange(plan.tasks), worker]
        return Timetable(finish * schedule.makespan, worker.astype(np.int64), begins, begins + need)

    any_planned = False

    def better(schedule: Schedule) -> None:
        nonlocal any_planned
        run.report(finish * schedule.makespan, finish * bound, moves[0], lambda: show(timetable(schedule)))
        if not any_planned:
            any_planned = True
            planned(timetable(schedule))

    begin = None
    if start is not None and (start.worker >= 0).all():
        begin = np.lexsort((np.arange(len(tasks)), start.end[tasks], start.start[tasks])).astype(np.int64)
    best = solve(
        shop, seed=run.seed, workers=run.workers, start=begin, should_stop=should_stop, on_better=better
    )  # fmt: skip
    return timetable(best), float(bound), moves[0], best.makespan <= bound
