"""When a report is due, in the warehouse's own time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from worker.cron.schedule import period

BERLIN = ZoneInfo("Europe/Berlin")


def offset(instant: float) -> float:
    found = datetime.fromtimestamp(instant, UTC).astimezone(BERLIN).utcoffset()
    assert found is not None
    return found.total_seconds()


def berlin(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("schedule", "now", "start", "end"),
    [
        ({"every": "day", "at": "06:00"}, "2026-11-24T06:00", "2026-11-23T06:00", "2026-11-24T06:00"),
        ({"every": "day", "at": "06:00"}, "2026-11-24T05:59", "2026-11-22T06:00", "2026-11-23T06:00"),
        # 2026-11-24 is a Tuesday
        ({"every": "week", "at": "00:00", "weekday": 0}, "2026-11-24T12:00", "2026-11-16T00:00", "2026-11-23T00:00"),
        ({"every": "week", "at": "18:00", "weekday": 1}, "2026-11-24T12:00", "2026-11-10T18:00", "2026-11-17T18:00"),
        ({"every": "month", "at": "00:00"}, "2026-11-24T12:00", "2026-10-01T00:00", "2026-11-01T00:00"),
        ({"every": "month", "at": "07:30"}, "2027-01-01T07:00", "2026-11-01T07:30", "2026-12-01T07:30"),
        # clocks go back on 2026-10-25: that day has 25 hours
        ({"every": "day", "at": "06:00"}, "2026-10-25T07:00", "2026-10-24T06:00", "2026-10-25T06:00"),
    ],
)
def test_the_last_period_that_has_ended(schedule: dict[str, object], now: str, start: str, end: str) -> None:
    assert period(schedule, berlin(now), offset) == (berlin(start), berlin(end))


def test_a_day_on_which_the_clocks_change_has_25_or_23_hours() -> None:
    start, end = period({"every": "day", "at": "06:00"}, berlin("2026-10-25T07:00"), offset)
    assert end - start == 25 * 3600
    start, end = period({"every": "day", "at": "06:00"}, berlin("2026-03-29T07:00"), offset)
    assert end - start == 23 * 3600
