"""A zone on CPython's SQLite, for tests of the logic."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from durable_objects.sqlite import migrate
from durable_objects.state import zone_schema, zone_setup
from durable_objects.stock import audit, program, reading
from durable_objects.stock.posting import Posting, post, post_whole
from local.sqlite import LocalSql

NOW = 1_700_000_000_000
HERE, THERE = "A01-L-001-1", "A01-R-001-1"  # two of the zone's locations

ITEMS = (
    {"sku": "apple", "weight_g": 100, "length_mm": 80, "width_mm": 80, "height_mm": 80},
    {"sku": "pear", "weight_g": 200, "length_mm": 60, "width_mm": 60, "height_mm": 120},
    {"sku": "idea"},  # without measures
)


def new_zone(
    limits: Mapping[str, int] | None = None,
    stock: Sequence[Mapping[str, Any]] = (),
    *,
    allow_negative: bool = False,
    zone: str = "main",
    bays: int = 2,
) -> LocalSql:
    """One aisle of `bays` bays on two sides, three items, and what lies there at the beginning."""
    sql = LocalSql()
    migrate(sql, zone_schema.MIGRATIONS)
    program.install(sql)
    layout = {"type": "parametric", "aisles": 1, "blocks": 1, "bays_per_block": bays, "levels": 1, "sides": 2}
    layout |= {"aisle_pitch_m": 5.0, "bay_width_m": 1.0, "end_gap_m": 1.0, "level_height_m": 1.5}
    layout |= {"location_limits": dict(limits or {}), "zones": [{"id": zone, "first_aisle": 0, "last_aisle": 0}]}
    zone_setup.take(sql, zone, {"delivery": 1, "kind": "layout", "layout": layout}, NOW)
    zone_setup.take(sql, zone, {"delivery": 2, "kind": "items", "items": ITEMS}, NOW)
    if stock:
        zone_setup.take(sql, zone, {"delivery": 3, "kind": "stock", "lines": list(stock)}, NOW)
    if allow_negative:
        zone_setup.take(sql, zone, {"delivery": 4, "kind": "settings", "body": {"allow_negative": True}}, NOW)
    return sql


def line(op: str, amount: int, location: str = HERE, sku: str = "apple", **more: Any) -> dict[str, Any]:
    return {"op": op, "location": location, "sku": sku, "delta" if op == "adjust" else "quantity": amount, **more}


def run(sql: LocalSql, *lines: Mapping[str, Any], partial: bool = False) -> Posting:
    """Post lines as the zone's object does: in one statement where that is possible, otherwise in a transaction."""
    if not partial and post_whole(sql, json.dumps(lines), now=NOW, author="tester"):
        return Posting(*sql.rows("SELECT id, applied, refused FROM posting ORDER BY id DESC LIMIT 1")[0])
    return sql.transaction(lambda: post(sql, [json.dumps(lines)], now=NOW, author="tester", partial=partial))


def state(sql: LocalSql, location: str = HERE, sku: str = "apple") -> tuple[int, int, int]:
    """quantity, reserved, version."""
    found = reading.line(sql, "main", location, sku)
    return found["quantity"], found["reserved"], found["version"]


def differences(sql: LocalSql) -> list[dict[str, Any]]:
    """What the audit of the whole zone finds."""
    found = audit.check(sql, "", 1000)
    assert found["next"] is None
    return list(found["differences"])
