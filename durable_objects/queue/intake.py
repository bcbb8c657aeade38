"""Tasks come in: one or ten thousand, each id once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.errors import Fault, ProblemError
from durable_objects.queue import fair, outbox, tally
from durable_objects.queue.schema import NEVER
from durable_objects.sqlite import Sql, chunks, scalar


def enqueue(
    sql: Sql, tasks: Sequence[Mapping[str, Any]], now: int, wave: Mapping[str, str] | None = None
) -> dict[str, int]:
    """{"created", "known"}. tasks: contracts.tasks.TaskCreate as JSON data. A known id changes nothing.

    wave: {"id", "job"} when they are a wave's. Raises ProblemError: invalid for an id that stands twice, conflict for a
    wave that was released from another job.
    """
    _refuse_repeated(tasks)

    def write() -> dict[str, int]:
        if wave is not None:
            _note_wave(sql, wave, now)
        new = _unknown(sql, tasks)
        if new:
            _insert(sql, new, now)
            outbox.append_many(sql, "task.enqueued", [(t["id"], t["type"], t.get("zone") or "") for t in new], now)
            tally.add(sql, now, enqueued=len(new))
        return {"created": len(new), "known": len(tasks) - len(new)}

    return sql.transaction(write)


def _refuse_repeated(tasks: Sequence[Mapping[str, Any]]) -> None:
    first: dict[str, int] = {}
    faults = []
    for index, task in enumerate(tasks):
        earlier = first.setdefault(task["id"], index)
        if earlier != index:
            faults.append(Fault(f"/tasks/{index}/id", f"task {task['id']!r} is also at /tasks/{earlier}: keep one"))
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:1000]))


def _note_wave(sql: Sql, wave: Mapping[str, str], now: int) -> None:
    found = sql.rows("SELECT job FROM wave WHERE id = ?", wave["id"])
    if not found:
        sql.run("INSERT INTO wave (id, job, at) VALUES (?, ?, ?)", wave["id"], wave["job"], now)
    elif found[0][0] != wave["job"]:
        raise ProblemError(
            "conflict",
            f"wave {wave['id']!r} was released from job {found[0][0]!r}: give this one another name",
            extra={"job": found[0][0]},
        )


def _unknown(sql: Sql, tasks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    known: set[str] = set()
    for part in chunks([task["id"] for task in tasks]):
        known.update(
            row[0] for row in sql.rows("SELECT id FROM task WHERE id IN (SELECT value FROM json_each(?))", part)
        )
    return [task for task in tasks if task["id"] not in known]


def _insert(sql: Sql, tasks: Sequence[Mapping[str, Any]], now: int) -> None:
    rows = [_row(task, now) for task in tasks]
    lanes = {_lane(row): 0 for row in rows if row["moment"] <= now}
    numbers = fair.open_lanes(sql, list(lanes)) if lanes else {}
    waiting = 0
    for row in rows:
        row["lane"] = numbers[_lane(row)] if row["moment"] <= now else None
        waiting += row["lane"] is not None
    before = int(scalar(sql, "SELECT seq FROM sqlite_sequence WHERE name = 'task'") or 0)
    for part in chunks(rows):
        sql.run(
            "INSERT INTO task (id, type, zone, owner, skills, priority, cost, due, state, moment, lane, max_attempts,"
            " created_at) SELECT value ->> 'id', value ->> 'type', value ->> 'zone', value ->> 'owner',"
            " value ->> 'skills', value ->> 'priority', value ->> 'cost', value ->> 'due',"
            " iif(value ->> 'lane' IS NULL, 'delayed', 'waiting'), value ->> 'moment', value ->> 'lane',"
            " value ->> 'max_attempts', ? FROM json_each(?) WHERE true ORDER BY key",
            now,
            part,
        )
    offset = before + 1
    contents = [json.dumps(task.get("payload") or {}, ensure_ascii=False, separators=(",", ":")) for task in tasks]
    for part in chunks(contents):
        sql.run("INSERT INTO content (seq, payload) SELECT ? + key, value FROM json_each(?)", offset, part)
        offset = int(scalar(sql, "SELECT max(seq) + 1 FROM content"))
    sql.run("UPDATE counter SET tasks = tasks + ? WHERE state = 'waiting'", waiting)
    sql.run("UPDATE counter SET tasks = tasks + ? WHERE state = 'delayed'", len(rows) - waiting)


def _row(task: Mapping[str, Any], now: int) -> dict[str, Any]:
    not_before = task.get("not_before")
    due = task.get("due_at")
    return {
        "id": task["id"],
        "type": task["type"],
        "zone": task.get("zone") or "",
        "owner": task.get("owner", ""),
        "skills": json.dumps(sorted(set(task.get("skills", ()))), separators=(",", ":")),
        "priority": task.get("priority", 5),
        "cost": task.get("cost", 1.0),
        "due": milliseconds(due) if due else NEVER,
        "moment": max(now, milliseconds(not_before)) if not_before else now,
        "max_attempts": task.get("max_attempts", 5),
    }


def _lane(row: Mapping[str, Any]) -> fair.Lane:
    return (row["owner"], row["priority"], row["type"], row["zone"], row["skills"])


def milliseconds(text: str) -> int:
    """Of an RFC 3339 instant with an offset."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)
