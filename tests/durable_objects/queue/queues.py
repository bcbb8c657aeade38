"""A queue on CPython's SQLite, for tests of the logic."""

from __future__ import annotations

import itertools
import json
from typing import Any

from durable_objects.queue import intake, leases, schema
from durable_objects.sqlite import migrate, scalar
from local.sqlite import LocalSql

NOW = 1_700_000_000_000
_tokens = itertools.count(1)


def new_queue() -> LocalSql:
    sql = LocalSql()
    migrate(sql, schema.MIGRATIONS)
    return sql


def task(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "pick", **more}


def put(sql: LocalSql, *tasks: dict[str, Any], now: int = NOW) -> dict[str, int]:
    return intake.enqueue(sql, tasks, now)


def take(sql: LocalSql, limit: int = 1, now: int = NOW, **wish: Any) -> list[dict[str, Any]]:
    tokens = [f"t{next(_tokens)}" for _ in range(limit)]
    return leases.lease(sql, {"worker": "w", "lease_seconds": 60, **wish}, tokens, now)


def names(tasks: list[dict[str, Any]]) -> list[str]:
    return [found["id"] for found in tasks]


def failed(**more: Any) -> dict[str, Any]:
    return {"reason": "broken", "outcome": "failed", **more}


def check_books(sql: LocalSql) -> None:
    """What is kept beside the tasks says the same as the tasks: counters, lanes, turns."""
    counted = {row[0]: row[1] for row in sql.rows("SELECT state, count(*) FROM task GROUP BY state")}
    kept = {row[0]: row[1] for row in sql.rows("SELECT state, tasks FROM counter")}
    assert {state: n for state, n in kept.items() if n} == counted
    assert not sql.rows("SELECT 1 FROM task WHERE (lane IS NOT NULL) <> (state = 'waiting')")
    assert not sql.rows("SELECT 1 FROM lane WHERE NOT EXISTS (SELECT 1 FROM task WHERE task.lane = lane.id)")
    assert not sql.rows("SELECT 1 FROM lane JOIN owner ON owner.id = lane.owner WHERE lane.turn <> owner.turn")
    mismatched = (
        "SELECT 1 FROM task JOIN lane ON lane.id = task.lane JOIN owner ON owner.id = lane.owner"
        " WHERE (task.owner, task.priority, task.type, task.zone, task.skills)"
        " <> (owner.name, lane.priority, lane.type, lane.zone, lane.skills)"
    )
    assert not sql.rows(mismatched)
    assert scalar(sql, "SELECT count(*) FROM content") == scalar(sql, "SELECT count(*) FROM task")


def events(sql: LocalSql) -> list[tuple[str, Any]]:
    found = sql.rows("SELECT type, data FROM event ORDER BY number")
    return [(row[0], json.loads(row[1])) for row in found]
