"""A zone that was written by the first release goes on under this one."""

from __future__ import annotations

from durable_objects.sqlite import migrate
from durable_objects.state import zone_schema, zone_setup
from durable_objects.stock import outbox, program, reading
from local.sqlite import LocalSql
from tests.durable_objects.stock.zones import HERE, ITEMS, NOW, THERE, differences, line, run, state

# What the first release wrote: its tables are those of version 1, its stock came with the layout.
LAYOUT = """{"type": "parametric", "aisles": 1, "blocks": 1, "bays_per_block": 2, "levels": 1, "sides": 2, "aisle_pitch_m": 5.0,
    "bay_width_m": 1.0, "end_gap_m": 1.0, "level_height_m": 1.5, "location_limits": {"max_weight_g": 1500}, "zones": []}"""


def zone_of_version_1() -> LocalSql:
    """10 apples of 100 g here and no pear there, received at the beginning."""
    sql = LocalSql()
    migrate(sql, zone_schema.MIGRATIONS[:1])
    zone_setup.fill_parametric(sql, LAYOUT, "main")
    for item in ITEMS:
        names = ("sku", "weight_g", "length_mm", "width_mm", "height_mm")
        sql.run("INSERT INTO item VALUES (?, ?, ?, ?, ?)", *(item.get(name) for name in names))  # type: ignore[arg-type]
    for place, sku, quantity in ((HERE, "apple", 10), (THERE, "pear", 0)):
        sql.run("INSERT INTO stock VALUES (?, ?, ?, 1, ?)", place, sku, quantity, NOW)
        sql.run(
            "INSERT INTO ledger (at, kind, reference, location, sku, delta, quantity, version)"
            " VALUES (?, 'receive', 'initial', ?, ?, ?, ?, 1)",
            *(NOW, place, sku, quantity, quantity),
        )
    sql.run("INSERT INTO meta VALUES ('last_delivery', '3')")
    return sql


def test_stock_totals_and_ledger_of_version_1_are_kept_and_agree() -> None:
    sql = zone_of_version_1()
    assert migrate(sql, zone_schema.MIGRATIONS) == len(zone_schema.MIGRATIONS) - 1
    program.install(sql)
    assert (state(sql), state(sql, THERE, "pear")) == ((10, 0, 1), (0, 0, 1))
    assert outbox.totals(sql) == {
        "stock_lines": 1,
        "stock_quantity": 10,
        "reserved_quantity": 0,
        "in_transit_quantity": 0,
    }
    assert [(row["sequence"], row["op"], row["author"]) for row in reading.ledger(sql, 0, 9)] == [
        (1, "receive", ""),
        (2, "receive", ""),
    ]
    assert differences(sql) == []


def test_work_goes_on_from_there_with_versions_limits_and_ledger() -> None:
    sql = zone_of_version_1()
    migrate(sql, zone_schema.MIGRATIONS)
    program.install(sql)
    # 10 apples weigh 1,000 g of 1,500 g: what lay there before is part of the load
    done = run(
        sql, line("receive", 6), line("receive", 5, version=1), line("reserve", 2, reference="order-1"), partial=True
    )
    assert (done.applied, done.refused) == (2, 1)
    assert state(sql) == (15, 2, 3)
    assert outbox.totals(sql)["stock_quantity"] == 15
    assert differences(sql) == []
    assert migrate(sql, zone_schema.MIGRATIONS) == 0


def test_a_delivery_that_came_to_version_1_is_still_known() -> None:
    sql = zone_of_version_1()
    migrate(sql, zone_schema.MIGRATIONS)
    program.install(sql)
    again = {"delivery": 3, "kind": "stock", "lines": [{"sku": "apple", "location": HERE, "quantity": 10}]}
    zone_setup.take(sql, "main", again, NOW)
    assert state(sql) == (10, 0, 1)


def test_an_item_that_weighs_something_else_now_changes_the_load() -> None:
    sql = zone_of_version_1()
    migrate(sql, zone_schema.MIGRATIONS)
    program.install(sql)
    zone_setup.take(sql, "main", {"delivery": 4, "kind": "items", "items": [{"sku": "apple", "weight_g": 140}]}, NOW)
    # 10 apples of 140 g are 1,400 g of 1,500 g
    assert run(sql, line("receive", 1), partial=True).refused == 1
    assert differences(sql) == []
