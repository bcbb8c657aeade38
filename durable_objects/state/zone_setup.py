"""What a zone is told by its warehouse: its locations, the items' measures, and the stock at the beginning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from durable_objects.sqlite import Sql, get_meta, scalar, set_meta
from durable_objects.state.locations import fill_listed, fill_parametric


def take(sql: Sql, zone: str, message: Mapping[str, Any], now: int) -> None:
    """Carry out one delivery of WarehouseState. Deliveries come in order; one that came before changes nothing."""

    def write() -> None:
        number, kind = message["delivery"], message["kind"]
        if kind == "layout":
            _layout(sql, zone, message)
        elif kind == "items":
            put_items(sql, json.dumps(message["items"], ensure_ascii=False))
        elif kind == "stock" and number > get_meta(sql, "last_delivery", 0):
            receive_initial(sql, json.dumps(message["lines"], ensure_ascii=False), now)
        set_meta(sql, "last_delivery", max(number, get_meta(sql, "last_delivery", 0)))

    sql.transaction(write)


def _layout(sql: Sql, zone: str, message: Mapping[str, Any]) -> None:
    if "layout" in message:
        if not sql.rows("SELECT 1 FROM location LIMIT 1"):
            fill_parametric(sql, json.dumps(message["layout"]), zone)
        return
    ids = json.dumps([place["id"] for place in message["locations"]], ensure_ascii=False)
    sql.run("DELETE FROM location WHERE id IN (SELECT value FROM json_each(?))", ids)
    first = int(scalar(sql, "SELECT coalesce(max(ordinal) + 1, 0) FROM location"))
    fill_listed(sql, json.dumps(message["locations"], ensure_ascii=False), first)


def put_items(sql: Sql, items: str) -> None:
    """Insert or replace items' measures from a JSON list."""
    sql.run(
        "INSERT INTO item (sku, weight_g, length_mm, width_mm, height_mm)"
        " SELECT value ->> 'sku', value ->> 'weight_g', value ->> 'length_mm', value ->> 'width_mm', value ->> 'height_mm'"
        " FROM json_each(?) WHERE true ON CONFLICT (sku) DO UPDATE SET weight_g = excluded.weight_g,"
        " length_mm = excluded.length_mm, width_mm = excluded.width_mm, height_mm = excluded.height_mm",
        items,
    )


def receive_initial(sql: Sql, lines: str, now: int) -> None:
    """Stock at the beginning, checked by WarehouseState before: a JSON list of {sku, location, quantity}."""
    sql.run(
        "INSERT INTO stock (location, sku, quantity, version, updated_at)"
        " SELECT value ->> 'location', value ->> 'sku', value ->> 'quantity', 1, ? FROM json_each(?)",
        now,
        lines,
    )
    sql.run(
        "INSERT INTO ledger (at, kind, reference, location, sku, delta, quantity, version)"
        " SELECT ?, 'receive', 'initial', value ->> 'location', value ->> 'sku', value ->> 'quantity', value ->> 'quantity', 1"
        " FROM json_each(?)",
        now,
        lines,
    )


def positions_text(sql: Sql) -> str:
    """What lies where, as {sku, location, quantity} texts joined by commas. Row by row: one value may hold 2 MB."""
    found = sql.rows(
        "SELECT json_object('sku', sku, 'location', location, 'quantity', quantity) FROM stock"
        " WHERE quantity > 0 ORDER BY location, sku"
    )
    return ",".join(row[0] for row in found)
