"""WarehouseState's way out: its event log to the queue and, announced through the queue, to the archive."""

from __future__ import annotations

from typing import Any

from pyodide.ffi import JsException

from contracts.rpc import dumps
from durable_objects.base import log, now_ms
from durable_objects.sqlite import Sql
from durable_objects.state import outbox

MAX_PAUSE_MS = 60_000  # between two tries while the queue does not take anything
FIRST_PAUSE_MS = 500
BATCHES_AT_ONCE = 50  # in one alarm; the next one goes on
DEFAULT_AGE_S = 300.0  # how old an event gets before its segment is closed, full or not


class EventOutbox:
    """Sends what `state/outbox.py` says is next. Nothing is lost when it fails: the alarm tries again."""

    def __init__(self, env: Any, sql: Sql, names: list[str]) -> None:
        self._env = env
        self._sql = sql
        self._tenant, self._warehouse = names
        self._age_ms = _milliseconds(env, "ARCHIVE_SECONDS", DEFAULT_AGE_S)
        self._repeat_ms = _milliseconds(env, "ARCHIVE_REPEAT_SECONDS", outbox.REPEAT_MS / 1000)
        self._failures = 0
        self._not_before = 0
        self._running = False

    def due_at(self, now: int) -> int | None:
        """When to run next (ms), or None."""
        due = outbox.due_at(self._sql, now, self._age_ms)
        return None if due is None else max(due, self._not_before)

    async def run(self) -> None:
        """Send what is due. One run at a time; what another would send, this one sends."""
        if self._running or now_ms() < self._not_before:
            return
        self._running = True
        try:
            await self._forward()
            await self._archive()
            outbox.prune(self._sql)
            self._failures = 0
        except JsException as fault:
            self._failures += 1
            self._not_before = now_ms() + min(MAX_PAUSE_MS, FIRST_PAUSE_MS << min(self._failures, 10))
            log("queue-unreachable", object=f"{self._tenant}:{self._warehouse}", error=str(fault))
        finally:
            self._running = False

    async def _forward(self) -> None:
        for _ in range(BATCHES_AT_ONCE):
            batch = outbox.next_batch(self._sql, self._warehouse)
            if batch is None:
                break
            await self._send_batch(batch)
        for batch in outbox.to_repeat(self._sql, self._warehouse, now_ms()):
            await self._send_batch(batch)

    async def _send_batch(self, batch: outbox.Batch) -> None:
        about = {"kind": "events", **self._place(), "first": batch.first, "last": batch.last}
        await self._send(f'{dumps(about)[:-1]},"events":{batch.events or "null"}}}')
        outbox.sent(self._sql, batch, now_ms(), self._repeat_ms)

    async def _archive(self) -> None:
        outbox.cut(self._sql, now_ms(), self._age_ms)
        for segment in outbox.to_announce(self._sql, now_ms()):
            about = {"kind": "segment", **self._place(), "first": segment.first, "last": segment.last}
            await self._send(dumps(about))
            outbox.announced(self._sql, segment, now_ms(), self._repeat_ms)

    def _place(self) -> dict[str, str]:
        return {"tenant": self._tenant, "warehouse": self._warehouse}

    async def _send(self, text: str) -> None:
        await self._env.EVENTS.send(text, contentType="text")


def _milliseconds(env: Any, name: str, default_s: float) -> int:
    """A variable of the Worker that holds seconds."""
    return int(float(getattr(env, name, None) or default_s) * 1000)
