"""WarehouseZone: the stock of one zone of a warehouse, `{tenant}:{warehouse}:{zone}`."""

from __future__ import annotations

from typing import Any

from contracts.rpc import answer
from durable_objects.base import StatefulObject, now_ms
from durable_objects.state import zone_schema, zone_setup


class WarehouseZone(StatefulObject):
    """The truth about quantities in one zone: strongly consistent, every change in the ledger."""

    MIGRATIONS = zone_schema.MIGRATIONS

    @answer
    async def deliver(self, message: Any) -> None:
        """From WarehouseState alone: locations, items, stock at the beginning."""
        zone_setup.take(self._sql, self._names[2], message, now_ms())

    async def positions(self, text: str = "null", context: str = "") -> str:  # noqa: ARG002 - as every RPC method
        """What lies where, as a JSON list: text all the way, for it can be long."""
        return f'{{"ok":[{zone_setup.positions_text(self._sql)}]}}'
