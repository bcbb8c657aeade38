"""A warehouse on CPython's SQLite, for tests of the logic."""

from __future__ import annotations

from typing import Any

from durable_objects.sqlite import migrate
from durable_objects.state import warehouse, warehouse_schema
from local.sqlite import LocalSql

NOW = 1_700_000_000_000


def new_warehouse(**changes: Any) -> LocalSql:
    """One aisle of two bays (four locations), items apple and pear, no stock."""
    sql = LocalSql()
    migrate(sql, warehouse_schema.MIGRATIONS)
    layout = {"type": "parametric", "aisles": 1, "blocks": 1, "bays_per_block": 2, "levels": 1, "sides": 2}
    layout |= {"aisle_pitch_m": 5.0, "bay_width_m": 1.0, "end_gap_m": 1.0, "level_height_m": 1.5}
    body = {
        "id": "wh",
        "name": "",
        "layout": layout,
        "items": [{"sku": "apple"}, {"sku": "pear"}],
        "stock": [],
        **changes,
    }
    warehouse.create(sql, body, "fingerprint", "tester", NOW)
    return sql


def order(order_id: str, *lines: tuple[str, int]) -> dict[str, Any]:
    return {"id": order_id, "lines": [{"sku": sku, "quantity": number} for sku, number in lines], "priority": 5}
