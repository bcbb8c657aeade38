"""A warehouse's jobs as a list. Each job's truth is its own object; this is what that object last told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contracts.paging import decode_cursor, encode_cursor
from durable_objects.sqlite import Sql
from durable_objects.state import hub

JOB_TABLE = """
CREATE TABLE job (id TEXT PRIMARY KEY, created_at TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX job_by_age ON job (created_at, id);
"""


def put(sql: Sql, status: Mapping[str, Any], now: int) -> None:
    """Keep a JobStatus. An older version, or the same again, changes nothing: deliveries may repeat and overtake."""

    def write() -> None:
        known = sql.rows("SELECT version FROM job WHERE id = ?", status["id"])
        if known and int(known[0][0]) >= status["version"]:
            return
        text = json.dumps(status, ensure_ascii=False, separators=(",", ":"))
        sql.run(
            "INSERT INTO job (id, created_at, version, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body",
            status["id"],
            status["created_at"],
            status["version"],
            text,
        )
        hub.append(sql, f"job.{status['state']}", {"id": status["id"], "problem": status["problem"]}, now)

    sql.transaction(write)


def page(sql: Sql, limit: int, cursor: str) -> dict[str, Any]:
    """{"jobs", "next"}: the newest first. Raises ProblemError bad-request for a cursor that is not of this list."""
    key = decode_cursor(cursor, str, str)
    where, parameters = ("WHERE (created_at, id) < (?, ?)", key) if key else ("", [])
    found = sql.rows(
        f"SELECT body, created_at, id FROM job {where} ORDER BY created_at DESC, id DESC LIMIT ?",
        *parameters,
        limit + 1,
    )
    more = len(found) > limit
    return {
        "jobs": [json.loads(row[0]) for row in found[:limit]],
        "next": encode_cursor([found[limit - 1][1], found[limit - 1][2]]) if more else None,
    }
