"""RateLimiter `{tenant}`: the truth of a tenant's token buckets."""

from __future__ import annotations

import json
import time
from typing import Any

from workers import DurableObject

from contracts.rpc import answer
from durable_objects.limits.book import Book
from durable_objects.sqlite import ObjectSql

_SWEEP_S = 600.0
_KEPT_S = 86_400  # a bucket that nobody asked for in a day is full


class RateLimiter(DurableObject):  # type: ignore[misc]
    """One RPC decides all buckets that a request touches (durable_objects/limits/book.py); this keeps their levels."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._sql = ObjectSql(ctx._ctx.storage)
        self._sql.run(
            "CREATE TABLE IF NOT EXISTS bucket (key TEXT PRIMARY KEY, level REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID"
        )
        self._book = Book(self._stored)
        self._swept = 0.0

    @answer
    async def exchange(self, payload: dict[str, Any]) -> dict[str, Any]:
        now = time.time()
        given, touched = self._book.exchange(payload, now)
        self._store(touched)
        if now - self._swept >= _SWEEP_S:
            self._swept = now
            self._book.sweep(now)
            self._sql.run("DELETE FROM bucket WHERE at < ?", now - _KEPT_S)
        return given

    def _stored(self, key: str) -> tuple[float, float] | None:
        found = self._sql.rows("SELECT level, at FROM bucket WHERE key = ?", key)
        return (found[0][0], found[0][1]) if found else None

    def _store(self, keys: set[str]) -> None:
        rows = [[key, self._book.buckets[key].level, self._book.buckets[key].at] for key in keys]
        if rows:
            self._sql.run(
                "INSERT INTO bucket (key, level, at) SELECT value->>0, value->>1, value->>2 FROM json_each(?) WHERE true"
                " ON CONFLICT (key) DO UPDATE SET level = excluded.level, at = excluded.at",
                json.dumps(rows),
            )
