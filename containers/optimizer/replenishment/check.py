"""An independent reading of a replenishment plan: the tasks are carried out on paper, trip by trip and pick by pick."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Any

from containers.optimizer.family import CheckReport
from containers.optimizer.reading import locks_of, plan_of, untrue
from containers.optimizer.replenishment.problem import Face, Instance
from contracts.errors import Fault
from contracts.optimize import Objective, Unassigned
from contracts.problems.replenishment import ReplenishmentLocks, ReplenishmentSolution, RestockTask

EPSILON = 1e-6


def check(instance: Instance, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """What is wrong with a plan, and what it is worth."""
    plan, pinned = plan_of(ReplenishmentSolution, solution), locks_of(ReplenishmentLocks, locks)
    source = instance.source
    number = {period.id: t for t, period in enumerate(instance.periods)}
    faces = {face.source.sku: face for face in instance.faces}
    faults: list[Fault] = []
    parts = {"work": 0.0, "holding": 0.0, "below_min": 0.0, "during_waves": 0.0, "late": 0.0}
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
        if task.start_s < -EPSILON or task.worker >= source.workers:
            faults.append(Fault(where, f"workers are numbered from 0 to {source.workers - 1} and begin at 0 s"))
    faults += _overlaps(plan)
    paces = _paces(instance)
    short: dict[str, int] = {}
    for sku, face in faces.items():
        faults += _quantity_faults(instance, face, of_sku[sku], number)
        carried = _carry_out(instance, face, of_sku[sku], paces[sku], faults)
        parts["holding"] += source.holding_s * sum(carried.left)
        parts["below_min"] += source.below_min_s * sum(max(0, face.source.min_pieces - left) for left in carried.left)
        parts["during_waves"] += source.during_wave_s * carried.during
        parts["late"] += source.late_weight * carried.late_s
        if carried.missing:
            short[sku] = carried.missing
    left = tuple(
        Unassigned(id=sku, reason="short", detail=f"{pieces} pieces are missing")
        for sku, pieces in sorted(short.items())
    )
    value = Objective(value=sum(parts.values()), unit="s", parts=parts)
    found = {
        "seconds": parts["work"],
        "late_tasks": sum(task.finish_s > task.due_s + EPSILON for task in plan.tasks),
        "trips_during_waves": len({(task.sku, task.period, task.trip) for task in plan.tasks if task.trip > 1}),
    }
    return CheckReport(value, tuple(faults), instance.without_face + left, tuple(untrue(plan, "", found)))


def _seconds(instance: Instance, face: Face, task: RestockTask) -> float:
    work, building = instance.source.work, instance.floor
    if not building.has(task.from_location):
        return 0.0
    metres = building.distance(building.position(task.from_location), building.position(task.to_location))
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
    instance: Instance, face: Face, tasks: list[RestockTask], number: Mapping[str, int]
) -> list[Fault]:
    """Multiples, reserve, and the policy's order of lots."""
    sku = face.source.sku
    come: Counter[tuple[int, int]] = Counter()
    for task in tasks:
        come[number[task.period], task.trip] += task.pieces
    faults = [
        Fault("/tasks", f"{sku}: {pieces} pieces are not a multiple of {face.multiple}")
        for pieces in come.values()
        if pieces % face.multiple
    ]
    left: Counter[str] = Counter()
    for lot in face.lots:
        left[lot.location] += lot.pieces
    taken: Counter[str] = Counter()
    for task in tasks:
        taken[task.from_location] += task.pieces
    for location, pieces in taken.items():
        if pieces > left[location]:
            faults.append(Fault("/tasks", f"{sku}: {pieces} pieces from {location}, where {left[location]} lie"))
    wanted = sum(come.values())
    by_policy: Counter[str] = Counter()
    for lot in face.lots:
        take = min(wanted, lot.pieces)
        by_policy[lot.location] += take
        wanted -= take
    if +by_policy != +taken:
        faults.append(Fault("/tasks", f"{sku}: the lots are not taken in the order of {instance.source.policy}"))
    return faults


@dataclass(frozen=True, slots=True)
class _Pace:
    """How one article is picked in one period: evenly from `start` for `length` seconds, or at known times."""

    wanted: int
    start: float
    length: float
    times: tuple[tuple[float, int], ...] | None

    def picked_by(self, second: float, served: int) -> int:
        """Pieces gone by then, when only so many are served."""
        if self.times is not None:
            return min(served, sum(pieces for at, pieces in self.times if at <= second + EPSILON))
        if second >= self.start + self.length - EPSILON:
            return served
        if second < self.start or self.length <= 0:
            return 0
        return min(served, floor(self.wanted * (second - self.start) / self.length + EPSILON))

    def needs(self, piece: int) -> float:
        """When the piece of that number, counted from 1, is needed: the end of the picks when there is none such."""
        if piece > self.wanted:
            return self.start + self.length
        if self.times is None:
            return self.start + self.length * (piece - 1) / self.wanted
        for at, pieces in self.times:
            piece -= pieces
            if piece <= 0:
                return at
        raise AssertionError("the times of the picks add up to what is wanted")


def _paces(instance: Instance) -> dict[str, list[_Pace]]:
    """Per face, in the order of the periods, read from the waves themselves."""
    lines = {order.id: order.lines for order in instance.source.orders}
    times: dict[str, dict[str, list[tuple[float, int]]]] = {}
    for wave in instance.source.waves:
        if wave.order_minutes is None:
            continue
        of_wave = times.setdefault(f"wave {wave.id}", defaultdict(list))
        start = (wave.start_at - instance.source.start_at).total_seconds()
        for order, minute in zip(wave.orders, wave.order_minutes, strict=True):
            for line in lines[order]:
                of_wave[line.sku].append((start + 60.0 * minute, line.quantity))
    return {
        face.source.sku: [
            _Pace(
                wanted,
                period.due_s,
                period.gone_s - period.due_s,
                tuple(sorted(times[period.id][face.source.sku])) if period.id in times else None,
            )
            for period, wanted in zip(instance.periods, face.demand, strict=True)
        ]
        for face in instance.faces
    }


@dataclass(slots=True)
class _Carried:
    """left: pieces after each period; during: trips while their period was picked; missing: pieces that were not there."""

    left: list[int] = field(default_factory=list)
    during: int = 0
    late_s: float = 0.0
    missing: int = 0


def _carry_out(
    instance: Instance, face: Face, tasks: list[RestockTask], paces: list[_Pace], faults: list[Fault]
) -> _Carried:
    """Trip after trip: when its pieces are needed, and whether the face has room when it begins, all trips before it having
    come."""
    sku, most = face.source.sku, face.source.max_pieces
    by_trip: dict[tuple[str, int], list[RestockTask]] = defaultdict(list)
    for task in tasks:
        by_trip[task.period, task.trip].append(task)
    trips_of: dict[str, list[int]] = defaultdict(list)
    for period_id, trip in sorted(by_trip):
        trips_of[period_id].append(trip)
    result = _Carried()
    served: list[int] = []
    lying, come = face.begin, face.begin
    for period, pace in zip(instance.periods, paces, strict=True):
        supplied = lying
        served.append(0)
        for trip in trips_of[period.id]:
            due = period.due_s if trip == 1 else pace.needs(supplied + 1)
            result.during += trip > 1
            together = by_trip[period.id, trip]
            supplied += sum(task.pieces for task in together)
            come += sum(task.pieces for task in together)
            served[-1] = min(pace.wanted, supplied)
            if trip == 1 and supplied > most:
                detail = f"{sku}: {supplied} pieces before {period.id}; the face holds {most}"
                faults.append(Fault("/tasks", detail))
            for task in together:
                result.late_s += max(0.0, task.finish_s - due)
                if abs(task.due_s - due) > EPSILON:
                    faults.append(Fault("/tasks", f"task {task.id} is due {due} s after the start"))
                gone = sum(one.picked_by(task.start_s, most_of) for one, most_of in zip(paces, served, strict=False))
                if come - gone > most:
                    detail = f"{sku}: task {task.id} begins before its pick face has room"
                    faults.append(Fault("/tasks", detail))
        served[-1] = min(pace.wanted, supplied)
        result.missing += pace.wanted - served[-1]
        lying = supplied - served[-1]
        result.left.append(lying)
    return result
