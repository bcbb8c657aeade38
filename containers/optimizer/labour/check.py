"""An independent reading of a labour plan: every rule, one function each, recomputed from the problem alone."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from containers.optimizer.family import CheckReport
from containers.optimizer.labour.problem import Plan
from containers.optimizer.reading import locks_of, plan_of, untrue
from contracts.errors import Fault
from contracts.optimize import Objective, Unassigned
from contracts.problems.labour import Assignment, LabourLocks, LabourProblem, LabourSolution, LabourTask, Worker


def check(plan: Plan, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """The objective by its parts, and everything that the plan breaks."""
    source = plan.source
    model, pinned = plan_of(LabourSolution, solution), locks_of(LabourLocks, locks)
    faults = list(_names(source, model))
    if faults:  # the other rules need its tasks and workers
        known = {task.id for task in source.tasks}
        return CheckReport(objective(source, {r.task: r for r in model.assignments if r.task in known}), tuple(faults))
    done = {row.task: row for row in model.assignments}
    for rule in (_durations, _skills, _calendars, _releases, _orders, _one_at_a_time, _equipment, _aisles):
        faults += rule(source, model.assignments)
    faults += _locks(done, pinned)
    faults += _forecasts(source, done, model)
    left = [task for task in source.tasks if task.id not in done]
    return CheckReport(
        objective(source, done),
        tuple(faults),
        tuple(Unassigned(id=task.id, reason="left-out", detail="the plan does not hold this task") for task in left),
        tuple(_untrue(source, done, model)),
    )


def objective(source: LabourProblem, done: Mapping[str, Assignment]) -> Objective:
    """Points by part: what is late, what is left out, when the last task ends."""
    weights, late = source.weights, 0.0
    for task in source.tasks:
        if task.id in done and task.due_s is not None:
            late += task.weight * max(0, done[task.id].end_s - task.due_s)
    finishes = _finishes(source.tasks, done)
    for wave in source.waves:
        finish = finishes.get(wave.id)
        if finish is not None and wave.due_s is not None:
            late += wave.weight * max(0, finish - wave.due_s)
    left = sum(task.weight for task in source.tasks if task.id not in done)
    last = max((row.end_s for row in done.values()), default=0)
    parts = {"late": weights.late * late, "left_out": weights.left_out * left, "finish": weights.finish * last}
    return Objective(value=sum(parts.values()), unit="points", parts=parts)


def _finishes(tasks: Iterable[LabourTask], done: Mapping[str, Assignment]) -> dict[str, int]:
    """When the last planned task of each wave ends, for waves that have any."""
    finishes: dict[str, int] = {}
    for task in tasks:
        if task.wave is not None and task.id in done:
            finishes[task.wave] = max(finishes.get(task.wave, 0), done[task.id].end_s)
    return finishes


def _names(source: LabourProblem, model: LabourSolution) -> Iterable[Fault]:
    tasks, workers = {t.id for t in source.tasks}, {w.id for w in source.workers}
    seen: set[str] = set()
    for n, row in enumerate(model.assignments):
        if row.task not in tasks:
            yield Fault(f"/assignments/{n}/task", f"there is no task {row.task!r}")
        if row.worker not in workers:
            yield Fault(f"/assignments/{n}/worker", f"there is no worker {row.worker!r}")
        if row.task in seen:
            yield Fault(f"/assignments/{n}/task", f"task {row.task!r} is planned twice")
        seen.add(row.task)


def _durations(source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    tasks, workers = {t.id: t for t in source.tasks}, {w.id: w for w in source.workers}
    faults = []
    for n, row in enumerate(rows):
        need = max(1, math.ceil(tasks[row.task].seconds / workers[row.worker].speed - 1e-9))
        if row.end_s - row.start_s != need:
            faults.append(Fault(f"/assignments/{n}/end_s", f"task {row.task!r} takes {row.worker!r} {need} s"))
    return faults


def _skills(source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    tasks, workers = {t.id: t for t in source.tasks}, {w.id: w for w in source.workers}
    return [
        Fault(f"/assignments/{n}/worker", f"{row.worker!r} lacks the skill {tasks[row.task].skill!r} of {row.task!r}")
        for n, row in enumerate(rows)
        if tasks[row.task].skill is not None and tasks[row.task].skill not in workers[row.worker].skills
    ]


def _calendars(source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    workers = {w.id: w for w in source.workers}
    faults = []
    for n, row in enumerate(rows):
        worker = workers[row.worker]
        covered = sorted((max(s.start_s, row.start_s), min(s.end_s, row.end_s)) for s in worker.shifts)
        reached = row.start_s
        for start, end in covered:
            if start <= reached < end:
                reached = end
        if reached < row.end_s:
            faults.append(
                Fault(f"/assignments/{n}/start_s", f"{row.worker!r} is not on shift all through {row.task!r}")
            )
        if any(row.start_s < pause.end_s and pause.start_s < row.end_s for pause in worker.breaks):
            faults.append(Fault(f"/assignments/{n}/start_s", f"{row.task!r} runs into a break of {row.worker!r}"))
    return faults


def _releases(source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    release = {t.id: t.release_s for t in source.tasks}
    return [
        Fault(f"/assignments/{n}/start_s", f"{row.task!r} is not released before {release[row.task]} s")
        for n, row in enumerate(rows)
        if row.start_s < release[row.task]
    ]


def _orders(source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    done, after = {row.task: row for row in rows}, {t.id: t.after for t in source.tasks}
    faults = []
    for n, row in enumerate(rows):
        for name in sorted(after[row.task]):
            if name not in done:
                faults.append(Fault(f"/assignments/{n}/task", f"{row.task!r} waits for {name!r}, which is not planned"))
            elif done[name].end_s > row.start_s:
                faults.append(Fault(f"/assignments/{n}/start_s", f"{row.task!r} starts before {name!r} has ended"))
    return faults


def _one_at_a_time(_source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    of_worker: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for n, row in enumerate(rows):
        of_worker[row.worker].append((row.start_s, row.end_s, n))
    faults = []
    for name, spans in of_worker.items():
        spans.sort()
        for (_, end, _), (start, _, n) in itertools.pairwise(spans):
            if start < end:
                faults.append(Fault(f"/assignments/{n}/start_s", f"{name!r} does another task until {end} s"))
    return faults


def _at_most(
    rows: Sequence[Assignment], kind_of: Mapping[str, str | None], limits: Mapping[str, int], what: str
) -> list[Fault]:
    """Sweep over starts and ends: never more at once than the limit; an end frees before a start at the same second."""
    moments = sorted(
        moment
        for n, row in enumerate(rows)
        if kind_of[row.task] is not None
        for moment in ((row.start_s, 1, n), (row.end_s, -1, n))
    )
    moments.sort(key=lambda moment: (moment[0], moment[1]))
    now: dict[str, int] = defaultdict(int)
    faults = []
    for at, change, n in moments:
        kind = kind_of[rows[n].task]
        assert kind is not None
        now[kind] += change
        if now[kind] > limits[kind]:
            faults.append(
                Fault(
                    f"/assignments/{n}/start_s",
                    f"at {at} s there are {now[kind]} in {what} {kind!r}; it takes {limits[kind]}",
                )
            )
    return faults


def _equipment(source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    limits = {row.kind: row.count for row in source.equipment}
    return _at_most(rows, {t.id: t.equipment for t in source.tasks}, limits, "equipment")


def _aisles(source: LabourProblem, rows: Sequence[Assignment]) -> list[Fault]:
    limits = {row.id: row.max_people for row in source.aisles}
    return _at_most(rows, {t.id: t.aisle for t in source.tasks}, limits, "aisle")


def _locks(done: Mapping[str, Assignment], locks: LabourLocks) -> list[Fault]:
    faults = []
    for n, pin in enumerate(locks.assignments):
        row = done.get(pin.task)
        if row is None or row.worker != pin.worker or pin.start_s not in (None, row.start_s):
            faults.append(Fault(f"/locks/assignments/{n}", f"the plan does not keep {pin.task!r} with {pin.worker!r}"))
    return faults


def _untrue(source: LabourProblem, done: Mapping[str, Assignment], model: LabourSolution) -> Iterator[Fault]:
    """What is told of waves and of people; a plan may leave either out, and extra people cannot be counted again."""
    waves, workers = {wave.id: wave for wave in source.waves}, {worker.id: worker for worker in source.workers}
    for name, told, known in (
        ("waves", [row.wave for row in model.waves], waves),
        ("workers", [row.worker for row in model.workers], workers),
    ):
        if told and sorted(told) != sorted(known):
            yield Fault(f"/{name}", "there is one row for each of the problem's")
    finishes = _finishes(source.tasks, done)
    missing = Counter(task.wave for task in source.tasks if task.id not in done)
    for n, wave in enumerate(model.waves):
        if wave.wave in waves:
            due, finish, out = waves[wave.wave].due_s, finishes.get(wave.wave), missing[wave.wave]
            late = max(0, finish - due) if finish is not None and due is not None else 0
            yield from untrue(wave, f"/waves/{n}", {"due_s": due, "late_s": late, "left_out": out})
    rows_of: dict[str, list[Assignment]] = defaultdict(list)
    for row in done.values():
        rows_of[row.worker].append(row)
    for n, load in enumerate(model.workers):
        if load.worker in workers:
            rows = rows_of[load.worker]
            found = {
                "tasks": len(rows),
                "busy_s": sum(row.end_s - row.start_s for row in rows),
                "shift_s": _shift_seconds(workers[load.worker]),
                "first_start_s": min((row.start_s for row in rows), default=None),
                "last_end_s": max((row.end_s for row in rows), default=None),
            }
            yield from untrue(load, f"/workers/{n}", found)


def _shift_seconds(worker: Worker) -> int:
    """Seconds that are in some shift and in no break, moment by moment."""
    moments = sorted({at for span in (*worker.shifts, *worker.breaks) for at in (span.start_s, span.end_s)})
    total = 0
    for start, end in itertools.pairwise(moments):
        inside = any(span.start_s <= start and end <= span.end_s for span in worker.shifts)
        total += (end - start) * (inside and not any(p.start_s <= start and end <= p.end_s for p in worker.breaks))
    return total


def _forecasts(source: LabourProblem, done: Mapping[str, Assignment], model: LabourSolution) -> list[Fault]:
    """What the plan says of its waves must be what its assignments come to; a plan may also say nothing."""
    faults = []
    finishes = _finishes(source.tasks, done)
    for n, row in enumerate(model.waves):
        finish = finishes.get(row.wave)
        if finish != row.finish_s:
            faults.append(Fault(f"/waves/{n}/finish_s", f"wave {row.wave!r} ends at {finish} s, not {row.finish_s}"))
    return faults
