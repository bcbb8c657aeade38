"""WebhookRegistry: the webhooks of one tenant, `{tenant}`, and their deliveries under way."""

from __future__ import annotations

from typing import Any

from pyodide.ffi import JsException

from contracts.rpc import answer
from durable_objects.base import StatefulObject, log, now_ms
from durable_objects.state import deliveries, webhooks

REPEAT_S = 900.0  # how much later than its next try a delivery is taken for lost
FAILED_MS = 10_000  # until the queue is asked again that did not take a delivery


class WebhookRegistry(StatefulObject):
    """Every method takes and gives one JSON text (contracts/rpc.py). The secret leaves it for the deliverer alone."""

    MIGRATIONS = webhooks.MIGRATIONS

    def _ready(self) -> None:
        self._repeat_ms = int(float(getattr(self.env, "WEBHOOK_REPEAT_SECONDS", None) or REPEAT_S) * 1000)
        self._schedule(now_ms())

    @answer
    async def create(self, payload: Any) -> dict[str, Any]:
        """{"id", "secret", "wish": WebhookCreate} → the webhook without its secret."""
        return webhooks.create(self._sql, payload["wish"], payload["id"], payload["secret"], now_ms())

    @answer
    async def get(self, payload: Any) -> dict[str, Any]:
        return webhooks.one(self._sql, payload["id"])

    @answer
    async def page(self, query: Any) -> dict[str, Any]:
        return webhooks.page(self._sql, query["after"], query["limit"])

    @answer
    async def delete(self, payload: Any) -> None:
        webhooks.delete(self._sql, payload["id"])

    @answer
    async def active(self, _payload: Any) -> list[dict[str, Any]]:
        return webhooks.active(self._sql)

    # --- deliveries ----------------------------------------------------------------------------------------------

    @answer
    async def expect(self, payload: Any) -> list[str]:
        """{"deliveries": [{id, webhook, body}]} → the ids that are new here; those must be sent to the queue."""
        now = now_ms()
        found = deliveries.expect(self._sql, payload["deliveries"], now, self._repeat_ms)
        self._schedule(now)
        return found

    @answer
    async def target(self, payload: Any) -> dict[str, str] | None:
        """{"id", "delivery": its id or ""} → {"url", "secret"}; None when there is nothing to deliver any more."""
        delivery = payload["delivery"]
        if delivery and not deliveries.is_open(self._sql, delivery):
            return None
        return webhooks.target(self._sql, payload["id"])

    @answer
    async def attempted(self, payload: Any) -> None:
        """{"id", "delivery", "pause": seconds until the next try or null, and the outcome as webhooks.attempted takes it}."""
        now, pause = now_ms(), payload["pause"]
        webhooks.attempted(self._sql, payload, now)
        if pause is None:
            deliveries.settle(self._sql, payload["delivery"], now)
        else:
            deliveries.expect_again(self._sql, payload["delivery"], now + int(pause * 1000) + self._repeat_ms)
        if payload.get("gone"):
            deliveries.drop(self._sql, payload["id"])

    @answer
    async def dead(self, payload: Any) -> None:
        """{"id", "delivery", "message"}: the queue has given it up."""
        webhooks.dead(self._sql, payload["id"], payload["message"])
        deliveries.settle(self._sql, payload["delivery"], now_ms())

    async def alarm(self, info: Any = None) -> None:  # noqa: ARG002
        self._wake_at = None
        now = now_ms()
        deliveries.sweep(self._sql, now)
        try:
            for delivery, body in deliveries.overdue(self._sql, now):
                await self.env.WEBHOOK_DELIVERIES.send(body, contentType="text")
                deliveries.repeated(self._sql, delivery, now, self._repeat_ms)
        except JsException as fault:
            log("queue-unreachable", object=":".join(self._names), error=str(fault))
            self._wake(now_ms() + FAILED_MS)
            return
        self._schedule(now_ms())

    def _schedule(self, now: int) -> None:
        due = deliveries.next_due(self._sql)
        if due is not None:
            self._wake(max(due, now + 1))
