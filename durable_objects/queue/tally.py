"""What a queue did, minute by minute for an hour, and how much is in which state: kept, never counted anew."""

from __future__ import annotations

from typing import Any

from durable_objects.sqlite import Sql, scalar
from durable_objects.state.clock import iso

HOUR = 60


def add(sql: Sql, now: int, **amounts: int) -> None:
    """Add to this minute: enqueued, leased, done, failed, wait_ms, work_ms."""
    names = list(amounts)
    sql.run(
        f"INSERT INTO tally (minute, {', '.join(names)}) VALUES (?, {', '.join('?' for _ in names)})"
        f" ON CONFLICT (minute) DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in names)}",
        now // 60_000,
        *amounts.values(),
    )


def forget(sql: Sql, now: int) -> None:
    """Drop the minutes that no statistic reads."""
    sql.run("DELETE FROM tally WHERE minute < ?", now // 60_000 - HOUR)


def counts(sql: Sql) -> dict[str, int]:
    """Tasks by state."""
    return {row[0]: int(row[1]) for row in sql.rows("SELECT state, tasks FROM counter")}


def oldest_waiting(sql: Sql) -> int | None:
    """The moment (ms) since which the oldest waiting task waits; None when none does."""
    since = scalar(sql, "SELECT min(moment) FROM task WHERE state = 'waiting'")
    return None if since is None else int(since)


def statistics(sql: Sql, now: int) -> dict[str, Any]:
    """A contracts.tasks.TaskStatistics."""
    minute = now // 60_000
    found = sql.rows(
        "SELECT coalesce(sum(enqueued), 0), coalesce(sum(leased), 0), coalesce(sum(done), 0), coalesce(sum(failed), 0),"
        " coalesce(sum(wait_ms), 0), coalesce(sum(work_ms), 0), coalesce(sum(iif(minute = ?, done, 0)), 0)"
        " FROM tally WHERE minute > ?",
        minute - 1,
        minute - HOUR,
    )
    enqueued, leased, done, failed, wait_ms, work_ms, last_minute = found[0]
    oldest = oldest_waiting(sql)
    delayed = scalar(sql, "SELECT min(moment) FROM task WHERE state = 'delayed'")
    return {
        **counts(sql),
        "oldest_waiting_seconds": None if oldest is None else max(0, now - oldest) / 1000,
        "next_delayed_at": None if delayed is None else iso(int(delayed)),
        "enqueued_last_hour": enqueued,
        "done_last_minute": last_minute,
        "done_last_hour": done,
        "failed_last_hour": failed,
        "mean_wait_seconds": wait_ms / leased / 1000 if leased else None,
        "mean_work_seconds": work_ms / done / 1000 if done else None,
    }
