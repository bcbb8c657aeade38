"""What the clock does to tasks: delayed ones come to wait, leases of silent workers end, old ends are forgotten."""

from __future__ import annotations

import json

from durable_objects.queue import fair, leases, outbox, tally
from durable_objects.queue.documents import COLUMNS
from durable_objects.sqlite import Sql, scalar

STEP = 1_000  # tasks in one transaction, so that other callers get their turn
KEEP_MS = 7 * 86_400_000  # a finished task and its id are known this long
KEEP_REQUEST_MS = 86_400_000


def advance(sql: Sql, now: int) -> None:
    """Do what has come due, up to STEP of each kind; `next_due` says whether there is more."""
    sql.transaction(lambda: _promote(sql, now))
    sql.transaction(lambda: _expire(sql, now))


def next_due(sql: Sql) -> int | None:
    """The moment (ms) at which `advance` has something to do."""
    moment = scalar(
        sql,
        "SELECT min(m) FROM (SELECT min(moment) AS m FROM task WHERE state = 'delayed'"
        " UNION ALL SELECT min(moment) FROM task WHERE state = 'leased')",
    )
    return None if moment is None else int(moment)


def _promote(sql: Sql, now: int) -> None:
    due = sql.rows(
        "SELECT seq, id, type, zone FROM task WHERE state = 'delayed' AND moment <= ? ORDER BY moment LIMIT ?",
        now,
        STEP,
    )
    if due:
        fair.make_waiting(sql, [row[0] for row in due], now)
        outbox.append_many(sql, "task.ready", [(row[1], row[2], row[3]) for row in due], now)


def _expire(sql: Sql, now: int) -> None:
    due = sql.rows(
        f"SELECT {COLUMNS} FROM task WHERE state = 'leased' AND moment <= ? ORDER BY moment LIMIT ?", now, STEP
    )
    if not due:
        return
    sql.run("UPDATE task SET lease = '' WHERE seq IN (SELECT value FROM json_each(?))", json.dumps([r[0] for r in due]))
    again = [row for row in due if row[10] < row[11]]
    over = [row for row in due if row[10] >= row[11]]
    if again:
        told = [{"task": r[1], "type": r[2], "zone": r[3], "worker": r[12], "attempt": r[10]} for r in again]
        fair.make_waiting(sql, [row[0] for row in again], now)
        outbox.append(sql, "task.expired", told, now)
        tally.add(sql, now, failed=len(again))
    if over:
        leases.bury(sql, over, "its last lease ended without a word from its worker", now)


def sweep(sql: Sql, now: int, keep_ms: int = KEEP_MS) -> int | None:
    """Forget what ended long ago, up to STEP; the moment (ms) at which there is more to forget, None when nothing will."""

    def write() -> None:
        old = [
            row
            for state in ("done", "cancelled")
            for row in sql.rows(
                "SELECT seq, state FROM task WHERE state = ? AND moment < ? ORDER BY moment LIMIT ?",
                state,
                now - keep_ms,
                STEP,
            )
        ]
        numbers = json.dumps([row[0] for row in old])
        sql.run("DELETE FROM content WHERE seq IN (SELECT value FROM json_each(?))", numbers)
        sql.run("DELETE FROM task WHERE seq IN (SELECT value FROM json_each(?))", numbers)
        for state in ("done", "cancelled"):
            gone = sum(row[1] == state for row in old)
            sql.run("UPDATE counter SET tasks = tasks - ? WHERE state = ?", gone, state)
        sql.run("DELETE FROM request WHERE at < ?", now - KEEP_REQUEST_MS)
        sql.run("DELETE FROM wave WHERE at < ?", now - keep_ms)
        tally.forget(sql, now)
        fair.forget_idle_owners(sql)

    sql.transaction(write)
    oldest = scalar(
        sql,
        "SELECT min(m) FROM (SELECT min(moment) AS m FROM task WHERE state = 'done'"
        " UNION ALL SELECT min(moment) FROM task WHERE state = 'cancelled')",
    )
    return None if oldest is None else int(oldest) + keep_ms
