"""Stock over HTTP, in real workerd."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.edge.conftest import Edge, until
from tests.edge.stock import APPLES, EMPTY, PEARS, Zone, line
from tests.edge.test_auth import bearer, make_key
from tests.edge.warehouses import body, create, fresh_id


def test_operations_of_one_call_see_each_other_and_are_answered_in_order(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    answer = zone.post(
        line("receive", 5),
        line("reserve", 3, reference="order-1"),
        line("pick", 2, reference="order-1", reserved=True),
        line("transfer", 4, to=EMPTY),
        line("count", 8),
    )
    assert answer.status_code == 200, answer.text
    # 10 + 5 = 15; 3 of them reserved; 2 of those picked: 13 and 1; 4 moved: 9; counted: 8
    assert answer.json()["lines"] == [
        {"quantity": 15, "reserved": 0, "version": 2},
        {"quantity": 15, "reserved": 3, "version": 3},
        {"quantity": 13, "reserved": 1, "version": 4},
        {"quantity": 9, "reserved": 1, "version": 5, "to": {"quantity": 4, "reserved": 0, "version": 1}},
        {"quantity": 8, "reserved": 1, "version": 6},
    ]
    assert zone.state() == (8, 1, 6)
    assert zone.state(EMPTY) == (4, 0, 1)
    assert zone.differences() == []


def test_when_one_line_is_refused_nothing_changes_and_every_refused_line_is_named(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    answer = zone.post(
        line("receive", 5),
        line("pick", 16),
        line("receive", 1, sku="fig"),
        line("receive", 1, location="A09-L-001-1"),
        line("adjust", 1, version=7),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [
        "/lines/1/quantity",
        "/lines/2/sku",
        "/lines/3/location",
        "/lines/4/version",
    ]
    refused = answer.json()["refused"][3]
    assert refused == {
        "line": 4,
        "code": "version-conflict",
        "location": APPLES,
        "sku": "apple",
        "quantity": 10,
        "reserved": 0,
        "version": 1,
    }
    assert zone.state() == (10, 0, 1)


def test_in_a_partial_call_each_line_has_its_own_outcome(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    answer = zone.post(line("pick", 11), line("pick", 4), line("pick", 7), line("pick", 6), partial=True).json()
    assert (answer["applied"], answer["refused"]) == (2, 2)
    # 11 of 10 are too many; 4 go, 6 stay; 7 of 6 are too many; 6 go
    assert [entry["quantity"] for entry in answer["lines"]] == [10, 6, 6, 0]
    assert [entry.get("refused") for entry in answer["lines"]] == [
        "insufficient-stock",
        None,
        "insufficient-stock",
        None,
    ]
    assert zone.differences() == []


def test_a_call_of_ten_thousand_lines_is_applied_whole(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    places = [f"A{aisle:02d}-{side}-{bay:03d}-1" for aisle in (1, 2) for side in "LR" for bay in range(1, 6)]
    lines = [
        line("adjust", n % 7 + 1, location=places[n % 20], sku=("apple", "pear", "plum")[n % 3]) for n in range(10_000)
    ]
    answer = zone.post(*lines)
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["lines"]
    assert len(outcomes) == 10_000
    running = {(APPLES, "apple"): 10}
    for sent, outcome in zip(lines, outcomes, strict=True):
        key = (sent["location"], sent["sku"])
        running[key] = running.get(key, 0) + sent["delta"]
        assert outcome["quantity"] == running[key]
    assert zone.differences() == []


def test_ten_thousand_lines_with_long_names_pass_the_limit_of_one_value(edge: Edge) -> None:
    sku, reference = "s" * 128, "r" * 128
    zone = Zone(edge, create(edge, items=[{"sku": sku}], stock=[]))
    answer = zone.post(*[line("receive", 1, sku=sku, reference=reference)] * 10_000)  # about 4 MB; a value holds 2 MB
    assert answer.status_code == 200, answer.text
    assert answer.json()["lines"][-1] == {"quantity": 10_000, "reserved": 0, "version": 10_000}


BAD = [
    pytest.param(line("receive", -1), "/lines/0/quantity", id="a negative quantity"),
    pytest.param(line("count", -1), "/lines/0/quantity", id="a negative count"),
    pytest.param(line("receive", 0), "/lines/0/quantity", id="nothing to receive"),
    pytest.param(line("adjust", 0), "/lines/0", id="an adjustment by nothing"),
    pytest.param({**line("receive", 1), "quantity": 1.5}, "/lines/0/quantity", id="half a piece"),
    pytest.param({**line("receive", 1), "quantity": "1"}, "/lines/0/quantity", id="a number as text"),
    pytest.param({**line("receive", 1), "quantity": True}, "/lines/0/quantity", id="true is not 1"),
    pytest.param({**line("receive", 1), "quantity": 10**10}, "/lines/0/quantity", id="too many at once"),
    pytest.param(line("transfer", 1, to=APPLES), "/lines/0", id="to where it is"),
    pytest.param({"op": "receive", "location": APPLES, "quantity": 1}, "/lines/0/sku", id="no SKU"),
    pytest.param(line("destroy", 1), "/lines/0", id="an unknown operation"),
    pytest.param(line("receive", 1, colour="red"), "/lines/0/colour", id="an unknown member"),
    pytest.param(line("receive", 1, version=-1), "/lines/0/version", id="a negative version"),
    pytest.param(line("receive", 1, sku="a/b"), "/lines/0/sku", id="a SKU that is no identifier"),
]


@pytest.mark.parametrize(("bad", "pointer"), BAD)
def test_a_line_that_is_not_valid_is_named_by_pointer(edge: Edge, bad: dict[str, Any], pointer: str) -> None:
    answer = Zone(edge, "any").post(bad)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_body_that_is_too_large_or_has_too_many_lines_is_refused(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    assert zone.post(*[line("receive", 1)] * 10_001).status_code == 422
    huge = b'{"op":"count","quantity":' + b" " * (64 * 1024) + b"1}"
    kind = {"content-type": "application/json"}
    answer = edge.http.post(f"{zone.path}/stock/{APPLES}/apple", content=huge, headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert zone.state() == (10, 0, 1)


def test_limits_of_a_location_refuse_what_comes_in_but_not_what_is_counted(edge: Edge) -> None:
    layout = {"type": "parametric", "aisles": 1, "bays_per_block": 2, "location_limits": {"max_weight_g": 1000}}
    stock = [{"sku": "apple", "location": APPLES, "quantity": 9}]
    zone = Zone(edge, create(edge, layout=layout, stock=stock), "main")
    # an apple weighs 100 g: 9 are there, 10 may be
    refused = zone.operate({"op": "receive", "quantity": 2})
    assert (refused.status_code, refused.json()["code"]) == (409, "capacity-exceeded")
    assert refused.json()["errors"][0]["pointer"] == "/quantity"
    assert refused.json()["current"] == {"quantity": 9, "reserved": 0, "version": 1}
    assert zone.operate({"op": "receive", "quantity": 1}).status_code == 200
    assert zone.operate({"op": "count", "quantity": 30}).json()["quantity"] == 30
    assert zone.operate({"op": "pick", "quantity": 1}).json()["quantity"] == 29  # still too much, but less


def test_if_match_and_versions_refuse_what_was_decided_on_an_old_state(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    etag = edge.http.get(f"{zone.path}/stock/{APPLES}/apple").headers["etag"]
    assert etag == '"v1"'
    done = zone.operate({"op": "adjust", "delta": -1}, if_match=etag)
    assert (done.status_code, done.headers["etag"]) == (200, '"v2"')
    late = zone.operate({"op": "adjust", "delta": -1}, if_match=etag)
    assert (late.status_code, late.json()["code"]) == (412, "precondition-failed")
    assert late.json()["current"] == {"quantity": 9, "reserved": 0, "version": 2}
    versioned = zone.operate({"op": "adjust", "delta": -1, "version": 1})
    assert (versioned.status_code, versioned.json()["code"]) == (409, "version-conflict")
    # a line that was never touched has version 0
    assert zone.operate({"op": "receive", "quantity": 1}, location=EMPTY, if_match='"v0"').status_code == 200
    assert edge.http.get(f"{zone.path}/stock/{APPLES}/apple", headers={"if-none-match": '"v2"'}).status_code == 304


def test_unknown_zones_locations_and_skus_are_not_found(edge: Edge) -> None:
    name = create(edge)
    assert Zone(edge, name, "nowhere").post(line("receive", 1)).status_code == 404
    zone = Zone(edge, name)
    for place in (f"{zone.path}/stock/A09-L-001-1/apple", f"{zone.path}/stock/{APPLES}/fig"):
        assert edge.http.get(place).status_code == 404
    assert edge.http.get(f"/v1/warehouses/{name}/stock", params={"zone": "nowhere"}).status_code == 404


def test_a_repeated_request_with_its_key_gets_the_first_answer_byte_for_byte_and_changes_nothing(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    key = fresh_id("key")
    first = zone.post(line("receive", 5), line("pick", 20), key=key, partial=True)
    zone.post(line("receive", 100))
    again = zone.post(line("receive", 5), line("pick", 20), key=key, partial=True)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert zone.state() == (115, 0, 3)
    other = zone.post(line("receive", 6), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert zone.state() == (115, 0, 3)


def test_a_repeated_refusal_is_the_first_refusal_even_when_it_would_succeed_by_now(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    key, single = fresh_id("key"), fresh_id("key")
    first = zone.post(line("pick", 20), key=key)
    alone = zone.operate({"op": "pick", "quantity": 20}, idempotency_key=single, if_match='"v9"')
    zone.post(line("receive", 100))
    again = zone.post(line("pick", 20), key=key)
    assert first.status_code == 409
    assert (again.status_code, again.content) == (first.status_code, first.content)
    repeated = zone.operate({"op": "pick", "quantity": 20}, idempotency_key=single, if_match='"v9"')
    assert alone.status_code == 412
    assert (repeated.status_code, repeated.content) == (alone.status_code, alone.content)
    assert zone.state() == (110, 0, 2)


def test_negative_stock_is_refused_unless_the_zone_allows_it(edge: Edge) -> None:
    name = create(edge)
    zone = Zone(edge, name)
    assert zone.operate({"op": "pick", "quantity": 11}).json()["code"] == "insufficient-stock"
    settings = {"zones": {"fast": {"allow_negative": True}}}
    assert edge.http.patch(f"/v1/warehouses/{name}/configuration", json=settings).status_code == 200
    assert edge.http.get(zone.path).json()["allow_negative"] is True
    assert zone.operate({"op": "pick", "quantity": 11}).json()["quantity"] == -1
    assert edge.http.patch(f"/v1/warehouses/{name}/configuration", json={"zones": None}).status_code == 200
    assert zone.operate({"op": "pick", "quantity": 1}).json()["code"] == "insufficient-stock"
    assert zone.operate({"op": "receive", "quantity": 1}).json()["quantity"] == 0
    assert zone.differences() == []


def test_stock_is_listed_page_by_page_through_all_zones_with_filters_and_an_etag(edge: Edge) -> None:
    name = create(edge)
    Zone(edge, name).post(line("receive", 1, location=EMPTY), line("receive", 2, sku="plum"))
    path: str | None = f"/v1/warehouses/{name}/stock?limit=2"
    found: list[tuple[str, str, str, int]] = []
    while path:
        answer = edge.http.get(path)
        found += [(row["zone"], row["location"], row["sku"], row["quantity"]) for row in answer.json()["items"]]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert found == [
        ("bulk", PEARS, "pear", 20),
        ("fast", APPLES, "apple", 10),
        ("fast", APPLES, "plum", 2),
        ("fast", EMPTY, "apple", 1),
    ]

    def listed(**query: str) -> list[str]:
        items = edge.http.get(f"/v1/warehouses/{name}/stock", params=query).json()["items"]
        return [f"{row['location']} {row['sku']}" for row in items]

    assert listed(sku="apple") == [f"{APPLES} apple", f"{EMPTY} apple"]
    assert listed(zone="bulk") == [f"{PEARS} pear"]
    assert listed(location=APPLES) == [f"{APPLES} apple", f"{APPLES} plum"]
    etag = edge.http.get(f"/v1/warehouses/{name}/stock").headers["etag"]
    unchanged = {"if-none-match": etag}
    assert edge.http.get(f"/v1/warehouses/{name}/stock", headers=unchanged).status_code == 304
    Zone(edge, name).post(line("pick", 1, location=EMPTY))
    assert edge.http.get(f"/v1/warehouses/{name}/stock", headers=unchanged).status_code == 200
    assert listed(sku="apple") == [f"{APPLES} apple"]
    assert listed(sku="apple", empty="true") == [f"{APPLES} apple", f"{EMPTY} apple"]


def test_the_ledger_explains_every_quantity_page_by_page(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    zone.post(line("receive", 5, reference="delivery-7"), line("pick", 3))
    path: str | None = f"{zone.path}/ledger?limit=2&sku=apple"
    rows: list[dict[str, Any]] = []
    while path:
        answer = edge.http.get(path)
        rows += answer.json()["items"]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert [(row["sequence"], row["op"], row["delta"], row["quantity"]) for row in rows] == [
        (1, "open", 10, 10),
        (2, "receive", 5, 15),
        (3, "pick", -3, 12),
    ]
    assert (rows[1]["reference"], rows[1]["posting"], rows[1]["line"]) == ("delivery-7", 2, 0)


def test_the_warehouses_summary_and_event_log_follow_the_stock(edge: Edge) -> None:
    name = create(edge)
    before = edge.http.get(f"/v1/warehouses/{name}").json()
    assert (before["stock_lines"], before["stock_quantity"]) == (2, 30)
    zone = Zone(edge, name)
    zone.post(line("receive", 5, location=EMPTY), line("reserve", 2, reference="order-1"))

    def followed() -> Any:
        found = edge.http.get(f"/v1/warehouses/{name}").json()
        return found if found["stock_quantity"] == 35 else None

    after = until(followed)
    assert (after["stock_lines"], after["reserved_quantity"]) == (3, 2)
    assert after["sequence"] == before["sequence"] + 2  # stock.received and stock.reserved


def test_what_is_reserved_is_not_available(edge: Edge) -> None:
    zone = Zone(edge, create(edge))
    zone.post(line("reserve", 4, reference="order-1"))
    answer = edge.http.get(f"{zone.path}/stock/{APPLES}/apple").json()
    assert (answer["quantity"], answer["reserved"], answer["available"]) == (10, 4, 6)


def test_other_tenants_and_narrow_keys_do_not_reach_the_stock(edge: Edge) -> None:
    name = fresh_id()
    assert edge.http.post("/v1/warehouses", json=body(name)).status_code == 201
    path = f"/v1/warehouses/{name}/zones/fast/stock/{APPLES}/apple"
    rival, narrow, viewer = (
        make_key(edge, tenant="rival", role="admin"),
        make_key(edge, warehouses=["x"]),
        make_key(edge),
    )
    with httpx.Client(base_url=edge.url, timeout=30) as http:
        assert http.get(path, headers=bearer(rival)).status_code == 404
        assert http.get(path, headers=bearer(narrow)).status_code == 403
        operation = {"op": "receive", "quantity": 1}
        viewing = make_key(edge, role="viewer")
        assert http.post(path, json=operation, headers=bearer(viewing)).status_code == 403
        assert http.get(path, headers=bearer(viewer)).status_code == 200
