"""Tasks as readers see them: one, and in pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import ProblemError
from contracts.paging import decode_cursor, encode_cursor
from durable_objects.queue.schema import NEVER
from durable_objects.sqlite import Sql
from durable_objects.state.clock import iso

# A page with a filter looks at this many tasks at most, so that it costs the same however few of them match.
SCAN = 2_000

COLUMNS = (
    "seq, id, type, zone, owner, skills, priority, due, state, moment, attempt, max_attempts, worker, reason,"
    " created_at, leased_at, finished_at, version"
)
CONTENT = ", (SELECT payload FROM content WHERE content.seq = task.seq), (SELECT result FROM content WHERE content.seq = task.seq)"


def document(row: Sequence[Any]) -> dict[str, Any]:
    """A contracts.tasks.TaskSummary from COLUMNS, a Task from COLUMNS + CONTENT."""
    (_, name, kind, zone, owner, skills, priority, due, state, moment, attempt, most, worker, reason) = row[:14]
    created, leased, finished, version = row[14:18]
    task = {
        "id": name,
        "type": kind,
        "state": state,
        "priority": priority,
        "owner": owner,
        "zone": zone or None,
        "skills": json.loads(skills),
        "attempt": attempt,
        "max_attempts": most,
        "worker": worker or None,
        "created_at": iso(created),
        "not_before": iso(moment) if state == "delayed" else None,
        "due_at": None if due == NEVER else iso(due),
        "leased_at": None if leased is None else iso(leased),
        "lease_until": iso(moment) if state == "leased" else None,
        "finished_at": None if finished is None else iso(finished),
        "reason": reason,
        "version": version,
    }
    if len(row) > 18:
        task["payload"] = json.loads(row[18] or "{}")
        task["result"] = json.loads(row[19]) if row[19] else None
    return task


def get(sql: Sql, task: str) -> dict[str, Any]:
    """Raises ProblemError not-found."""
    found = sql.rows(f"SELECT {COLUMNS}{CONTENT} FROM task WHERE id = ?", task)
    if not found:
        raise ProblemError("not-found", f"there is no task {task!r}")
    return document(found[0])


def page(sql: Sql, query: Mapping[str, Any]) -> dict[str, Any]:
    """{"items", "next"}: a page of tasks for a contracts.tasks.TaskQuery. `next` is a cursor, or None.

    The index gives the order: by state and moment, or by arrival. Other filters are looked at task by task, SCAN of
    them at most. Raises ProblemError bad-request for a cursor that is not of this list.
    """
    state, limit = query["state"], int(query["limit"])
    if state:
        key = decode_cursor(query["cursor"], int, int) or [-NEVER, 0]
        order, where, place = "moment, seq", "state = ? AND (moment, seq) > (?, ?)", [state, *key]
    else:
        key = decode_cursor(query["cursor"], int) or [0]
        order, where, place = "seq", "seq > ?", [*key]
    filters = [(name, query[name]) for name in ("type", "zone", "owner", "worker") if query.get(name)]
    scan = SCAN if filters else limit
    test = " AND ".join(f"{name} = ?" for name, _ in filters) or "1"
    found = sql.rows(
        f"SELECT seq, moment, {test} FROM task WHERE {where} ORDER BY {order} LIMIT ?",
        *[value for _, value in filters],
        *place,
        scan + 1,
    )
    looked, matching = _matching(found, limit, scan)
    rows = sql.rows(
        f"SELECT {COLUMNS} FROM task WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY {order}",
        json.dumps(matching),
    )
    more = looked < len(found)
    last = found[looked - 1] if found else None
    cursor = ([last[1], last[0]] if state else [last[0]]) if last else []
    return {"items": [document(row) for row in rows], "next": encode_cursor(cursor) if more else None}


def _matching(found: Sequence[Sequence[Any]], limit: int, scan: int) -> tuple[int, list[int]]:
    """How many rows the page takes in, and which of them match: at most `limit`."""
    matching: list[int] = []
    looked = 0
    for seq, _, matches in found[:scan]:
        looked += 1
        if matches:
            matching.append(seq)
            if len(matching) == limit:
                break
    return looked, matching
