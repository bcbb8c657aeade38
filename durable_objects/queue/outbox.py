"""The events that a queue owes its warehouse's event log, numbered without a gap, kept until the log has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from durable_objects.sqlite import PART_CHARACTERS, Sql

BATCH = 500
IDS_PER_EVENT = 100


def append(sql: Sql, kind: str, tasks: Sequence[Mapping[str, Any]], now: int) -> None:
    """One event for each. tasks: data with `zone`. Call it in the transaction of the change."""
    values = [
        {"zone": task.get("zone") or "", "data": {k: v for k, v in task.items() if k != "zone"}} for task in tasks
    ]
    sql.run(
        "INSERT INTO event (type, zone, at, data) SELECT ?, value ->> 'zone', ?, value -> 'data' FROM json_each(?)"
        " WHERE true ORDER BY key",
        kind,
        now,
        json.dumps(values, ensure_ascii=False),
    )


def append_many(sql: Sql, kind: str, tasks: Sequence[tuple[str, str, str]], now: int) -> None:
    """Few events for many tasks, (id, type, zone) each: up to a hundred ids of one type and zone in one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, task_type, zone in tasks:
        groups.setdefault((task_type, zone), []).append(name)
    events = [
        {"type": task_type, "zone": zone, "tasks": names[start : start + IDS_PER_EVENT]}
        for (task_type, zone), names in groups.items()
        for start in range(0, len(names), IDS_PER_EVENT)
    ]
    append(sql, kind, events, now)


def batch(sql: Sql) -> tuple[int, list[dict[str, Any]]]:
    """The number of the oldest event that is owed, and it with those after it, as the log takes them: one text's worth."""
    found = sql.rows("SELECT number, type, zone, at, data FROM event ORDER BY number LIMIT ?", BATCH)
    events: list[dict[str, Any]] = []
    size = 0
    for _, kind, zone, at, data in found:
        size += len(data)
        if events and size > PART_CHARACTERS:
            break
        events.append({"type": kind, "zone": zone, "at": at, "data": json.loads(data)})
    return (int(found[0][0]) if found else 0), events


def acknowledge(sql: Sql, last: int) -> None:
    """The log has everything up to this number."""
    sql.run("DELETE FROM event WHERE number <= ?", last)


def owes(sql: Sql) -> bool:
    return bool(sql.rows("SELECT 1 FROM event LIMIT 1"))


def drop(sql: Sql) -> None:
    """A queue of places has no log to tell."""
    sql.run("DELETE FROM event")
