"""An independent reading of a replenishment plan: the tasks are carried out on paper, period by period."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from containers.optimizer.family import CheckReport
from containers.optimizer.replenishment.problem import Face, Instance
from contracts.errors import Fault, from_validation
from contracts.optimize import Objective, Unassigned
from contracts.problems.replenishment import ReplenishmentLocks, ReplenishmentSolution, RestockTask

EPSILON = 1e-6


def check(instance: Instance, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """What is wrong with a plan, and what it is worth."""
    try:
        plan = ReplenishmentSolution.model_validate(solution)
        pinned = ReplenishmentLocks.model_validate(locks or {})
    except ValidationError as error:
        raise from_validation(error, "/warm_start") from error
    source = instance.source
    number = {period.id: t for t, period in enumerate(instance.periods)}
    faces = {face.source.sku: face for face in instance.faces}
    faults: list[Fault] = []
    parts = {"work": 0.0, "holding": 0.0, "below_min": 0.0, "late": 0.0}
    of_sku: dict[str, list[RestockTask]] = defaultdict(list)
    for i, task in enumerate(plan.tasks):
        where = f"/tasks/{i}"
        face = faces.get(task.sku)
        if face is None or task.to_location != face.source.location:
            faults.append(Fault(where, f"{task.to_location} is not the pick face of {task.sku}"))
            continue
        if task.period not in number:
            faults.append(Fault(where, f"there is no period {task.period!r}"))
            continue
        if task.sku in pinned.skip:
            faults.append(Fault(where, f"{task.sku} is locked and gets nothing"))
        of_sku[task.sku].append(task)
        seconds = _seconds(instance, face, task)
        parts["work"] += seconds
        if abs(task.seconds - seconds) > EPSILON or task.finish_s - task.start_s < seconds - EPSILON:
            faults.append(Fault(where, f"the task takes {seconds} s"))
        due = instance.periods[number[task.period]].due_s
        if abs(task.due_s - due) > EPSILON:
            faults.append(Fault(where, f"the task is due {due} s after the start"))
        parts["late"] += source.late_weight * max(0.0, task.finish_s - due)
        if task.start_s < -EPSILON or task.worker >= source.workers:
            faults.append(Fault(where, f"workers are numbered from 0 to {source.workers - 1} and begin at 0 s"))
    faults += _overlaps(plan)
    short: dict[str, int] = {}
    for sku, face in faces.items():
        tasks = of_sku.get(sku, [])
        come = [0] * len(instance.periods)
        for task in tasks:
            come[number[task.period]] += task.pieces
        faults += _quantity_faults(instance, face, tasks, come, number)
        lying = face.begin
        for t, wanted in enumerate(face.demand):
            lying += come[t]
            if come[t] and lying > face.source.max_pieces:
                detail = (
                    f"{sku}: {lying} pieces before {instance.periods[t].id}; the face holds {face.source.max_pieces}"
                )
                faults.append(Fault("/tasks", detail))
            if wanted > lying:
                short[sku] = short.get(sku, 0) + wanted - lying
            lying = max(0, lying - wanted)
            parts["holding"] += source.holding_s * lying
            parts["below_min"] += source.below_min_s * max(0, face.source.min_pieces - lying)
    left = tuple(
        Unassigned(id=sku, reason="short", detail=f"{pieces} pieces are missing")
        for sku, pieces in sorted(short.items())
    )
    value = Objective(value=sum(parts.values()), unit="s", parts=parts)
    return CheckReport(value, tuple(faults), instance.without_face + left)


def _seconds(instance: Instance, face: Face, task: RestockTask) -> float:
    work, floor = instance.source.work, instance.floor
    if not floor.has(task.from_location):
        return 0.0
    metres = floor.distance(floor.position(task.from_location), floor.position(task.to_location))
    trips = -(-task.pieces // work.trip_pieces) if work.trip_pieces else 1
    return trips * (work.fixed_s + 2 * metres / work.travel_m_per_s) + work.case_s * -(-task.pieces // face.case)


def _overlaps(plan: ReplenishmentSolution) -> list[Fault]:
    by_worker: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for task in plan.tasks:
        by_worker[task.worker].append((task.start_s, task.finish_s))
    return [
        Fault("/tasks", f"worker {worker} would do two tasks at once")
        for worker, times in by_worker.items()
        for one, other in itertools.pairwise(sorted(times))
        if other[0] < one[1] - EPSILON
    ]


def _quantity_faults(
    instance: Instance, face: Face, tasks: list[RestockTask], come: list[int], number: Mapping[str, int]
) -> list[Fault]:
    """Multiples, reserve, the policy's order of lots, and that the face has room when a task begins."""
    sku = face.source.sku
    faults = [
        Fault("/tasks", f"{sku}: {pieces} pieces are not a multiple of {face.multiple}")
        for pieces in come
        if pieces % face.multiple
    ]
    left: Counter[str] = Counter()
    for lot in face.lots:
        left[lot.location] += lot.pieces
    taken: Counter[str] = Counter()
    for task in sorted(tasks, key=lambda one: number[one.period]):
        taken[task.from_location] += task.pieces
    for location, pieces in taken.items():
        if pieces > left[location]:
            faults.append(Fault("/tasks", f"{sku}: {pieces} pieces from {location}, where {left[location]} lie"))
    wanted = sum(come)
    by_policy: Counter[str] = Counter()
    for lot in face.lots:
        take = min(wanted, lot.pieces)
        by_policy[lot.location] += take
        wanted -= take
    if +by_policy != +taken:
        faults.append(Fault("/tasks", f"{sku}: the lots are not taken in the order of {instance.source.policy}"))
    lying = face.begin
    for t, period in enumerate(instance.periods):
        gone = instance.periods[t - 1].gone_s if t else 0.0
        for task in tasks:
            # Begun before the picks of the period before were over: there must have been room beside what lay there.
            if task.period == period.id and task.start_s < gone - EPSILON:
                faults += _early(instance, face, task, come, t)
                break
        lying = max(0, lying + come[t] - face.demand[t])
    return faults


def _early(instance: Instance, face: Face, task: RestockTask, come: list[int], period: int) -> list[Fault]:
    lying, most = face.begin, 0
    for t in range(period):
        lying += come[t]
        gone = instance.periods[t].gone_s
        if gone > task.start_s + EPSILON:
            most = max(most, lying)
        lying = max(0, lying - face.demand[t])
    if most + come[period] > face.source.max_pieces:
        return [Fault("/tasks", f"{face.source.sku}: task {task.id} begins before its pick face has room")]
    return []
