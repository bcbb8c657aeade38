"""The family's solver: annealing over a compiled schedule generator, then CP-SAT from there where the model is small."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from containers.optimizer.family import Answer, Run
from containers.optimizer.labour import exact, shop
from containers.optimizer.labour.bound import lower_bound
from containers.optimizer.labour.check import check
from containers.optimizer.labour.explain import left_out, points, to_solution
from containers.optimizer.labour.problem import Plan, build
from containers.optimizer.labour.search import Timetable, search
from containers.optimizer.reading import locks_of, plan_of
from contracts.errors import Fault, ProblemError
from contracts.optimize import Bound
from contracts.problems.labour import LabourLocks, LabourSolution

ANNEAL_SHARE = 0.35  # of the time, before CP-SAT takes over
LEAST_EXACT_S = 0.3  # for CP-SAT: its presolve takes a tenth of a second or two, whatever its limit
EXTRA_SHARE = 0.05  # kept for finding out how many people a late wave lacks
FINISH_OF_FIRST = 1.6  # times what it took to write the first plan and to check it; then the last one is sent


def solve(problem: Plan, run: Run) -> Answer:
    """The best plan within the budget. Raises ProblemError infeasible when the locks contradict each other."""
    plan = problem if run.locks is None else build(problem.source, run.locks)
    start = None if run.warm_start is None else _warm(plan, run.warm_start)
    bound = lower_bound(plan)
    finishing = 0.0

    def planned(table: Timetable) -> None:
        nonlocal finishing
        begun = run.elapsed_s
        check(plan, _shown(plan, table).solution, None)
        finishing = FINISH_OF_FIRST * (run.elapsed_s - begun)
        run.finishing(finishing)
        run.keep_back(finishing + EXTRA_SHARE * run.budget.seconds)

    rows = shop.chains(plan)
    if rows is not None:
        table, limit, iterations, optimal = shop.plan_shop(plan, run, rows, start, planned, partial(_shown, plan))
        bound = Bound(value=plan.source.weights.finish * limit, method="Jackson's preemptive schedule per station")
    else:
        table, bound, iterations, optimal = _general(plan, run, start, bound, planned)
    if run.locks is not None:
        _honour_locks(plan, table, run.locks)
    done = _written(plan, table, _time_to_try(run, finishing))
    reason = "optimal" if optimal else (run.stop_reason or "complete")
    return replace(done, iterations=iterations, stopped_by=reason, bound=bound)


def _general(
    plan: Plan, run: Run, start: Timetable | None, bound: Bound, planned: Callable[[Timetable], None]
) -> tuple[Timetable, Bound, int, bool]:
    # Numbers of moves make an answer repeatable; CP-SAT counts seconds, so a budget of moves goes without it.
    counted = run.budget.iterations is not None
    use_exact = not counted and plan.tasks > 0 and exact.suits(plan)
    use_exact = use_exact and (1 - ANNEAL_SHARE) * run.remaining_s > LEAST_EXACT_S
    until = run.budget.seconds * ANNEAL_SHARE if use_exact else math.inf
    table, iterations = search(plan, run, start, until, planned, partial(_shown, plan))
    if bound.value is not None and table.value <= bound.value + 1e-6:
        return table, bound, iterations, True
    if not use_exact or run.stop_reason is not None:
        return table, bound, iterations, False
    table, proven, optimal = exact.improve(plan, run, table, lambda value, limit: run.report(value, limit, iterations))
    if proven > (bound.value or 0.0):
        bound = Bound(value=proven, method="CP-SAT")
    return table, bound, iterations, optimal


def _time_to_try(run: Run, finishing: float) -> Callable[[], bool]:
    """Whether there is time for one more try of extra people before `finishing` (seconds) begins: asked before each, it takes
    what the longest took."""
    asked = run.elapsed_s
    longest = finishing

    def may_try() -> bool:
        nonlocal asked, longest
        asked, before = run.elapsed_s, asked
        longest = max(longest, asked - before)
        return run.stop_reason != "cancelled" and asked + longest < run.budget.seconds - finishing

    return may_try


def _written(plan: Plan, table: Timetable, may_try: Callable[[], bool]) -> Answer:
    """The plan as it is sent, with what is left out and why."""
    dump = to_solution(plan, table, may_try).model_dump(mode="json")
    return Answer(points(plan, table), dump, unassigned=left_out(plan, table))


def _shown(plan: Plan, table: Timetable) -> Answer:
    """A plan on the way: whom a late wave lacks is worked out for the last one alone."""
    return _written(plan, table, lambda: False)


def _warm(plan: Plan, warm_start: Mapping[str, Any]) -> Timetable:
    """A given plan as a start: who and in which order. Raises ProblemError invalid for another shape."""
    model = plan_of(LabourSolution, warm_start)
    workers = {worker.id: w for w, worker in enumerate(plan.source.workers)}
    worker = np.full(plan.tasks, -1, dtype=np.int64)
    start = np.full(plan.tasks, 2**39, dtype=np.int64)
    end = np.full(plan.tasks, 2**39, dtype=np.int64)
    for row in model.assignments:
        t, w = plan.index.get(row.task), workers.get(row.worker)
        if t is not None and w is not None and plan.seconds[t, w] < 2**40:
            worker[t], start[t], end[t] = w, row.start_s, row.end_s
    return Timetable(np.inf, worker, start, end)


def _honour_locks(plan: Plan, table: Timetable, locks: Mapping[str, Any]) -> None:
    """Locks may contradict breaks, each other or what they wait for: say which, rather than send a wrong plan."""
    plain = to_solution(plan, table, lambda: False).model_dump(mode="json")
    faults = check(plan, plain, locks).violations
    if faults:
        cure = "change or remove that lock"
        number = {pin.task: n for n, pin in enumerate(locks_of(LabourLocks, locks).assignments)}
        of_row = [number.get(row["task"]) for row in plain["assignments"]]
        where = tuple(Fault(_of_lock(fault, of_row), f"{fault.detail}: {cure}") for fault in faults)
        raise ProblemError("infeasible", f"the locks cannot all be kept: {where[0].detail}", errors=where[:100])


def _of_lock(fault: Fault, of_row: Sequence[int | None]) -> str:
    """Where in the request the lock stands that a fault of the plan comes from. of_row: the lock of each assignment, if any."""
    if fault.pointer.startswith("/locks"):
        return fault.pointer
    parts = fault.pointer.split("/")
    lock = of_row[int(parts[2])] if parts[1:2] == ["assignments"] and len(parts) > 2 else None
    return "/locks" if lock is None else f"/locks/assignments/{lock}"
