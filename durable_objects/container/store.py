"""The package's own tables inside the object's SQLite, with versioned migrations.

Everything is prefixed `container_`, so that a subclass may keep its tables in the same database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# execute(query, *parameters) → the rows as dicts. In the object: ctx.storage.sql; in tests: sqlite3.
Execute = Callable[..., list[dict[str, Any]]]

# One entry per version, applied in order and never edited afterwards.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE container_state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            state TEXT NOT NULL,
            breaker TEXT NOT NULL,
            failures INTEGER NOT NULL DEFAULT 0,
            not_before REAL NOT NULL DEFAULT 0
        )""",
        """CREATE TABLE container_exits (
            incarnation TEXT PRIMARY KEY,
            at REAL NOT NULL,
            exit_code INTEGER,
            reason TEXT NOT NULL,
            crash INTEGER NOT NULL,
            log TEXT NOT NULL DEFAULT '',
            told INTEGER NOT NULL DEFAULT 0
        )""",
        """CREATE TABLE container_schedules (
            id TEXT PRIMARY KEY,
            callback TEXT NOT NULL,
            payload TEXT,
            type TEXT NOT NULL CHECK (type IN ('scheduled', 'delayed')),
            time REAL NOT NULL,
            delay REAL,
            attempts INTEGER NOT NULL DEFAULT 0,
            created_at REAL NOT NULL
        )""",
        "CREATE INDEX container_schedules_by_time ON container_schedules (time)",
        "CREATE TABLE container_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
)


def migrate(execute: Execute) -> None:
    execute("CREATE TABLE IF NOT EXISTS container_schema (version INTEGER NOT NULL)")
    rows = execute("SELECT max(version) AS version FROM container_schema")
    done = int(rows[0]["version"] or 0)
    for version, statements in enumerate(MIGRATIONS[done:], start=done + 1):
        for statement in statements:
            execute(statement)
        execute("INSERT INTO container_schema (version) VALUES (?)", version)
