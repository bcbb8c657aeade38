"""OptimizationJob's tables, written against a plain `execute(sql, *parameters) → rows`, so that CPython tests them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from contracts.rpc import dumps
from durable_objects.job.machine import Life

Execute = Callable[..., list[dict[str, Any]]]

MIGRATIONS = (
    """
    CREATE TABLE job (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        id TEXT NOT NULL, tenant TEXT NOT NULL, warehouse TEXT NOT NULL,
        request TEXT NOT NULL,           -- the JobCreate that asked for it, as JSON
        state TEXT NOT NULL, attempt INTEGER NOT NULL,
        created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT,
        deadline_at REAL NOT NULL,       -- seconds since the epoch
        best TEXT,                       -- JobBest as JSON
        warm_start TEXT,                 -- the solution to start from, as JSON
        agent TEXT NOT NULL, incarnation TEXT NOT NULL DEFAULT '',
        error TEXT,                      -- a problem document
        report TEXT NOT NULL,            -- off | waiting | done | failed
        report_tries INTEGER NOT NULL DEFAULT 0,
        version INTEGER NOT NULL DEFAULT 1
    );
    CREATE TABLE event (sequence INTEGER PRIMARY KEY, message TEXT NOT NULL);
    CREATE TABLE text_part (name TEXT NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (name, part));
    """,
    """
    ALTER TABLE job ADD COLUMN lease TEXT NOT NULL DEFAULT '' /* of its place among the running jobs */;
    ALTER TABLE job ADD COLUMN losses INTEGER NOT NULL DEFAULT 0 /* attempts whose container was lost */;
    """,
)

# SQLite in a Durable Object holds values of up to 2 MB; texts are cut well below that, by characters.
PART_CHARACTERS = 400_000

# A job that improves for an hour must not grow without limit: the oldest incumbents go first, states stay.
MAX_EVENTS = 2_000


class JobStore:
    """The one job of this object."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def migrate(self) -> None:
        self._execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        rows = self._execute("SELECT max(version) AS version FROM schema_version")
        done = int(rows[0]["version"] or 0)
        for number, script in enumerate(MIGRATIONS[done:], start=done + 1):
            self._execute(script)
            self._execute("INSERT INTO schema_version VALUES (?)", number)

    def row(self) -> dict[str, Any] | None:
        rows = self._execute("SELECT * FROM job")
        return dict(rows[0]) if rows else None

    def create(self, values: dict[str, Any]) -> None:
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        self._execute(f"INSERT INTO job (only, {names}) VALUES (1, {marks})", *values.values())

    def change(self, **values: Any) -> None:
        """Set columns and count the version up."""
        sets = ", ".join(f"{name} = ?" for name in values)
        self._execute(f"UPDATE job SET {sets}, version = version + 1", *values.values())

    def life(self) -> Life:
        row = self._execute("SELECT state, attempt FROM job")[0]
        return Life(row["state"], int(row["attempt"]))

    def live(self, life: Life, **values: Any) -> None:
        self.change(state=life.state, attempt=life.attempt, **values)

    def append(self, message: dict[str, Any]) -> dict[str, Any]:
        """Keep an event under the next sequence number; returns it with its number."""
        rows = self._execute("SELECT coalesce(max(sequence), 0) + 1 AS sequence FROM event")
        numbered = {"sequence": int(rows[0]["sequence"]), **message}
        self._execute("INSERT INTO event VALUES (?, ?)", numbered["sequence"], dumps(numbered))
        self._execute(
            "DELETE FROM event WHERE sequence <= ? AND json_extract(message, '$.type') = 'incumbent'",
            numbered["sequence"] - MAX_EVENTS,
        )
        return numbered

    def events_after(self, cursor: int, limit: int = 1000) -> list[dict[str, Any]]:
        rows = self._execute("SELECT message FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?", cursor, limit)
        return [json.loads(row["message"]) for row in rows]

    def put_text(self, name: str, text: str) -> None:
        self._execute("DELETE FROM text_part WHERE name = ?", name)
        for part, start in enumerate(range(0, len(text), PART_CHARACTERS)):
            self._execute("INSERT INTO text_part VALUES (?, ?, ?)", name, part, text[start : start + PART_CHARACTERS])

    def text(self, name: str) -> str | None:
        rows = self._execute("SELECT text FROM text_part WHERE name = ? ORDER BY part", name)
        return "".join(row["text"] for row in rows) if rows else None

    def drop_text(self, name: str) -> None:
        self._execute("DELETE FROM text_part WHERE name = ?", name)
