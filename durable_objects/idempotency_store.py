"""IdempotencyStore `{tenant}:i{shard}`: the answers to unsafe requests, by the hash of their idempotency key."""

from __future__ import annotations

import json
import time
from typing import Any

from workers import DurableObject

from contracts.errors import ProblemError
from contracts.rpc import answer
from durable_objects.sqlite import ObjectSql

KEPT_S = 24 * 3600
RUNNING_S = 300  # a request that has not ended by then died with its isolate: a repeat may run
MAX_ANSWER_CHARACTERS = 400_000


class IdempotencyStore(DurableObject):  # type: ignore[misc]
    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._storage = ctx._ctx.storage
        self._sql = ObjectSql(self._storage)
        self._sql.run(
            "CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, text TEXT,"
            " at REAL NOT NULL) WITHOUT ROWID"
        )
        self._alarm_set = False

    @answer
    async def begin(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        """None: run it. Otherwise the first answer. Raises idempotency-key-reused or idempotency-in-progress."""
        now = time.time()
        key, fingerprint = payload["key"], payload["fingerprint"]
        found = self._sql.rows("SELECT fingerprint, text, at FROM answer WHERE key = ?", key)
        if found:
            known, text, at = found[0]
            alive = at > now - (RUNNING_S if text is None else KEPT_S)
            if alive and known != fingerprint:
                raise ProblemError("idempotency-key-reused", "this idempotency key came with another request before")
            if alive and text is None:
                raise ProblemError("idempotency-in-progress", "the first request with this key is still running")
            if alive:
                kept: dict[str, Any] = json.loads(text)
                return kept
        self._sql.run(
            "INSERT OR REPLACE INTO answer (key, fingerprint, text, at) VALUES (?, ?, NULL, ?)", key, fingerprint, now
        )
        await self._see_that_it_is_swept(now)
        return None

    async def _see_that_it_is_swept(self, now: float) -> None:
        """Once per start of the object; an alarm that an earlier start has set stays, or restarts would put it off for ever."""
        if self._alarm_set:
            return
        self._alarm_set = True
        if not isinstance(await self._storage.getAlarm(), (int, float)):
            self._storage.setAlarm(int((now + KEPT_S) * 1000))

    @answer
    async def finish(self, payload: dict[str, Any]) -> None:
        text = json.dumps(payload["answer"], ensure_ascii=False)
        if len(text) > MAX_ANSWER_CHARACTERS:
            record = {**payload["answer"], "body": None}
            text = json.dumps(record, ensure_ascii=False)
        self._sql.run("UPDATE answer SET text = ? WHERE key = ?", text, payload["key"])

    @answer
    async def forget(self, payload: dict[str, Any]) -> None:
        self._sql.run("DELETE FROM answer WHERE key = ?", payload["key"])

    async def alarm(self, _info: Any = None) -> None:
        """Sweep what is older than a day; ring again while anything is left."""
        now = time.time()
        self._sql.run("DELETE FROM answer WHERE at < ?", now - KEPT_S)
        if self._sql.rows("SELECT 1 FROM answer LIMIT 1"):
            self._storage.setAlarm(int((now + 3600) * 1000))
        else:
            self._alarm_set = False
