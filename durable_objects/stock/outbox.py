"""A zone's events on their way to its warehouse: numbered in the transaction of the change, sent in order, kept until taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from durable_objects.sqlite import PART_CHARACTERS, Sql

BATCH_EVENTS = 500


def add(sql: Sql, kind: str, data: Mapping[str, Any], now: int) -> None:
    """One event, in the caller's transaction."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    sql.run("INSERT INTO outbox (type, at, data) VALUES (?, ?, ?)", kind, now, text)


def totals(sql: Sql) -> dict[str, int]:
    """stock_lines, stock_quantity, reserved_quantity, in_transit_quantity."""
    return {name: int(value) for name, value in sql.rows("SELECT name, value FROM counter")}


def waiting(sql: Sql) -> bool:
    return bool(sql.rows("SELECT 1 FROM outbox LIMIT 1"))


def batch(sql: Sql, zone: str) -> str | None:
    """The oldest events as WarehouseState.zone_events takes them; None when there are none."""
    (_, held), *found = sql.rows(
        "SELECT 0, json_group_object(name, CAST(value AS INTEGER)) FROM counter UNION ALL SELECT * FROM ("
        "SELECT sequence, json_object('type', type, 'zone', ?, 'at', at, 'data', json(data)) FROM outbox"
        " ORDER BY sequence LIMIT ?)",
        zone,
        BATCH_EVENTS,
    )
    texts: list[str] = []
    size = 0
    for _, text in found:
        size += len(text)
        if texts and size > PART_CHARACTERS:
            break
        texts.append(text)
    if not texts:
        return None
    news = {"zone": zone, "first": found[0][0], "count": len(texts), "totals": json.loads(held)}
    return f"{json.dumps(news)}\n[{','.join(texts)}]"


def taken(sql: Sql, last: int) -> None:
    """The warehouse has the events up to `last`."""
    sql.run("DELETE FROM outbox WHERE sequence <= ?", last)
