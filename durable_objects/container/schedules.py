"""Calls that the object makes to itself later: kept in SQLite, run by the alarm, at least once each.

A callback that raises is tried again, three times in all; one that does not exist is dropped. Both are reported, and
neither can make the alarm spin.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from durable_objects.container.backoff import Backoff
from durable_objects.container.store import Execute

ATTEMPTS = 3
RETRIES = Backoff(base=2.0, factor=4.0, cap=60.0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`time` is seconds since 1970; `delay` is set for a call that was asked for in so many seconds."""

    id: str
    callback: str
    payload: Any
    type: Literal["scheduled", "delayed"]
    time: float
    delay: float | None = None
    attempts: int = 0

    def as_dict(self) -> dict[str, Any]:
        members: dict[str, Any] = {
            "task_id": self.id,
            "callback": self.callback,
            "payload": self.payload,
            "type": self.type,
            "time": self.time,
        }
        if self.delay is not None:
            members["delay_in_seconds"] = self.delay
        return members


class Schedules:
    def __init__(self, execute: Execute, new_id: Callable[[], str]) -> None:
        self._execute = execute
        self._new_id = new_id

    def add(self, when: float | datetime, callback: str, payload: Any, now: float) -> Schedule:
        """`when` is an instant (with a zone) or seconds from now. Raises ValueError for anything else."""
        if isinstance(when, datetime):
            if when.tzinfo is None:
                raise ValueError("the instant needs a time zone")
            schedule = Schedule(self._new_id(), callback, payload, "scheduled", when.timestamp())
        elif isinstance(when, (int, float)) and not isinstance(when, bool):
            if not 0 <= when < 1e10:
                raise ValueError(f"not a delay in seconds: {when!r}")
            schedule = Schedule(self._new_id(), callback, payload, "delayed", now + when, float(when))
        else:
            raise ValueError(f"when must be a datetime or a number of seconds, not {type(when).__name__}")
        self._execute(
            """INSERT INTO container_schedules (id, callback, payload, type, time, delay, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            schedule.id,
            callback,
            json.dumps(payload),
            schedule.type,
            schedule.time,
            schedule.delay,
            now,
        )
        return schedule

    def get(self, id: str) -> Schedule | None:
        rows = self._execute("SELECT * FROM container_schedules WHERE id = ?", id)
        return _schedule(rows[0]) if rows else None

    def all(self, callback: str | None = None) -> list[Schedule]:
        """All of them, or those of one callback, earliest first."""
        if callback is None:
            rows = self._execute("SELECT * FROM container_schedules ORDER BY time, id")
        else:
            rows = self._execute("SELECT * FROM container_schedules WHERE callback = ? ORDER BY time, id", callback)
        return [_schedule(row) for row in rows]

    def due(self, now: float) -> list[Schedule]:
        rows = self._execute("SELECT * FROM container_schedules WHERE time <= ? ORDER BY time, id", now)
        return [_schedule(row) for row in rows]

    def next_time(self) -> float | None:
        rows = self._execute("SELECT min(time) AS time FROM container_schedules")
        return None if rows[0]["time"] is None else float(rows[0]["time"])

    def delete(self, id: str) -> bool:
        return bool(self._execute("DELETE FROM container_schedules WHERE id = ? RETURNING id", id))

    def delete_named(self, callback: str) -> int:
        return len(self._execute("DELETE FROM container_schedules WHERE callback = ? RETURNING id", callback))

    def failed(self, schedule: Schedule, now: float) -> bool:
        """Put it off for another try; False when it has had its last one and is dropped."""
        attempts = schedule.attempts + 1
        if attempts >= ATTEMPTS:
            self.delete(schedule.id)
            return False
        self._execute(
            "UPDATE container_schedules SET attempts = ?, time = ? WHERE id = ?",
            attempts,
            now + RETRIES.ceiling(attempts),
            schedule.id,
        )
        return True


def _schedule(row: dict[str, Any]) -> Schedule:
    return Schedule(
        id=str(row["id"]),
        callback=str(row["callback"]),
        payload=json.loads(row["payload"]) if row["payload"] is not None else None,
        type=cast(Literal["scheduled", "delayed"], row["type"]),
        time=float(row["time"]),
        delay=None if row["delay"] is None else float(row["delay"]),
        attempts=int(row["attempts"]),
    )
