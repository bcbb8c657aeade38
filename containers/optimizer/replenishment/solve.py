"""Exact lot sizes per pick face, then lots by policy, then a schedule by due time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from containers.optimizer.family import Answer, Run
from containers.optimizer.replenishment.allocation import shares_of
from containers.optimizer.replenishment.baseline import baseline
from containers.optimizer.replenishment.check import check
from containers.optimizer.replenishment.lotsizing import bounded, servable, wagner_whitin
from containers.optimizer.replenishment.plan import Timed, jobs_of, schedule
from containers.optimizer.replenishment.problem import Face, Instance, pin, trip_seconds
from contracts.optimize import Bound, Objective, Unassigned
from contracts.problems.replenishment import ReplenishmentSolution, RestockTask

METHOD = "exact lot sizes per article, every trip from its nearest reserve, workers without limit"
NO_BOUND = "part of the demand cannot be served; the plan serves the earliest waves first"


def solve(instance: Instance, run: Run) -> Answer:
    """The plan. Budget and seed change little: the lot sizes are exact and the schedule is made at once."""
    instance = pin(instance, run.locks)
    quantities: list[list[int]] = []
    least = 0.0
    covered = True
    for f, face in enumerate(instance.faces):
        if run.stop_reason == "cancelled":
            quantities += [[0] * len(instance.periods)] * (len(instance.faces) - f)
            covered = False
            break
        cost, quantity, whole = lot_sizes(instance, face)
        least += cost
        covered = covered and whole
        quantities.append(quantity)
    tasks = schedule(instance, jobs_of(instance, quantities))
    objective = objective_of(instance, quantities, tasks)
    given = _given(instance, run)
    if given is not None and given.objective.value < objective.value - 1e-9:
        # The lot sizes are exact, the schedule is not: a plan that somebody made may do better.
        return replace(given, bound=Bound(value=least, method=METHOD) if covered else Bound(reason=NO_BOUND))
    run.report(objective.value, least if covered else None)
    before = baseline(instance).value
    solution = ReplenishmentSolution(
        tasks=tuple(_task(instance, number, one) for number, one in enumerate(tasks, 1)),
        seconds=sum(one.job.seconds for one in tasks),
        late_tasks=sum(one.finish_s > one.job.due_s + 1e-6 for one in tasks),
        baseline_s=before,
        shares=shares_of(instance),
    )
    return Answer(
        objective=objective,
        solution=solution.model_dump(mode="json"),
        unassigned=instance.without_face + _short(instance, quantities),
        iterations=len(instance.faces),
        stopped_by=run.stop_reason or "complete",
        bound=Bound(value=least, method=METHOD) if covered else Bound(reason=NO_BOUND),
    )


def _given(instance: Instance, run: Run) -> Answer | None:
    """The warm start as an answer, when it is a plan without faults that leaves out no more than has to be."""
    if run.warm_start is None:
        return None
    report = check(instance, run.warm_start, run.locks)
    if report.violations:
        return None
    plan = ReplenishmentSolution.model_validate(run.warm_start)
    number = {period.id: t for t, period in enumerate(instance.periods)}
    row = {face.source.sku: f for f, face in enumerate(instance.faces)}
    quantities = [[0] * len(instance.periods) for _ in instance.faces]
    for task in plan.tasks:
        quantities[row[task.sku]][number[task.period]] += task.pieces
    for face, quantity in zip(instance.faces, quantities, strict=True):
        if (missing(face, quantity) > missing(face, lot_sizes(instance, face)[1])).any():
            return None
    told = plan.model_copy(
        update={
            "seconds": sum(task.seconds for task in plan.tasks),
            "late_tasks": sum(task.finish_s > task.due_s + 1e-6 for task in plan.tasks),
            "baseline_s": baseline(instance).value,
            "shares": shares_of(instance),
        }
    )
    run.report(report.objective.value)
    return Answer(
        objective=report.objective,
        solution=told.model_dump(mode="json"),
        unassigned=instance.without_face + _short(instance, quantities),
        iterations=len(instance.faces),
        stopped_by=run.stop_reason or "complete",
        notes=("the warm start was kept: its tasks end earlier than those of the schedule by rule",),
    )


def missing(face: Face, quantity: Sequence[int]) -> npt.NDArray[np.int64]:
    """Pieces of each period that the face cannot serve."""
    lying, short = face.begin, []
    for come, wanted in zip(quantity, face.demand, strict=True):
        lying += int(come)
        short.append(max(0, wanted - lying))
        lying = max(0, lying - wanted)
    return np.array(short, dtype=np.int64)


def lot_sizes(instance: Instance, face: Face) -> tuple[float, list[int], bool]:
    """(least cost with the nearest reserve, pieces per period, whether all of the demand is served)."""
    source = instance.source
    demand = np.array(face.demand, dtype=np.int64)
    if face.source.sku in instance.skip:
        return 0.0, [0] * len(demand), not (np.cumsum(demand) > face.begin).any()
    supply = face.reserve // face.multiple
    served = servable(demand, face.begin, max(face.source.max_pieces, face.begin), face.multiple, supply)
    setup = trip_seconds(source, face.nearest)
    each = source.work.case_s * face.multiple / face.case
    total = int(served.sum())
    simple = face.begin == 0 and face.multiple == 1 and face.source.min_pieces == 0 and source.work.trip_pieces is None
    if simple and total <= min(face.source.max_pieces, face.reserve):
        cost, lots = wagner_whitin(served.tolist(), setup, source.holding_s)
        quantity = [round(q) for q in lots]
        cases = sum(-(-q // face.case) for q in quantity)
        floor_cost = cost + source.work.case_s * (total / face.case)
        return min(floor_cost, cost + source.work.case_s * cases), quantity, bool((served == demand).all())
    found = np.zeros(len(demand), dtype=np.int64)
    trip = source.work.trip_pieces or 2**40
    cost = bounded(
        served, face.begin, face.source.max_pieces, face.multiple, supply, trip, setup, each, source.holding_s,
        face.source.min_pieces, source.below_min_s, found,
    )  # fmt: skip
    return float(cost), found.tolist(), bool((served == demand).all())


def objective_of(instance: Instance, quantities: Sequence[Sequence[int]], tasks: Sequence[Timed]) -> Objective:
    """Seconds, by what they are spent on."""
    source = instance.source
    parts = {"work": sum(one.job.seconds for one in tasks), "holding": 0.0, "below_min": 0.0}
    for face, quantity in zip(instance.faces, quantities, strict=True):
        lying = face.begin
        for t, come in enumerate(quantity):
            lying = max(0, lying + int(come) - face.demand[t])
            parts["holding"] += source.holding_s * lying
            parts["below_min"] += source.below_min_s * max(0, face.source.min_pieces - lying)
    parts["late"] = source.late_weight * sum(max(0.0, one.finish_s - one.job.due_s) for one in tasks)
    return Objective(value=sum(parts.values()), unit="s", parts=parts)


def _task(instance: Instance, number: int, one: Timed) -> RestockTask:
    face = instance.faces[one.job.face].source
    return RestockTask(
        id=f"R{number:05d}",
        sku=face.sku,
        from_location=one.job.location,
        to_location=face.location,
        pieces=one.job.pieces,
        period=instance.periods[one.job.period].id,
        worker=one.worker,
        start_s=one.start_s,
        finish_s=one.finish_s,
        due_s=one.job.due_s,
        seconds=one.job.seconds,
        priority=min(9, one.job.period),
    )


def _short(instance: Instance, quantities: Sequence[Sequence[int]]) -> tuple[Unassigned, ...]:
    """Demand that the pick faces cannot serve, once per article."""
    found = []
    for face, quantity in zip(instance.faces, quantities, strict=True):
        lying, short, first, tight = face.begin, 0, "", False
        for t, come in enumerate(quantity):
            lying += int(come)
            missing = max(0, face.demand[t] - lying)
            if missing and not first:
                first, tight = instance.periods[t].id, face.demand[t] > face.source.max_pieces
            short += missing
            lying = max(0, lying - face.demand[t])
        if not short:
            continue
        sku = face.source.sku
        detail = f"{short} pieces are missing, first in {first}"
        if sku in instance.skip:
            reason, change = "locked", "take it out of locks.skip"
        elif tight:
            reason = "wave-larger-than-face"
            change = f"raise max_pieces of {sku!r} to {max(face.demand)}, or split the wave"
        elif face.reserve < short + sum(map(int, quantity)):
            reason, change = "out-of-reserve", f"bring {short} more pieces of {sku!r} into reserve"
        else:
            reason, change = "multiple-does-not-fit", f"let {sku!r} come down in smaller multiples, or raise max_pieces"
        found.append(Unassigned(id=sku, reason=reason, detail=detail, smallest_change=change))
    return tuple(found)
