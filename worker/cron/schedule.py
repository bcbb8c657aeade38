"""When a report is due: pure, with the offset of the warehouse's time zone handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

# Seconds since the epoch → seconds that the local clock is ahead of UTC then.
Offset = Callable[[float], float]


def period(schedule: Mapping[str, Any], now: float, offset: Offset) -> tuple[float, float]:
    """(start, end) of the last period that has ended by `now`, seconds since the epoch: `end` is when its report is due.

    schedule: a contracts.warehouse.ReportSchedule. Across a change of the clocks a day has 23 or 25 hours.
    """
    hour, minute = map(int, str(schedule.get("at", "06:00")).split(":"))
    local = _local(now, offset).replace(hour=hour, minute=minute, second=0, microsecond=0)
    every = schedule.get("every", "day")
    if every == "week":
        local -= timedelta(days=(local.weekday() - int(schedule.get("weekday", 0))) % 7)
    elif every == "month":
        local = local.replace(day=1)
    while _instant(local, offset) > now:
        local = _before(local, every)
    return _instant(_before(local, every), offset), _instant(local, offset)


def _before(local: datetime, every: str) -> datetime:
    if every == "month":
        return (local - timedelta(days=1)).replace(day=1)
    return local - timedelta(days=7 if every == "week" else 1)


def _local(instant: float, offset: Offset) -> datetime:
    """The naive local time of an instant."""
    return datetime.fromtimestamp(instant + offset(instant), UTC).replace(tzinfo=None)


def _instant(local: datetime, offset: Offset) -> float:
    """The instant at which local clocks show this. Of two (clocks set back) the later; of none (set forward) the one
    that the old offset gives."""
    naive = local.replace(tzinfo=UTC).timestamp()
    guess = naive - offset(naive)
    return naive - offset(guess)
