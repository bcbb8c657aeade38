"""What a zone is told by its warehouse: its locations, the items' measures, its settings, and the stock at the beginning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from durable_objects.sqlite import Sql, chunks, get_meta, scalar, set_meta
from durable_objects.state.locations import fill_listed, fill_parametric
from durable_objects.stock.posting import post
from durable_objects.stock.schema import LOADS


def take(sql: Sql, zone: str, message: Mapping[str, Any], now: int) -> None:
    """Carry out one delivery of WarehouseState. Deliveries come in order; one that came before changes nothing."""

    def write() -> None:
        number, kind = message["delivery"], message["kind"]
        if kind == "layout":
            _layout(sql, zone, message)
        elif kind == "items":
            put_items(sql, json.dumps(message["items"], ensure_ascii=False))
        elif kind == "stock" and number > get_meta(sql, "last_delivery", 0):
            receive_initial(sql, message["lines"], now)
        elif kind == "settings":
            set_meta(sql, "settings", message["body"])
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
    # What lies at limited locations may weigh something else now.
    chosen = "AND s.location IN (SELECT location FROM stock WHERE sku IN (SELECT value ->> 'sku' FROM json_each(?)))"
    sql.run(LOADS.format(chosen=chosen), items)


def receive_initial(sql: Sql, lines: Sequence[Mapping[str, Any]], now: int) -> None:
    """Stock at the beginning, {sku, location, quantity} each: WarehouseState has checked it against the limits."""
    post(sql, chunks([{**line, "op": "open", "reference": "initial"} for line in lines]), now=now, author="warehouse")
