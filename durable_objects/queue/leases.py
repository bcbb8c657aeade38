"""Leases: a task is one worker's until it says done, gives it back, or falls silent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contracts.errors import ProblemError
from durable_objects.backoff import full_jitter
from durable_objects.queue import fair, outbox, tally
from durable_objects.queue.documents import COLUMNS, CONTENT, document, get
from durable_objects.sqlite import Row, Sql
from durable_objects.state.clock import iso

RETRY_BASE_S, RETRY_CAP_S = 2.0, 600.0
MAX_TOLD = 4_000  # characters of a result that its event carries; a longer one is read with the task


def lease(sql: Sql, wish: Mapping[str, Any], tokens: list[str], now: int) -> list[dict[str, Any]]:
    """The next tasks for a worker, each a contracts.tasks.LeasedTask; empty when nothing suits.

    wish: a contracts.tasks.LeaseRequest with its worker. tokens: one unguessable text per task that it may get.
    """

    def take() -> list[dict[str, Any]]:
        taken, waited = [], 0
        for token in tokens:
            found = fair.pick(sql, wish)
            if found is None:
                break
            seq, lane, owner, turn, cost, since = found
            row = sql.rows(
                "UPDATE task SET state = 'leased', lane = NULL, moment = ?, worker = ?, lease = ?, leased_at = ?,"
                f" attempt = attempt + 1, version = version + 1 WHERE seq = ? RETURNING {COLUMNS}{CONTENT}",
                now + int(wish["lease_seconds"] * 1000),
                wish["worker"],
                token,
                now,
                seq,
            )[0]
            fair.charge(sql, lane, owner, turn, cost)
            waited += max(0, now - since)
            taken.append({**document(row), "lease": token})
        if taken:
            told = [{key: task[key] for key in ("id", "type", "zone", "worker", "attempt")} for task in taken]
            outbox.append(sql, "task.leased", [{"task": t.pop("id"), **t} for t in told], now)
            tally.add(sql, now, leased=len(taken), wait_ms=waited)
        return taken

    return sql.transaction(take)


def remember(sql: Sql, key: str, fingerprint: str, leased: list[dict[str, Any]], now: int) -> None:
    """Keep what a lease call with an idempotency key got."""
    leases = json.dumps({task["id"]: task["lease"] for task in leased})
    sql.run("INSERT INTO request (key, fingerprint, leases, at) VALUES (?, ?, ?, ?)", key, fingerprint, leases, now)


def repeated(sql: Sql, key: str, fingerprint: str) -> list[dict[str, Any]] | None:
    """What the first call with this key got, as far as it is still leased; None when the key is new.

    Raises ProblemError idempotency-key-reused when the key came with another request.
    """
    found = sql.rows("SELECT fingerprint, leases FROM request WHERE key = ?", key)
    if not found:
        return None
    if found[0][0] != fingerprint:
        raise ProblemError("idempotency-key-reused", "this idempotency key came with another request before")
    leases = json.loads(found[0][1])
    rows = sql.rows(
        f"SELECT {COLUMNS}{CONTENT}, lease FROM task WHERE state = 'leased'"
        " AND id IN (SELECT key FROM json_each(?)) ORDER BY seq",
        found[0][1],
    )
    return [{**document(row[:-1]), "lease": row[-1]} for row in rows if leases[row[1]] == row[-1]]


def heartbeat(sql: Sql, task: str, token: str, seconds: float, now: int) -> dict[str, Any]:
    """The lease lasts `seconds` from now. Raises ProblemError lease-lost, not-found."""
    found = sql.rows(
        "UPDATE task SET moment = ?, version = version + 1 WHERE id = ? AND state = 'leased' AND lease = ?"
        f" RETURNING {COLUMNS}",
        now + int(seconds * 1000),
        task,
        token,
    )
    return document(found[0]) if found else _lost(sql, task)


def ack(sql: Sql, task: str, token: str, result: Any, now: int) -> dict[str, Any]:
    """It is done. The same again answers the same. Raises ProblemError lease-lost, not-found."""

    def write() -> dict[str, Any]:
        found = _held(sql, task, token)
        if found is None:
            return _again(sql, task, token, ("done",))
        seq, leased_at = found[0], found[15]
        sql.run(
            "UPDATE task SET state = 'done', moment = ?, finished_at = ?, reason = NULL, version = version + 1 WHERE seq = ?",
            now,
            now,
            seq,
        )
        if result is not None:
            sql.run("UPDATE content SET result = ? WHERE seq = ?", _text(result), seq)
        small = result is not None and len(_text(result)) <= MAX_TOLD
        outbox.append(sql, "task.completed", [_told(found, **({"result": result} if small else {}))], now)
        tally.add(sql, now, done=1, work_ms=max(0, now - leased_at))
        return get(sql, task)

    return sql.transaction(write)


def nack(
    sql: Sql, task: str, token: str, answer: Mapping[str, Any], now: int, draw: float | None = None
) -> dict[str, Any]:
    """It is not done: tried again later, given back, or a dead letter (contracts.tasks.TaskNack).

    The same again answers the same. Raises ProblemError lease-lost, not-found. draw: instead of a random number.
    """
    outcome, reason = answer["outcome"], answer["reason"]

    def write() -> dict[str, Any]:
        found = _held(sql, task, token)
        if found is None:
            return _again(sql, task, token, ("waiting", "delayed", "dead"))
        seq, attempt, most = found[0], found[10], found[11]
        if outcome == "rejected" or (outcome == "failed" and attempt >= most):
            bury(sql, [found], reason, now)
            return get(sql, task)
        pause = answer.get("delay_seconds")
        if pause is None:
            pause = 0.0 if outcome == "released" else full_jitter(attempt, RETRY_BASE_S, RETRY_CAP_S, draw)
        sql.run("UPDATE task SET reason = ? WHERE seq = ?", reason, seq)
        if outcome == "released":
            give_back(sql, seq)
        wait(sql, seq, pause, now)
        kind = "task.released" if outcome == "released" else "task.failed"
        outbox.append(sql, kind, [_told(found, reason=reason, retry_at=iso(now + int(pause * 1000)))], now)
        if outcome == "failed":
            tally.add(sql, now, failed=1)
        return get(sql, task)

    return sql.transaction(write)


def wait(sql: Sql, seq: int, pause: float, now: int) -> None:
    """A task that nobody holds any more waits, or waits after a pause of seconds."""
    if pause <= 0:
        fair.make_waiting(sql, [seq], now)
        return
    sql.run(
        "UPDATE task SET state = 'delayed', moment = ?, version = version + 1 WHERE seq = ?",
        now + int(pause * 1000),
        seq,
    )


def give_back(sql: Sql, seq: int) -> None:
    """Nothing was done under this lease: neither the task nor its owner pays for it."""
    owner, cost = sql.rows(
        "UPDATE task SET attempt = attempt - 1, leased_at = NULL WHERE seq = ? RETURNING owner, cost", seq
    )[0]
    fair.refund(sql, owner, cost)


def bury(sql: Sql, rows: list[Row], reason: str, now: int) -> None:
    """These tasks (rows of COLUMNS) become dead letters."""
    sql.run(
        "UPDATE task SET state = 'dead', lane = NULL, moment = ?, finished_at = ?, reason = ?, version = version + 1"
        " WHERE seq IN (SELECT value FROM json_each(?))",
        now,
        now,
        reason,
        json.dumps([row[0] for row in rows]),
    )
    outbox.append(sql, "task.dead", [_told(row, reason=reason) for row in rows], now)
    tally.add(sql, now, failed=len(rows))


def _held(sql: Sql, task: str, token: str) -> Row | None:
    found = sql.rows(f"SELECT {COLUMNS} FROM task WHERE id = ? AND state = 'leased' AND lease = ?", task, token)
    return found[0] if found else None


def _again(sql: Sql, task: str, token: str, states: tuple[str, ...]) -> dict[str, Any]:
    """The answer to a repeat of what ended this lease, if that is what it is."""
    current = get(sql, task)
    known = sql.rows("SELECT 1 FROM task WHERE id = ? AND lease = ? AND lease <> ''", task, token)
    return current if known and current["state"] in states else _lost(sql, task)


def _lost(sql: Sql, task: str) -> dict[str, Any]:
    current = get(sql, task)
    raise ProblemError(
        "lease-lost",
        f"task {task!r} is {current['state']}, and this lease of it is over: stop working on it",
        extra={"task": {key: value for key, value in current.items() if key not in ("payload", "result")}},
    )


def _told(row: Row, **more: Any) -> dict[str, Any]:
    """An event's data about a task, from COLUMNS."""
    return {"task": row[1], "type": row[2], "zone": row[3], "worker": row[12], "attempt": row[10], **more}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
