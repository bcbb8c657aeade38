"""WebhookRegistry: the webhooks of one tenant, `{tenant}`."""

from __future__ import annotations

from typing import Any

from contracts.rpc import answer
from durable_objects.base import StatefulObject, now_ms
from durable_objects.state import webhooks


class WebhookRegistry(StatefulObject):
    """Every method takes and gives one JSON text (contracts/rpc.py). The secret leaves it for the deliverer alone."""

    MIGRATIONS = webhooks.MIGRATIONS

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

    @answer
    async def target(self, payload: Any) -> dict[str, str] | None:
        return webhooks.target(self._sql, payload["id"])

    @answer
    async def attempted(self, payload: Any) -> None:
        webhooks.attempted(self._sql, payload, now_ms())

    @answer
    async def dead(self, payload: Any) -> None:
        webhooks.dead(self._sql, payload["id"], payload["message"])
