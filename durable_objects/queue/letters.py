"""Tasks that nobody shall do any more, and dead letters that get another chance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contracts.errors import ProblemError
from durable_objects.queue import fair, outbox
from durable_objects.queue.documents import get
from durable_objects.sqlite import Sql


def cancel(sql: Sql, task: str, now: int) -> dict[str, Any]:
    """End a task; whoever holds it is told at the next heartbeat. The same again changes nothing.

    Raises ProblemError: not-found, conflict when it is done.
    """

    def write() -> dict[str, Any]:
        current = get(sql, task)
        if current["state"] == "cancelled":
            return current
        if current["state"] == "done":
            raise ProblemError("conflict", f"task {task!r} is done already", extra={"task": current})
        seq, lane = sql.rows("SELECT seq, lane FROM task WHERE id = ?", task)[0]
        sql.run(
            "UPDATE task SET state = 'cancelled', lane = NULL, lease = '', moment = ?, finished_at = ?,"
            " version = version + 1 WHERE seq = ?",
            now,
            now,
            seq,
        )
        if lane is not None:
            fair.close_if_empty(sql, lane)
        told = {key: current[key] for key in ("type", "zone", "worker", "attempt")}
        outbox.append(sql, "task.cancelled", [{"task": task, **told}], now)
        return get(sql, task)

    return sql.transaction(write)


def replay(sql: Sql, request: Mapping[str, Any], now: int) -> dict[str, int]:
    """Dead letters wait again, with all their attempts before them (contracts.tasks.ReplayRequest).

    Raises ProblemError not-found when tasks are named and the queue knows none of them.
    """

    def write() -> dict[str, int]:
        names = request.get("tasks")
        if names is None:
            found = sql.rows(
                "SELECT seq, id, type, zone FROM task WHERE state = 'dead' ORDER BY moment, seq LIMIT ?",
                request["limit"],
            )
        else:
            text = json.dumps(list(names), ensure_ascii=False)
            found = sql.rows(
                "SELECT seq, id, type, zone FROM task WHERE state = 'dead'"
                " AND id IN (SELECT value FROM json_each(?)) ORDER BY seq",
                text,
            )
            if not found and not sql.rows(
                "SELECT 1 FROM task WHERE id IN (SELECT value FROM json_each(?)) LIMIT 1", text
            ):
                raise ProblemError("not-found", f"there is no task {names[0]!r}")
        if found:
            seqs = [row[0] for row in found]
            sql.run(
                "UPDATE task SET attempt = 0, lease = '', reason = NULL WHERE seq IN (SELECT value FROM json_each(?))",
                json.dumps(seqs),
            )
            fair.make_waiting(sql, seqs, now)
            outbox.append_many(sql, "task.replayed", [(row[1], row[2], row[3]) for row in found], now)
        return {"replayed": len(found), "skipped": len(names or found) - len(found)}

    return sql.transaction(write)
