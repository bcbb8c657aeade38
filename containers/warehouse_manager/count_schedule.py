"""Cycle counting: count a few places each day, important items more often, instead of closing once a year.

Each place (SKU at a location) falls due a class's interval after its last count; one that was never counted is due at
once. Days are filled in order of due date, then class, up to the capacity; within a day tasks go by location, so that
the counter walks the aisles once. What is due within the days but finds no room is listed, with the capacity needed.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta

from containers.warehouse_manager.abc_classes import ItemClass, classify
from contracts.errors import ProblemError
from contracts.manage import CountDay, CountPlan, CountSchedule, LateCount
from contracts.tasks_plan import CountPayload, TaskDraft

_PRIORITY: dict[ItemClass, int] = {"A": 4, "B": 5, "C": 6}
MAX_LATE = 10_000


def count_schedule(request: CountSchedule) -> CountPlan:
    """The plan. Raises ProblemError "invalid" when no day of the span is a working day."""
    policy = request.policy
    span = [request.first_day + timedelta(days=n) for n in range(request.days)]
    days = [day for day in span if day.weekday() in request.working_days]
    if not days:
        raise ProblemError("invalid", "/working_days: no day of the span is a working day; lengthen days")
    usage = {line.sku: 0.0 for line in request.stock}
    usage |= {item.sku: item.usage for item in request.usage if item.sku in usage}
    classes = classify(usage, policy.a_share, policy.b_share)
    interval: dict[ItemClass, int] = {"A": policy.a_days, "B": policy.b_days, "C": policy.c_days}
    last = {(count.location, count.sku): count.on for count in request.last_counts}

    places = sorted({(line.location, line.sku) for line in request.stock})
    waiting: list[tuple[date, ItemClass, str, str]] = []
    for location, sku in places:
        item_class = classes[sku]
        counted = last.get((location, sku))
        due = request.first_day if counted is None else counted + timedelta(days=interval[item_class])
        waiting.append((due, item_class, location, sku))
    waiting.sort()

    planned: list[CountDay] = []
    at = 0
    for day, wanted_by_now in zip(
        days, _targets([entry[0] for entry in waiting], days, span[-1], request.per_day), strict=True
    ):
        upto = at + min(request.per_day, max(0, wanted_by_now - at))
        today = sorted(waiting[at:upto], key=lambda entry: entry[2:])
        planned.append(CountDay(day=day, tasks=tuple(_task(day, entry) for entry in today)))
        at = upto
    over = [entry for entry in waiting[at:] if entry[0] <= span[-1]]
    late = tuple(LateCount(due=d, item_class=c, location=p, sku=s) for d, c, p, s in over[:MAX_LATE])
    steady = sum(1 / interval[entry[1]] for entry in waiting) * 7 / len(request.working_days)
    return CountPlan(
        days=tuple(planned),
        classes={name: sum(1 for value in classes.values() if value == name) for name in "ABC"},
        scheduled=at,
        late=late,
        per_day_needed=round(steady, 2),
        note=_note(len(over), len(days), at, request.per_day),
    )


def _targets(dues: list[date], days: list[date], last: date, per_day: int) -> list[int]:
    """How many of `dues` (sorted) should be counted by the end of each day.

    What falls due before the next working day must be counted by now; what later days have no room for is pulled
    forward, day by day from the end.
    """
    limits = [*days[1:], last + timedelta(days=1)]
    by_now = [bisect_left(dues, limit) for limit in limits]
    targets = by_now[:]
    for i in range(len(days) - 2, -1, -1):
        targets[i] = max(by_now[i], targets[i + 1] - per_day)
    return targets


def _note(over: int, days: int, scheduled: int, per_day: int) -> str:
    if not over:
        return ""
    needed = math.ceil((scheduled + over) / days)
    return f"{over} counts find no room at {per_day} a day; about {needed} a day would take them within the span"


def _task(day: date, entry: tuple[date, ItemClass, str, str]) -> TaskDraft:
    due, item_class, location, sku = entry
    place = hashlib.sha256(f"{location}\n{sku}".encode()).hexdigest()[:16]  # both together are too long for an id
    return TaskDraft(
        id=f"count.{day.isoformat()}.{place}",
        type="count",
        priority=_PRIORITY[item_class],
        not_before=datetime.combine(day, time(), UTC),
        due_at=datetime.combine(max(due, day), time(23, 59, 59), UTC),
        payload=CountPayload(location=location, sku=sku, item_class=item_class),
    )
