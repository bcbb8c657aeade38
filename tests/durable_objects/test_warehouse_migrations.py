"""Data of every earlier release come forward: what was written stays, and what is new begins where it must."""

from __future__ import annotations

import json

import pytest

from durable_objects.sqlite import SchemaTooNew, migrate
from durable_objects.state import hub, outbox, warehouse, warehouse_schema
from local.sqlite import LocalSql
from tests.durable_objects.event_logs import numbers
from tests.durable_objects.warehouses import NOW

LAYOUT = {"type": "parametric", "aisles": 1, "bays_per_block": 1, "levels": 1, "sides": 2, "blocks": 1}


def old_warehouse(version: int) -> LocalSql:
    """A warehouse as a release with this schema version left it: three events, one item, one zone."""
    sql = LocalSql()
    migrate(sql, warehouse_schema.MIGRATIONS[:version])
    for name, value in (("id", "wh"), ("name", "Old"), ("created_at", NOW), ("layout_type", "parametric")):
        sql.run("INSERT INTO meta VALUES (?, ?)", name, json.dumps(value))
    sql.run("INSERT INTO text_part VALUES ('layout', 0, ?)", json.dumps(LAYOUT))
    sql.run("INSERT INTO zone (id, locations, stock_lines, stock_quantity) VALUES ('main', 2, 1, 7)")
    sql.run("INSERT INTO configuration VALUES (1, ?, 'someone', '{\"name\":\"Old\"}')", NOW)
    sql.run("INSERT INTO item (sku, body, revision) VALUES ('apple', '{\"sku\":\"apple\"}', 1)")
    for kind in ("warehouse.created", "items.changed", "items.changed"):
        sql.run("INSERT INTO event (type, zone, at, data) VALUES (?, '', ?, '{}')", kind, NOW)
    if version >= 2:
        sql.run("INSERT INTO job VALUES ('j', '2026-01-01T00:00:00Z', 1, '{\"id\":\"j\"}')")
    return sql


@pytest.mark.parametrize("version", range(1, len(warehouse_schema.MIGRATIONS)))
def test_an_older_warehouse_comes_forward_with_everything_in_it(version: int) -> None:
    sql = old_warehouse(version)
    assert migrate(sql, warehouse_schema.MIGRATIONS) == len(warehouse_schema.MIGRATIONS) - version
    assert migrate(sql, warehouse_schema.MIGRATIONS) == 0
    summary = warehouse.summary(sql)
    assert (summary["name"], summary["items"], summary["stock_quantity"], summary["sequence"]) == ("Old", 1, 7, 3)
    if version >= 2:
        assert sql.rows("SELECT id FROM job") == [["j"]]


@pytest.mark.parametrize("version", range(1, 4))
def test_the_events_of_an_older_warehouse_are_archived_and_sent_from_the_first_one(version: int) -> None:
    sql = old_warehouse(version)
    migrate(sql, warehouse_schema.MIGRATIONS)
    batch = outbox.next_batch(sql, "wh")
    assert batch is not None
    assert numbers(batch.events) == [1, 2, 3]
    assert outbox.cut(sql, NOW + 1, 0) == 1
    assert sql.rows("SELECT first, last FROM segment") == [[1, 3]]
    assert sql.rows("SELECT told FROM outgoing") == [[3]], "nobody follows yet: live begins at the head"
    assert hub.append(sql, "items.changed", {}, NOW) == 4


def test_data_of_a_newer_release_are_not_touched() -> None:
    sql = old_warehouse(1)
    sql.run("INSERT INTO schema_version VALUES (99, 'from the future')")
    with pytest.raises(SchemaTooNew):
        migrate(sql, warehouse_schema.MIGRATIONS)
