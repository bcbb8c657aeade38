"""Places to run in: at most so many jobs of an agent type run at once, the others queue, and tenants take turns.

Each job is one task that is leased to itself: it enters, is told when it has its place, keeps it with heartbeats and
leaves. A job that falls silent loses its place like any worker, and gets it again when it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from durable_objects.queue import fair, intake, leases, tally
from durable_objects.queue.leases import give_back, wait
from durable_objects.sqlite import Sql, scalar

LEASE_SECONDS = 60.0
KEEP_MS = 3_600_000  # a job that left is known this long
_NO_LIMIT = 1_000_000  # of attempts: how often a job may fail is the job's own business


def enter(sql: Sql, entry: Mapping[str, Any], now: int) -> None:
    """Queue a job: {"id", "tenant", "cost"}. One that is there already stays where it is; one that left comes again.

    cost: seconds that it means to run, which count against its tenant's turn.
    """
    task = {
        "id": entry["id"],
        "type": "job",
        "owner": entry["tenant"],
        "cost": float(entry["cost"]),
        "max_attempts": _NO_LIMIT,
    }

    def write() -> None:
        intake.enqueue(sql, [task], now)
        gone = scalar(sql, "SELECT seq FROM task WHERE id = ? AND state IN ('done', 'cancelled', 'dead')", entry["id"])
        if gone is not None:
            fair.make_waiting(sql, [int(gone)], now)

    sql.transaction(write)


def grant(sql: Sql, limit: int, token: Callable[[], str], now: int) -> list[dict[str, Any]]:
    """Give free places to those whose turn it is: {"id", "lease"} of each job that may run now."""
    granted = []
    while tally.counts(sql)["leased"] < limit:
        leased = leases.lease(sql, {"worker": "", "lease_seconds": LEASE_SECONDS}, [token()], now)
        if not leased:
            break
        granted += [{"id": task["id"], "lease": task["lease"]} for task in leased]
    return granted


def place(sql: Sql, job: str) -> dict[str, Any]:
    """Where a job stands: {"lease"} when it has its place, else {"lease": None, "position", "waiting"}.

    position: how many jobs get a place before it, as things are now; None for one that does not wait.
    """
    found = sql.rows("SELECT state, lease FROM task WHERE id = ?", job)
    if found and found[0][0] == "leased":
        return {"lease": found[0][1]}
    return {"lease": None, "position": position(sql, job), "waiting": tally.counts(sql)["waiting"]}


def position(sql: Sql, job: str) -> int | None:
    """How many come first: a job is due when its tenant's turn and the cost of that tenant's jobs before it are least."""
    found = scalar(
        sql,
        "WITH line AS (SELECT t.id, t.seq, l.priority, l.owner,"
        " l.turn + sum(t.cost) OVER (PARTITION BY l.owner, l.priority ORDER BY t.due, t.seq) - t.cost AS turn"
        " FROM lane l JOIN task t ON t.lane = l.id),"
        " mine AS (SELECT priority, turn, owner, seq FROM line WHERE id = ?)"
        " SELECT (SELECT count(*) FROM line WHERE (line.priority, line.turn, line.owner, line.seq) <"
        " (mine.priority, mine.turn, mine.owner, mine.seq)) FROM mine",
        job,
    )
    return None if found is None else int(found)


def pause(sql: Sql, job: str, token: str, seconds: float, now: int) -> None:
    """A job gives its place to others and comes again in `seconds`. Without its place, nothing changes."""

    def write() -> None:
        found = sql.rows("SELECT seq FROM task WHERE id = ? AND state = 'leased' AND lease = ?", job, token)
        if found:
            seq = int(found[0][0])
            sql.run("UPDATE task SET lease = '' WHERE seq = ?", seq)
            give_back(sql, seq)
            wait(sql, seq, seconds, now)

    sql.transaction(write)


def leave(sql: Sql, job: str, now: int) -> None:
    """A job is over and needs no place any more, whatever it had. The same again changes nothing."""

    def write() -> None:
        found = sql.rows(
            "SELECT seq, lane FROM task WHERE id = ? AND state IN ('waiting', 'delayed', 'leased', 'dead')", job
        )
        if not found:
            return
        seq, lane = found[0]
        sql.run(
            "UPDATE task SET state = 'done', lane = NULL, lease = '', moment = ?, finished_at = ?, version = version + 1"
            " WHERE seq = ?",
            now,
            now,
            seq,
        )
        if lane is not None:
            fair.close_if_empty(sql, lane)

    sql.transaction(write)
