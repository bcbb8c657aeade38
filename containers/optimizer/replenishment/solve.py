"""Trips of least cost per pick face, then lots by policy, then a schedule by due time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from containers.optimizer.family import Answer, Run
from containers.optimizer.replenishment.allocation import shares_of
from containers.optimizer.replenishment.baseline import baseline
from containers.optimizer.replenishment.check import check
from containers.optimizer.replenishment.plan import Timed, jobs_of, schedule
from containers.optimizer.replenishment.problem import Instance, pin
from containers.optimizer.replenishment.sizing import Trip, cheapest, reactive, servable, served, timed
from containers.optimizer.replenishment.worth import during_waves, objective_of, short
from contracts.optimize import Bound, Objective
from contracts.problems.replenishment import ReplenishmentSolution, RestockTask

METHOD = "trips of least cost per article, every one from its nearest reserve, workers without limit"
NOT_SERVED = "part of the demand cannot be served; the plan serves the earliest waves first"
NOT_SIZED = "not every article's trips were made to the optimum: too many multiples, or the time was over"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Trips per face, and when they are done."""

    trips: Sequence[tuple[Trip, ...]]
    tasks: Sequence[Timed]
    objective: Objective


def solve(instance: Instance, run: Run) -> Answer:
    """The plan. Seed changes nothing; when the time is over, the faces that are left are filled up below min."""
    instance = pin(instance, run.locks)
    by_rule = [
        () if face.source.sku in instance.skip else reactive(instance, face, hurried=True) for face in instance.faces
    ]
    best = _planned(instance, by_rule)
    run.report(best.objective.value)
    trips, least = list(by_rule), 0.0
    sized = True
    for f, face in enumerate(instance.faces):
        if run.should_stop(f):
            sized = False
            break
        found = cheapest(instance, face)
        trips[f] = found.trips
        sized = sized and found.least is not None
        least += found.least or 0.0
    exact = _planned(instance, trips)
    if exact.objective.value < best.objective.value:
        best = exact
    bound = _bound(instance, least, sized)
    run.report(best.objective.value, bound.value)
    given, why = _given(instance, run)
    if given is not None and given.objective.value < best.objective.value - 1e-9:
        # The trips are the best of each face, the schedule of all is by rule: a plan that somebody made may do better.
        return replace(given, bound=bound)
    solution = ReplenishmentSolution(
        tasks=tuple(_task(instance, number, one) for number, one in enumerate(best.tasks, 1)),
        seconds=sum(one.job.seconds for one in best.tasks),
        late_tasks=sum(one.finish_s > one.job.trip.due_s + 1e-6 for one in best.tasks),
        trips_during_waves=during_waves(best.trips),
        baseline_s=baseline(instance).value,
        shares=shares_of(instance),
    )
    return Answer(
        objective=best.objective,
        solution=solution.model_dump(mode="json"),
        unassigned=instance.without_face + short(instance, best.trips),
        iterations=len(instance.faces),
        stopped_by=run.stop_reason or "complete",
        bound=bound,
        notes=(f"the warm start was not used: {why}",) if why else (),
    )


def _planned(instance: Instance, trips: Sequence[tuple[Trip, ...]]) -> _Plan:
    tasks = schedule(instance, jobs_of(instance, trips))
    return _Plan(trips, tasks, objective_of(instance, trips, tasks))


def _bound(instance: Instance, least: float, sized: bool) -> Bound:
    if any(sum(servable(instance, face)) < sum(face.demand) for face in instance.faces):
        return Bound(reason=NOT_SERVED)
    return Bound(value=least, method=METHOD) if sized else Bound(reason=NOT_SIZED)


def _given(instance: Instance, run: Run) -> tuple[Answer | None, str]:
    """The warm start as an answer, when it is a plan without faults that leaves out no more than has to be, else why not."""
    if run.warm_start is None:
        return None, ""
    report = check(instance, run.warm_start, run.locks)
    if report.violations:
        first = report.violations[0]
        return None, f"/warm_start{first.pointer}: {first.detail}"
    plan = ReplenishmentSolution.model_validate(run.warm_start)
    number = {period.id: t for t, period in enumerate(instance.periods)}
    pieces: dict[str, dict[tuple[int, int], int]] = defaultdict(lambda: defaultdict(int))
    for task in plan.tasks:
        pieces[task.sku][number[task.period], task.trip] += task.pieces
    trips = []
    for face in instance.faces:
        of_face = [(t, trip, amount) for (t, trip), amount in sorted(pieces[face.source.sku].items())]
        trips.append(timed(instance, face, of_face))
        mine = served(face, trips[-1])
        if any(one < must for one, must in zip(mine, servable(instance, face), strict=True)):
            return None, f"it brings down less of {face.source.sku!r} than is asked for and lies in reserve"
    told = plan.model_copy(
        update={
            "seconds": sum(task.seconds for task in plan.tasks),
            "late_tasks": sum(task.finish_s > task.due_s + 1e-6 for task in plan.tasks),
            "trips_during_waves": during_waves(trips),
            "baseline_s": baseline(instance).value,
            "shares": shares_of(instance),
        }
    )
    run.report(report.objective.value)
    answer = Answer(
        objective=report.objective,
        solution=told.model_dump(mode="json"),
        unassigned=instance.without_face + short(instance, trips),
        iterations=len(instance.faces),
        stopped_by=run.stop_reason or "complete",
        notes=("the warm start was kept: its tasks end earlier than those of the schedule by rule",),
    )
    return answer, ""


def _task(instance: Instance, number: int, one: Timed) -> RestockTask:
    face, trip = instance.faces[one.job.face].source, one.job.trip
    return RestockTask(
        id=f"R{number:05d}",
        sku=face.sku,
        from_location=one.job.location,
        to_location=face.location,
        pieces=one.job.pieces,
        period=instance.periods[trip.period].id,
        trip=trip.number,
        worker=one.worker,
        start_s=one.start_s,
        finish_s=one.finish_s,
        due_s=trip.due_s,
        seconds=one.job.seconds,
        priority=min(9, trip.period),
    )
