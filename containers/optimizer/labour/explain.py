"""What a plan means for people: why tasks stay out, when waves are ready, who is busy, and whom a late wave lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from containers.optimizer.labour.bound import earliest_ends
from containers.optimizer.labour.problem import NEVER, Ints, Plan, build, working_windows
from containers.optimizer.labour.search import Chain, Timetable, rule_orders
from contracts.optimize import Objective, Unassigned
from contracts.problems.labour import (
    Assignment,
    ExtraPeople,
    LabourSolution,
    WaveForecast,
    Window,
    Worker,
    WorkerLoad,
)

MOST_EXTRA = 16  # people tried for a late wave


def to_solution(plan: Plan, table: Timetable, may_try: Callable[[], bool]) -> LabourSolution:
    """The timetable in the customer's names. `may_try` says whether there is time left to try extra people."""
    source = plan.source
    rows = [
        Assignment(
            task=source.tasks[t].id,
            worker=source.workers[table.worker[t]].id,
            start_s=int(table.start[t]),
            end_s=int(table.end[t]),
        )
        for t in sorted(np.flatnonzero(table.worker >= 0), key=lambda t: (int(table.start[t]), int(t)))
    ]
    return LabourSolution(
        assignments=tuple(rows),
        waves=tuple(_wave(plan, table, v, may_try) for v in range(len(source.waves))),
        workers=tuple(_load(plan, table, w) for w in range(plan.workers)),
    )


@dataclass(frozen=True)
class _Room:
    """Per worker (W,): the longest working window, the last one's start and end (-1 without any), when the last task ends, and
    the rank of the name."""

    longest: Ints
    last_start: Ints
    last_end: Ints
    busy: Ints
    rank: Ints

    @classmethod
    def of(cls, plan: Plan, table: Timetable) -> _Room:
        spans = [working_windows(worker) for worker in plan.source.workers]
        busy = np.zeros(plan.workers, dtype=np.int64)
        planned = table.worker >= 0
        np.maximum.at(busy, table.worker[planned], table.end[planned])
        names = np.array([worker.id for worker in plan.source.workers], dtype=object)
        rank = np.empty(plan.workers, dtype=np.int64)
        rank[np.argsort(names, kind="stable")] = np.arange(plan.workers)
        return cls(
            np.array([max((end - start for start, end in rows), default=0) for rows in spans], dtype=np.int64),
            np.array([rows[-1][0] if rows else -1 for rows in spans], dtype=np.int64),
            np.array([rows[-1][1] if rows else -1 for rows in spans], dtype=np.int64),
            busy,
            rank,
        )


def points(plan: Plan, table: Timetable) -> Objective:
    """The timetable's objective by its parts."""
    weights, planned = plan.source.weights, table.worker >= 0
    timed = planned & (plan.due < NEVER)
    late = float((plan.weight[timed] * np.maximum(0, table.end[timed] - plan.due[timed])).sum())
    for v, due in enumerate(plan.wave_due):
        members = planned & (plan.wave == v)
        if due < NEVER and members.any():
            late += float(plan.wave_weight[v]) * max(0, int(table.end[members].max()) - int(due))
    parts = {
        "late": weights.late * late,
        "left_out": weights.left_out * float(plan.weight[~planned].sum()),
        "finish": weights.finish * int(table.end[planned].max(initial=0)),
    }
    return Objective(value=sum(parts.values()), unit="points", parts=parts)


def left_out(plan: Plan, table: Timetable) -> tuple[Unassigned, ...]:
    """Why each task stays out, and the smallest change that would let it in."""
    out = np.flatnonzero(table.worker < 0)
    if not len(out):
        return ()
    ends, room = earliest_ends(plan), _Room.of(plan, table)
    return tuple(_reason(plan, table, room, int(t), ends[t] < NEVER) for t in out)


def _reason(plan: Plan, table: Timetable, room: _Room, t: int, could: bool) -> Unassigned:
    task = plan.source.tasks[t]
    able = np.flatnonzero(plan.seconds[t] < NEVER)
    if not len(able):
        detail = f"nobody has the skill {task.skill!r}"
        return Unassigned(
            id=task.id,
            reason="no-one-skilled",
            detail=detail,
            smallest_change=f"give one worker the skill {task.skill!r}",
        )
    stuck = [int(p) for p in plan.preds[1][plan.preds[0][t] : plan.preds[0][t + 1]] if table.worker[p] < 0]
    if stuck:
        name = plan.source.tasks[stuck[0]].id
        return Unassigned(
            id=task.id,
            reason="waits-for-left-out",
            detail=f"it waits for {name!r}, which is left out",
            smallest_change=f"make room for {name!r}",
        )
    need_of = plan.seconds[t, able]
    nearest = int(np.argmax(room.longest[able] / need_of))
    need, span = int(need_of[nearest]), int(room.longest[able[nearest]])
    if span < need:
        return Unassigned(
            id=task.id,
            reason="longer-than-any-window",
            detail=f"it takes {need} s; the longest stretch between breaks of anyone able is {span} s",
            smallest_change=f"a stretch that is {need - span} s longer, or the task cut in two",
        )
    missing, worker = _missing_time(plan, table, room, t, able)
    reason = "no-time-left" if could else "released-too-late"
    return Unassigned(
        id=task.id,
        reason=reason,
        detail=f"nobody able has {need} s left within the shifts"
        if could
        else "no able worker is on shift after it may start",
        smallest_change=f"{missing} s more of the last shift of {worker!r}",
    )


def _missing_time(plan: Plan, table: Timetable, room: _Room, t: int, able: Ints) -> tuple[int, str]:
    """The fewest seconds by which a last shift would have to be longer, and whose."""
    before = plan.preds[1][plan.preds[0][t] : plan.preds[0][t + 1]]
    ready = max([int(plan.release[t]), *(int(table.end[p]) for p in before if table.worker[p] >= 0)])
    able = able[room.last_end[able] >= 0]  # not empty, for somebody has a window that is long enough
    start = np.maximum(ready, np.maximum(room.busy[able], room.last_start[able]))
    missing = np.maximum(1, start + plan.seconds[t, able] - room.last_end[able])
    chosen = np.lexsort((room.rank[able], missing))[0]
    return int(missing[chosen]), plan.source.workers[able[chosen]].id


def _load(plan: Plan, table: Timetable, w: int) -> WorkerLoad:
    mine = np.flatnonzero(table.worker == w)
    worker = plan.source.workers[w]
    return WorkerLoad(
        worker=worker.id,
        tasks=len(mine),
        busy_s=int((table.end[mine] - table.start[mine]).sum()),
        shift_s=sum(end - start for start, end in working_windows(worker)),
        first_start_s=int(table.start[mine].min()) if len(mine) else None,
        last_end_s=int(table.end[mine].max()) if len(mine) else None,
    )


def _wave(plan: Plan, table: Timetable, v: int, may_try: Callable[[], bool]) -> WaveForecast:
    wave = plan.source.waves[v]
    members = plan.wave == v
    planned = members & (table.worker >= 0)
    finish = int(table.end[planned].max()) if planned.any() else None
    late = max(0, finish - wave.due_s) if finish is not None and wave.due_s is not None else 0
    out = int((members & (table.worker < 0)).sum())
    extra = _extra_people(plan, table, v, may_try) if (late or out) and wave.due_s is not None else None
    return WaveForecast(wave=wave.id, finish_s=finish, due_s=wave.due_s, late_s=late, left_out=out, extra=extra)


def _extra_people(plan: Plan, table: Timetable, v: int, may_try: Callable[[], bool]) -> ExtraPeople:
    """The fewest more people, with every skill that the wave asks for, with whom a plan by rules is on time."""
    source, due = plan.source, int(plan.wave_due[v])
    members = [task for task in source.tasks if task.wave == source.waves[v].id]
    skills = frozenset(task.skill for task in members if task.skill is not None)
    end = max(due, int(plan.windows[2].max()) if len(plan.windows[2]) else due, 1)
    for people in range(1, MOST_EXTRA + 1):
        if not may_try():
            return ExtraPeople(skills=tuple(sorted(skills)), detail="no time was left to find out how many")
        more = tuple(
            Worker(id=f"extra {n + 1}", skills=skills, shifts=(Window(start_s=0, end_s=end),)) for n in range(people)
        )
        names = {worker.id for worker in source.workers}
        if names & {worker.id for worker in more}:
            return ExtraPeople(skills=tuple(sorted(skills)), detail="a worker is already called 'extra 1'")
        locks = _kept(plan)
        larger = build(source.model_copy(update={"workers": source.workers + more}), locks)
        if people == 1:
            alone = earliest_ends(larger)[larger.wave == v]
            if alone.max(initial=0) > due:
                detail = "its longest chain of tasks alone ends after the cutoff: more people do not help"
                return ExtraPeople(skills=tuple(sorted(skills)), detail=detail)
        if _on_time(larger, table, v, due):
            return ExtraPeople(
                people=people, skills=tuple(sorted(skills)), detail="from the plan's zero until the cutoff"
            )
    return ExtraPeople(
        skills=tuple(sorted(skills)),
        detail=f"{MOST_EXTRA} more people are not enough: equipment, aisles or the order of tasks hold it up",
    )


def _kept(plan: Plan) -> dict[str, object]:
    pins = [
        {
            "task": plan.source.tasks[t].id,
            "worker": plan.source.workers[plan.pinned[t, 0]].id,
            "start_s": None if plan.pinned[t, 1] < 0 else int(plan.pinned[t, 1]),
        }
        for t in np.flatnonzero(plan.pinned[:, 0] >= 0)
    ]
    return {"assignments": pins}


def _on_time(plan: Plan, table: Timetable, v: int, due: int) -> bool:
    """Whether a rule's plan, or one that serves this wave first, has the wave ready by its cutoff."""
    chain = Chain(plan, 1)
    none = np.full(plan.tasks, -1, dtype=np.int64)
    urgent = np.where(plan.wave == v, 0.0, 1e9)
    fastest = np.where(plan.seconds < NEVER, plan.seconds, 0).max(axis=1, initial=0)
    orders = [
        *rule_orders(chain),
        chain.sorted_by(urgent - fastest),
        chain.sorted_by(urgent + np.where(table.worker >= 0, table.start, 1e8)),
    ]
    for order in orders:
        found = chain.decode(order, none)
        members = plan.wave == v
        if (found.worker[members] >= 0).all() and found.end[members].max(initial=0) <= due:
            return True
    return False
