import json
from typing import Any

import pytest

from contracts.errors import ProblemError
from durable_objects.state import hub, warehouse, zone_news
from tests.durable_objects.warehouses import NOW, new_warehouse


def news(first: int, count: int, quantity: int) -> tuple[dict[str, Any], str]:
    events = [{"type": "stock.adjusted", "zone": "main", "at": NOW, "data": {"n": first + i}} for i in range(count)]
    totals = {"stock_lines": 1, "stock_quantity": quantity, "reserved_quantity": 2, "in_transit_quantity": 3}
    return {"zone": "main", "first": first, "count": count, "totals": totals}, json.dumps(events)


def test_a_zones_events_follow_the_warehouses_own_and_its_totals_reach_the_summary() -> None:
    sql = new_warehouse()
    before = hub.head(sql)
    assert zone_news.take(sql, *news(1, 3, quantity=7)) == 3
    events = hub.read(sql, "wh", before, 10)
    assert [(event["sequence"], event["data"]["n"]) for event in events] == [(before + n, n) for n in (1, 2, 3)]
    summary = warehouse.summary(sql)
    assert (summary["stock_lines"], summary["stock_quantity"]) == (1, 7)
    assert (summary["reserved_quantity"], summary["in_transit_quantity"]) == (2, 3)


def test_a_late_message_changes_neither_events_nor_totals() -> None:
    sql = new_warehouse()
    zone_news.take(sql, *news(1, 3, quantity=7))
    zone_news.take(sql, *news(4, 1, quantity=9))
    before = hub.head(sql)
    assert zone_news.take(sql, *news(1, 3, quantity=7)) == 4
    assert hub.head(sql) == before
    assert warehouse.summary(sql)["stock_quantity"] == 9


def test_of_a_message_that_overlaps_only_the_new_events_are_stored() -> None:
    sql = new_warehouse()
    zone_news.take(sql, *news(1, 3, quantity=7))
    before = hub.head(sql)
    assert zone_news.take(sql, *news(2, 4, quantity=8)) == 5
    assert [event["data"]["n"] for event in hub.read(sql, "wh", before, 10)] == [4, 5]


def test_a_gap_is_refused_and_says_where_to_go_on() -> None:
    sql = new_warehouse()
    with pytest.raises(ProblemError) as caught:
        zone_news.take(sql, *news(2, 1, quantity=7))
    assert (caught.value.code, caught.value.extra["next"]) == ("conflict", 1)
    assert warehouse.summary(sql)["stock_quantity"] == 0
