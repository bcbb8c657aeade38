"""CP-SAT on the whole model, from a good start: a better plan, and a proven bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from containers.optimizer.family import Run
from containers.optimizer.labour.problem import NEVER, Plan
from containers.optimizer.labour.search import Timetable

MAX_PAIRS = 12_000  # (task, worker) choices; beyond, building the model costs more than it brings
SCALE = 100  # points are counted in hundredths, for CP-SAT knows whole numbers only


def suits(plan: Plan) -> bool:
    """Whether the model is small enough, and its prices are whole numbers CP-SAT can hold."""
    pairs = int((plan.seconds < NEVER).sum())
    weights = plan.source.weights
    largest = weights.left_out * float(plan.weight.sum()) + weights.late * float(plan.weight.sum()) * _horizon(plan)
    return 0 < pairs <= MAX_PAIRS and largest * SCALE < 2**52


def improve(
    plan: Plan, run: Run, table: Timetable, report: Callable[[float, float], None]
) -> tuple[Timetable, float, bool]:
    """The best plan, the proven bound in points, and whether it is optimal. Stops with the run."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    variables = _build(plan, model, cp_model)
    _hint(model, variables, table)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.05, run.remaining_s)
    solver.parameters.num_workers = max(1, run.workers)
    solver.parameters.random_seed = run.seed

    class Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
        def on_solution_callback(self) -> None:
            report(self.objective_value / SCALE, self.best_objective_bound / SCALE)
            if run.should_stop():
                self.stop_search()

    status = solver.solve(model, Watch())
    bound = max(0.0, solver.best_objective_bound / SCALE)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return table, bound, False
    found = _read(plan, solver, variables)
    found.value = solver.objective_value / SCALE
    optimal = status == cp_model.OPTIMAL
    return (found if found.value < table.value - 1e-6 else table), bound, optimal


def _horizon(plan: Plan) -> int:
    ends = plan.windows[2]
    return int(ends.max()) if len(ends) else 1


def _build(plan: Plan, model: Any, cp_model: Any) -> dict[str, Any]:
    horizon = _horizon(plan)
    first, w_start, w_end = plan.windows
    tasks: list[tuple[Any, Any, dict[str, Any]]] = []
    on_worker: list[list[Any]] = [[] for _ in range(plan.workers)]
    on_resource: list[list[Any]] = [[] for _ in plan.capacity]
    for t in range(plan.tasks):
        start, end = model.new_int_var(0, horizon, ""), model.new_int_var(0, horizon, "")
        picks: dict[int, Any] = {}
        present = model.new_bool_var("")
        for w in range(plan.workers):
            need = int(plan.seconds[t, w])
            if need >= NEVER or (plan.pinned[t, 0] >= 0 and w != plan.pinned[t, 0]):
                continue
            spans = [
                [max(int(w_start[k]), int(plan.release[t])), int(w_end[k]) - need]
                for k in range(first[w], first[w + 1])
                if max(int(w_start[k]), int(plan.release[t])) <= int(w_end[k]) - need
            ]
            if not spans:
                continue
            pick = model.new_bool_var("")
            model.add_linear_expression_in_domain(start, cp_model.Domain.from_intervals(spans)).only_enforce_if(pick)
            on_worker[w].append(model.new_optional_interval_var(start, need, end, pick, ""))
            picks[w] = pick
        model.add_exactly_one([*picks.values(), present.negated()])
        if plan.pinned[t, 1] >= 0:
            model.add(start == int(plan.pinned[t, 1]))
            model.add(present == 1)
        for r in plan.resource[t]:
            if r >= 0:
                size = model.new_int_var(0, horizon, "")
                on_resource[r].append(model.new_optional_interval_var(start, size, end, present, ""))
        tasks.append((start, end, {"picks": picks, "present": present}))
    for t in range(plan.tasks):
        present = tasks[t][2]["present"]
        for k in range(plan.preds[0][t], plan.preds[0][t + 1]):
            other = tasks[int(plan.preds[1][k])]
            model.add_implication(present, other[2]["present"])
            model.add(tasks[t][0] >= other[1]).only_enforce_if(present)
    for intervals in on_worker:
        model.add_no_overlap(intervals)
    for r, intervals in enumerate(on_resource):
        model.add_cumulative(intervals, [1] * len(intervals), int(plan.capacity[r]))
    _objective(plan, model, tasks, horizon)
    return {"tasks": tasks}


def _objective(plan: Plan, model: Any, tasks: list[Any], horizon: int) -> None:
    weights = plan.source.weights
    terms = []
    last = model.new_int_var(0, horizon, "")
    finish: dict[int, Any] = {}
    for t, (_start, end, on) in enumerate(tasks):
        present = on["present"]
        model.add(last >= end).only_enforce_if(present)
        terms.append(round(weights.left_out * float(plan.weight[t]) * SCALE) * (1 - present))
        if plan.due[t] < NEVER:
            late = model.new_int_var(0, horizon, "")
            model.add(late >= end - int(plan.due[t])).only_enforce_if(present)
            terms.append(round(weights.late * float(plan.weight[t]) * SCALE) * late)
        v = int(plan.wave[t])
        if v >= 0 and plan.wave_due[v] < NEVER:
            if v not in finish:
                finish[v] = model.new_int_var(0, horizon, "")
                terms.append(round(weights.late * float(plan.wave_weight[v]) * SCALE) * finish[v])
            model.add(finish[v] >= end - int(plan.wave_due[v])).only_enforce_if(present)
    terms.append(round(weights.finish * SCALE) * last)
    model.minimize(sum(terms))


def _hint(model: Any, variables: dict[str, Any], table: Timetable) -> None:
    for t, (start, end, on) in enumerate(variables["tasks"]):
        w = int(table.worker[t])
        model.add_hint(on["present"], w >= 0)
        for worker, pick in on["picks"].items():
            model.add_hint(pick, worker == w)
        if w >= 0:
            model.add_hint(start, int(table.start[t]))
            model.add_hint(end, int(table.end[t]))


def _read(plan: Plan, solver: Any, variables: dict[str, Any]) -> Timetable:
    worker = np.full(plan.tasks, -1, dtype=np.int64)
    start, end = np.zeros(plan.tasks, np.int64), np.zeros(plan.tasks, np.int64)
    for t, (begin, stop, on) in enumerate(variables["tasks"]):
        for w, pick in on["picks"].items():
            if solver.boolean_value(pick):
                worker[t] = w
        if worker[t] >= 0:
            start[t], end[t] = solver.value(begin), solver.value(stop)
    return Timetable(0.0, worker, start, end)
