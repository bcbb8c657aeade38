import json

import pytest

from contracts.errors import ProblemError
from durable_objects.state import hub
from tests.durable_objects.warehouses import NOW, new_warehouse


def events(*numbers: int) -> str:
    return json.dumps([{"type": "stock.adjusted", "zone": "z", "at": NOW, "data": {"n": n}} for n in numbers])


def test_a_batch_sent_twice_or_overlapping_is_stored_once() -> None:
    sql = new_warehouse()
    start = hub.head(sql)
    assert hub.append_from(sql, "zone:z", 1, events(1, 2), 2) == 2
    assert hub.append_from(sql, "zone:z", 1, events(1, 2), 2) == 2
    assert hub.append_from(sql, "zone:z", 2, events(2, 3), 2) == 3
    found = hub.read(sql, "wh", start, 10)
    assert [event["data"]["n"] for event in found] == [1, 2, 3]
    assert [event["sequence"] for event in found] == [start + 1, start + 2, start + 3]


def test_a_gap_in_a_source_is_refused_and_says_where_to_go_on() -> None:
    sql = new_warehouse()
    with pytest.raises(ProblemError) as caught:
        hub.append_from(sql, "zone:z", 2, events(2), 1)
    assert caught.value.extra["next"] == 1


def test_a_cursor_from_the_future_and_one_no_longer_kept_are_refused() -> None:
    sql = new_warehouse()
    hub.append_from(sql, "zone:z", 1, events(1, 2, 3), 3)
    with pytest.raises(ProblemError) as future:
        hub.check_cursor(sql, hub.head(sql) + 1)
    assert future.value.code == "bad-request"
    sql.run("DELETE FROM event WHERE sequence <= 2")
    with pytest.raises(ProblemError) as past:
        hub.check_cursor(sql, 0)
    assert past.value.code == "gone"
    hub.check_cursor(sql, 2)


def test_a_filter_by_family_covers_its_types_and_not_names_that_merely_begin_so() -> None:
    assert hub.wanted("stock.adjusted", "z", ["stock"], [])
    assert not hub.wanted("stocktake.started", "z", ["stock"], [])
    assert not hub.wanted("stock.adjusted", "z", [], ["y"])
