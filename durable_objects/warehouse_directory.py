"""WarehouseDirectory: which warehouses a tenant has, `{tenant}`. Small, and only ever told by the warehouses themselves."""

from __future__ import annotations

from typing import Any

from contracts.rpc import answer
from durable_objects.base import StatefulObject, now_ms
from durable_objects.sqlite import Migration
from durable_objects.state.clock import iso

_V1 = "CREATE TABLE warehouse (id TEXT PRIMARY KEY, name TEXT NOT NULL, registered_at INTEGER NOT NULL) WITHOUT ROWID;"

_V2 = """
-- Reports by the end of their period (seconds since 1970): each is made once.
CREATE TABLE report (
    warehouse TEXT NOT NULL, due INTEGER NOT NULL, claimed_until INTEGER NOT NULL, made INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (warehouse, due)
) WITHOUT ROWID;
"""
CLAIM_MS = 180_000  # a claim that nobody has made good by then may be taken again
KEPT_S = 90 * 86_400


class WarehouseDirectory(StatefulObject):
    """A warehouse registers in the transaction that creates it (through its outbox), so none is ever missing for long."""

    MIGRATIONS = (Migration(1, "warehouses", _V1), Migration(2, "reports by schedule", _V2))

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
        # Where cron finds every warehouse of every tenant. Written after the row: should it fail, the delivery comes again.
        name = f"warehouse:{self._names[0]}:{body['id']}"
        await self.env.CACHE.put(name, "", metadata=body.get("about") or {})

    @answer
    async def claim_report(self, body: Any) -> bool:
        """{warehouse, due}: may the caller make this report now? True for one caller until its claim runs out."""
        now = now_ms()
        self._sql.run("DELETE FROM report WHERE due < ?", now // 1000 - KEPT_S)
        claimed = self._sql.rows(
            "INSERT INTO report (warehouse, due, claimed_until) VALUES (?, ?, ?) ON CONFLICT (warehouse, due) DO UPDATE"
            " SET claimed_until = excluded.claimed_until WHERE NOT made AND claimed_until < ? RETURNING 1",
            body["warehouse"],
            body["due"],
            now + CLAIM_MS,
            now,
        )
        return bool(claimed)

    @answer
    async def report_made(self, body: Any) -> None:
        """{warehouse, due}: it lies in R2."""
        self._sql.run("UPDATE report SET made = 1 WHERE warehouse = ? AND due = ?", body["warehouse"], body["due"])

    @answer
    async def page(self, query: Any) -> list[dict[str, Any]]:
        """Warehouses by id, after an id."""
        found = self._sql.rows(
            "SELECT id, name, registered_at FROM warehouse WHERE id > ? ORDER BY id LIMIT ?",
            query["after"],
            query["limit"],
        )
        return [{"id": row[0], "name": row[1], "created_at": iso(row[2])} for row in found]
