"""The labour problem in numbers: calendars as arrays of working windows, eligibility and durations per task and worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from containers.optimizer.reading import locks_of
from contracts.errors import Fault, ProblemError, from_validation
from contracts.problems.labour import LabourLocks, LabourProblem, Worker

Ints = npt.NDArray[np.int64]
NEVER = 2**40  # later than any instant of a plan


@dataclass(frozen=True)
class Plan:
    """The problem, read. T tasks, W workers; a resource is an equipment kind or an aisle.

    windows      (w_first (W + 1,), w_start, w_end): each worker's working windows, shifts without breaks, in order
    seconds      (T, W): how long the worker needs; NEVER when not eligible
    resource     (T, 2): index of the equipment kind and of the aisle, -1 for none; capacity (R,)
    preds        (p_first (T + 1,), p_task): the tasks that must have ended
    wave         (T,): index into the waves, -1 for none; wave_due, wave_weight (V,)
    pinned       (T, 2): worker and start that a lock names, -1 where free
    """

    source: LabourProblem
    windows: tuple[Ints, Ints, Ints]
    seconds: Ints
    resource: Ints
    capacity: Ints
    preds: tuple[Ints, Ints]
    topological: Ints
    release: Ints
    due: Ints
    weight: npt.NDArray[np.float64]
    wave: Ints
    wave_due: Ints
    wave_weight: npt.NDArray[np.float64]
    pinned: Ints
    index: Mapping[str, int] = field(default_factory=dict)

    @property
    def tasks(self) -> int:
        return len(self.source.tasks)

    @property
    def workers(self) -> int:
        return len(self.source.workers)


def read(data: Mapping[str, Any]) -> Plan:
    """Validated problem. Raises ProblemError invalid with a pointer per fault."""
    try:
        source = LabourProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error) from None
    return build(source)


def build(source: LabourProblem, locks: Mapping[str, Any] | None = None) -> Plan:
    """The arrays of a problem, with the decisions that must stay. Raises ProblemError invalid."""
    faults = _faults(source)
    _refuse(faults)
    index = {task.id: t for t, task in enumerate(source.tasks)}
    topological = _topological(source, index)
    kinds = {row.kind: r for r, row in enumerate(source.equipment)}
    aisles = {row.id: len(kinds) + r for r, row in enumerate(source.aisles)}
    waves = {row.id: v for v, row in enumerate(source.waves)}
    preds = [sorted(index[name] for name in task.after) for task in source.tasks]
    spans = [working_windows(worker) for worker in source.workers]
    count = len(source.tasks)
    return Plan(
        source=source,
        windows=(
            np.cumsum([0, *(len(span) for span in spans)]).astype(np.int64),
            np.array([start for span in spans for start, _ in span], dtype=np.int64),
            np.array([end for span in spans for _, end in span], dtype=np.int64),
        ),
        seconds=_seconds(source),
        resource=np.array(
            [[kinds.get(t.equipment or "", -1), aisles.get(t.aisle or "", -1)] for t in source.tasks], dtype=np.int64
        ).reshape(count, 2),
        capacity=np.array([e.count for e in source.equipment] + [a.max_people for a in source.aisles], dtype=np.int64),
        preds=(
            np.cumsum([0, *(len(row) for row in preds)]).astype(np.int64),
            np.array([p for row in preds for p in row], dtype=np.int64),
        ),
        topological=topological,
        release=np.array([t.release_s for t in source.tasks], dtype=np.int64),
        due=np.array([NEVER if t.due_s is None else t.due_s for t in source.tasks], dtype=np.int64),
        weight=np.array([t.weight for t in source.tasks], dtype=np.float64),
        wave=np.array([waves.get(t.wave or "", -1) for t in source.tasks], dtype=np.int64),
        wave_due=np.array([NEVER if w.due_s is None else w.due_s for w in source.waves], dtype=np.int64),
        wave_weight=np.array([w.weight for w in source.waves], dtype=np.float64),
        pinned=_pins(source, index, locks),
        index=index,
    )


def working_windows(worker: Worker) -> list[tuple[int, int]]:
    """Shifts without breaks, merged and in order."""
    spans: list[tuple[int, int]] = []
    for shift in sorted(worker.shifts, key=lambda w: w.start_s):
        if spans and shift.start_s <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], shift.end_s))
        else:
            spans.append((shift.start_s, shift.end_s))
    for pause in worker.breaks:
        cut: list[tuple[int, int]] = []
        for start, end in spans:
            cut += [(a, b) for a, b in ((start, min(end, pause.start_s)), (max(start, pause.end_s), end)) if b > a]
        spans = cut
    return spans


def _seconds(source: LabourProblem) -> Ints:
    alone = np.array([task.seconds for task in source.tasks], dtype=np.float64)
    speed = np.array([worker.speed for worker in source.workers], dtype=np.float64)
    needed = np.maximum(1, np.ceil(alone[:, None] / speed - 1e-9)).astype(np.int64)
    skills = {task.skill for task in source.tasks} - {None}
    for skill in skills:
        asks = np.array([task.skill == skill for task in source.tasks], dtype=np.bool_)
        lacks = np.array([skill not in worker.skills for worker in source.workers], dtype=np.bool_)
        needed[np.ix_(asks, lacks)] = NEVER
    return needed


def _faults(source: LabourProblem) -> list[Fault]:
    faults = []
    named = {
        "equipment": {row.kind for row in source.equipment},
        "aisle": {row.id for row in source.aisles},
        "wave": {row.id for row in source.waves},
    }
    lists: tuple[tuple[str, list[str]], ...] = (
        ("workers", [row.id for row in source.workers]),
        ("tasks", [row.id for row in source.tasks]),
        ("waves", [row.id for row in source.waves]),
        ("equipment", [row.kind for row in source.equipment]),
        ("aisles", [row.id for row in source.aisles]),
    )
    for name, ids in lists:
        first: dict[str, int] = {}
        for n, key in enumerate(ids):
            if first.setdefault(key, n) != n:
                faults.append(Fault(f"/{name}/{n}", f"{key!r} is also at /{name}/{first[key]}: keep one"))
    tasks = {row.id for row in source.tasks}
    for n, task in enumerate(source.tasks):
        for member, known in named.items():
            value = getattr(task, member)
            if value is not None and value not in known:
                place = {"equipment": "equipment", "aisle": "aisles", "wave": "waves"}[member]
                faults.append(Fault(f"/tasks/{n}/{member}", f"{value!r} is not listed in {place}: add it there"))
        faults += [
            Fault(f"/tasks/{n}/after", f"there is no task {name!r}: leave it out or add the task")
            for name in sorted(task.after - tasks)
        ]
    return faults


def _topological(source: LabourProblem, index: Mapping[str, int]) -> Ints:
    """Tasks with every predecessor before its successors. Raises ProblemError invalid for a circle."""
    waiting = [len(task.after) for task in source.tasks]
    followers: list[list[int]] = [[] for _ in source.tasks]
    for t, task in enumerate(source.tasks):
        for name in task.after:
            followers[index[name]].append(t)
    order = [t for t, number in enumerate(waiting) if number == 0]
    for t in order:
        for follower in followers[t]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                order.append(follower)
    if len(order) < len(source.tasks):
        stuck = next(t for t, number in enumerate(waiting) if number)
        name = source.tasks[stuck].id
        _refuse([Fault(f"/tasks/{stuck}/after", f"task {name!r} waits for itself in a circle: take one link out")])
    return np.array(order, dtype=np.int64)


def _pins(source: LabourProblem, index: Mapping[str, int], locks: Mapping[str, Any] | None) -> Ints:
    pinned = np.full((len(source.tasks), 2), -1, dtype=np.int64)
    model = locks_of(LabourLocks, locks)
    workers = {worker.id: w for w, worker in enumerate(source.workers)}
    faults = []
    for n, pin in enumerate(model.assignments):
        place = f"/locks/assignments/{n}"
        if pin.task not in index:
            faults.append(Fault(f"{place}/task", f"there is no task {pin.task!r}"))
        if pin.worker not in workers:
            faults.append(Fault(f"{place}/worker", f"there is no worker {pin.worker!r}"))
        if pin.task in index and pin.worker in workers:
            task = source.tasks[index[pin.task]]
            if task.skill is not None and task.skill not in source.workers[workers[pin.worker]].skills:
                faults.append(
                    Fault(place, f"worker {pin.worker!r} lacks the skill {task.skill!r} of task {pin.task!r}")
                )
            pinned[index[pin.task]] = (workers[pin.worker], -1 if pin.start_s is None else pin.start_s)
    _refuse(faults)
    return pinned


def _refuse(faults: list[Fault]) -> None:
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}{more}", errors=tuple(faults[:1000]))
