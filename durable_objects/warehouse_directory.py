"""WarehouseDirectory: which warehouses a tenant has, `{tenant}`. Small, and only ever told by the warehouses themselves."""

from __future__ import annotations

from typing import Any

from contracts.rpc import answer
from durable_objects.base import StatefulObject, now_ms
from durable_objects.sqlite import Migration
from durable_objects.state.clock import iso

_V1 = "CREATE TABLE warehouse (id TEXT PRIMARY KEY, name TEXT NOT NULL, registered_at INTEGER NOT NULL) WITHOUT ROWID;"


class WarehouseDirectory(StatefulObject):
    """A warehouse registers in the transaction that creates it (through its outbox), so none is ever missing for long."""

    MIGRATIONS = (Migration(1, "warehouses", _V1),)

    @answer
    async def register(self, body: Any) -> None:
        """Note a warehouse, or its new name; the same again changes nothing."""
        self._sql.run(
            "INSERT INTO warehouse (id, name, registered_at) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            body["id"],
            body["name"],
            now_ms(),
        )

    @answer
    async def page(self, query: Any) -> list[dict[str, Any]]:
        """Warehouses by id, after an id."""
        found = self._sql.rows(
            "SELECT id, name, registered_at FROM warehouse WHERE id > ? ORDER BY id LIMIT ?",
            query["after"],
            query["limit"],
        )
        return [{"id": row[0], "name": row[1], "created_at": iso(row[2])} for row in found]
