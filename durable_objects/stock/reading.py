"""Reading a zone's stock: lines, the ledger, totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.errors import ProblemError
from durable_objects.sqlite import Sql, Value, get_meta, scalar
from durable_objects.state.clock import iso
from durable_objects.stock import outbox


def line(sql: Sql, zone: str, location: str, sku: str) -> dict[str, Any]:
    """A StockLineState; version 0 for a line that was never touched. Raises ProblemError not-found for unknown names."""
    found = sql.rows(
        "SELECT quantity, reserved, version, updated_at FROM stock WHERE location = ? AND sku = ?", location, sku
    )
    if found:
        return _line(zone, location, sku, found[0])
    if not sql.rows("SELECT 1 FROM location WHERE id = ?", location):
        raise ProblemError("not-found", f"zone {zone!r} has no location {location!r}")
    if not sql.rows("SELECT 1 FROM item WHERE sku = ?", sku):
        raise ProblemError("not-found", f"the warehouse has no item {sku!r}")
    return _line(zone, location, sku, (0, 0, 0, None))


def lines(
    sql: Sql,
    zone: str,
    after: Sequence[str] | None,
    limit: int,
    *,
    location: str = "",
    sku: str = "",
    empty: bool = False,
) -> list[dict[str, Any]]:
    """StockLineStates by location and SKU, after such a pair; those that hold something, unless `empty`."""
    clauses = ["(location, sku) > (?, ?)"]
    parameters: list[Value] = list(after or ("", ""))
    for column, value in (("location", location), ("sku", sku)):
        if value:
            clauses.append(f"{column} = ?")
            parameters.append(value)
    if not empty:
        clauses.append("(quantity <> 0 OR reserved <> 0)")
    found = sql.rows(
        "SELECT location, sku, quantity, reserved, version, updated_at FROM stock"
        f" WHERE {' AND '.join(clauses)} ORDER BY location, sku LIMIT ?",
        *parameters,
        limit,
    )
    return [_line(zone, row[0], row[1], row[2:]) for row in found]


def _line(zone: str, location: str, sku: str, row: Sequence[Any]) -> dict[str, Any]:
    quantity, reserved, version, updated = row
    return {
        "zone": zone,
        "location": location,
        "sku": sku,
        "quantity": quantity,
        "reserved": reserved,
        "available": quantity - reserved,
        "version": version,
        "updated_at": None if updated is None else iso(updated),
    }


_LEDGER = ("sequence", "at", "op", "location", "sku", "delta", "reserved_delta", "quantity", "reserved", "version")
_ORIGIN = ("reference", "posting", "line", "author")


def ledger(sql: Sql, after: int, limit: int, *, location: str = "", sku: str = "") -> list[dict[str, Any]]:
    """LedgerRows after a sequence number."""
    clauses, parameters = ["l.sequence > ?"], [after]
    texts: list[str] = []
    for column, value in (("location", location), ("sku", sku)):
        if value:
            clauses.append(f"l.{column} = ?")
            texts.append(value)
    found = sql.rows(
        "SELECT l.sequence, l.at, l.kind, l.location, l.sku, l.delta, l.reserved_delta, l.quantity, l.reserved, l.version,"
        " l.reference, l.posting, l.line, coalesce(p.author, '') FROM ledger l LEFT JOIN posting p ON p.id = l.posting"
        f" WHERE {' AND '.join(clauses)} ORDER BY l.sequence LIMIT ?",
        *parameters,
        *texts,
        limit,
    )
    return [{**dict(zip(_LEDGER + _ORIGIN, row, strict=True)), "at": iso(row[1])} for row in found]


def head(sql: Sql) -> int:
    """The ledger's last sequence number: it grows with every change, so it tags what is read."""
    return int(scalar(sql, "SELECT coalesce(max(sequence), 0) FROM ledger"))


def summary(sql: Sql, zone: str) -> dict[str, Any]:
    """A ZoneSummary."""
    return {
        "id": zone,
        "locations": int(scalar(sql, "SELECT count(*) FROM location")),
        **outbox.totals(sql),
        "ledger": head(sql),
        "allow_negative": bool(get_meta(sql, "settings", {}).get("allow_negative")),
    }


def positions_text(sql: Sql) -> str:
    """What is available where, as {sku, location, quantity} texts joined by commas: what is reserved is not there for
    whoever plans. Row by row: one value may hold 2 MB.
    """
    found = sql.rows(
        "SELECT json_object('sku', sku, 'location', location, 'quantity', quantity - reserved) FROM stock"
        " WHERE quantity > reserved ORDER BY location, sku"
    )
    return ",".join(row[0] for row in found)
