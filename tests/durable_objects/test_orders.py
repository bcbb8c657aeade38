import json

import pytest

from contracts.errors import ProblemError
from durable_objects.state import hub, orders, warehouse
from tests.durable_objects.warehouses import NOW, new_warehouse, order


def test_an_import_chunk_keeps_what_is_valid_and_says_why_it_rejects_the_rest() -> None:
    sql = new_warehouse()
    chunk = [order("good", ("apple", 1)), order("unknown", ("fig", 1)), {"id": "empty", "lines": []}]
    answer = orders.import_chunk(sql, "imp", 0, chunk, NOW)
    assert answer["accepted"] == 1
    assert {(row["order"], row["reason"]) for row in answer["rejected"]} == {
        ("unknown", "unknown-sku"),
        ("empty", "invalid-order"),
    }
    assert all(row["detail"] and row["cure"] for row in answer["rejected"])
    assert [entry["id"] for _, entry in orders.page(sql, 0, 10)] == ["good"]


def test_the_same_import_chunk_again_is_answered_as_before_even_when_the_item_exists_by_now() -> None:
    sql = new_warehouse()
    first = orders.import_chunk(sql, "imp", 0, [order("o", ("fig", 1))], NOW)
    warehouse.upsert_items(sql, [{"sku": "fig"}], NOW)
    before = hub.head(sql)
    assert orders.import_chunk(sql, "imp", 0, [order("o", ("fig", 1))], NOW) == first
    assert hub.head(sql) == before


def test_the_problem_input_holds_the_open_orders_in_the_order_of_arrival() -> None:
    sql = new_warehouse()
    orders.upsert(sql, [order("b", ("apple", 1)), order("a", ("pear", 2)), order("c", ("pear", 2))], NOW)
    orders.close(sql, ["a"], "cancelled", NOW)
    found = json.loads(orders.problem_text(sql, None, "[]", 7))
    assert [entry["id"] for entry in found["orders"]] == ["b", "c"]
    assert [item["sku"] for item in found["items"]] == ["apple", "pear"]
    assert found["version"] == 7
    chosen = json.loads(orders.problem_text(sql, ["c", "b"], "[]", 7))
    assert [entry["id"] for entry in chosen["orders"]] == ["c", "b"]


def test_an_unknown_order_in_a_problem_is_named_by_pointer() -> None:
    sql = new_warehouse()
    with pytest.raises(ProblemError) as caught:
        orders.problem_text(sql, ["nope"], "[]", 1)
    assert caught.value.errors[0].pointer == "/orders/0"


def test_a_closed_order_can_be_sent_again_but_not_changed() -> None:
    sql = new_warehouse()
    orders.upsert(sql, [order("o", ("apple", 1))], NOW)
    orders.close(sql, ["o"], "completed", NOW)
    assert orders.upsert(sql, [order("o", ("apple", 1))], NOW)["unchanged"] == 1
    with pytest.raises(ProblemError) as caught:
        orders.upsert(sql, [order("o", ("apple", 2))], NOW)
    assert caught.value.code == "conflict"


def test_the_first_import_result_stays() -> None:
    sql = new_warehouse()
    orders.record_import(sql, "imp", {"id": "imp", "rows": 3}, NOW)
    orders.record_import(sql, "imp", {"id": "imp", "rows": 4}, NOW)
    assert orders.get_import(sql, "imp") == {"id": "imp", "rows": 3}


def test_ten_thousand_large_orders_pass_the_limit_of_one_sqlite_value() -> None:
    # 10,000 orders of 5 lines are about 2.6 MB as one text; a value may hold 2 MB.
    sql = new_warehouse()
    many = [order(f"order-with-a-long-name-{n:06d}", *[("apple", 1)] * 5) for n in range(10_000)]
    assert orders.upsert(sql, many, NOW) == {"created": 10_000, "updated": 0, "unchanged": 0}
    assert warehouse.counter(sql, "order_lines_open") == 50_000
