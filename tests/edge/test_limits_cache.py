"""Rate-limit headers, cached reads and idempotency keys, against the running Worker."""

from __future__ import annotations

import re
import time

import httpx

from tests.edge.conftest import Edge
from tests.edge.warehouses import body, fresh_id


def from_memory(edge: Edge, path: str) -> httpx.Response:
    """The answer once it comes from the isolate's memory: the events of a creation drop copies for a moment."""
    deadline = time.monotonic() + 30
    while (answer := edge.http.get(path)).headers["x-cache"] != "hit":
        assert time.monotonic() < deadline, answer.headers
    return answer


def test_every_limited_answer_tells_its_policy_and_what_is_left(edge: Edge) -> None:
    answer = edge.http.get("/v1/me")
    assert re.fullmatch(r'"client";q=\d+;w=\d+', answer.headers["ratelimit-policy"])
    assert re.fullmatch(r'"client";r=\d+;t=\d+', answer.headers["ratelimit"])


def test_a_repeated_read_comes_from_memory_and_a_known_etag_gets_304(edge: Edge) -> None:
    warehouse = fresh_id()
    assert edge.http.post("/v1/warehouses", json=body(warehouse)).status_code == 201
    first = edge.http.get(f"/v1/warehouses/{warehouse}/layout")
    again = from_memory(edge, f"/v1/warehouses/{warehouse}/layout")
    assert first.headers["x-cache"] == "miss"
    assert first.json() == again.json()
    same = edge.http.get(f"/v1/warehouses/{warehouse}/layout", headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_a_write_is_seen_by_the_next_read(edge: Edge) -> None:
    warehouse = fresh_id()
    edge.http.post("/v1/warehouses", json=body(warehouse))
    before = edge.http.get(f"/v1/warehouses/{warehouse}").json()
    edge.http.post(f"/v1/warehouses/{warehouse}/items", json={"items": [{"sku": "fig", "weight_g": 10}]})
    after = edge.http.get(f"/v1/warehouses/{warehouse}")
    assert after.headers["x-cache"] == "miss"
    assert after.json()["items"] == before["items"] + 1


def test_a_warehouse_is_found_as_soon_as_it_is_made_though_it_was_just_not_found(edge: Edge) -> None:
    warehouse = fresh_id()
    path = f"/v1/warehouses/{warehouse}"
    assert [edge.http.get(path).status_code for _ in range(2)] == [404, 404]
    assert edge.http.post("/v1/warehouses", json=body(warehouse)).status_code == 201
    assert edge.http.get(path).status_code == 200


def test_a_change_of_the_configuration_is_read_by_whoever_made_it(edge: Edge) -> None:
    warehouse = fresh_id()
    edge.http.post("/v1/warehouses", json=body(warehouse))
    path = f"/v1/warehouses/{warehouse}/configuration"
    first = edge.http.get(path)
    from_memory(edge, path)
    edge.http.patch(path, json={"time_zone": "Europe/Berlin"})
    changed = edge.http.get(path)
    assert (changed.headers["x-cache"], changed.headers["etag"]) == ("miss", '"v2"')
    assert edge.http.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 200
    assert edge.http.get(path, headers={"if-none-match": '"v2"'}).status_code == 304


def test_a_repeat_with_the_same_idempotency_key_acts_once(edge: Edge) -> None:
    warehouse = fresh_id()
    header = {"idempotency-key": f"create-{warehouse}"}
    first = edge.http.post("/v1/warehouses", json=body(warehouse), headers=header)
    again = edge.http.post("/v1/warehouses", json=body(warehouse), headers=header)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = edge.http.post("/v1/warehouses", json=body(warehouse, name="Other"), headers=header)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


def test_a_deadline_that_has_passed_is_504_before_any_work(edge: Edge) -> None:
    late = edge.http.get("/v1/me", headers={"x-deadline": "1000000000"})
    assert (late.status_code, late.json()["code"]) == (504, "deadline-exceeded")
    assert edge.http.get("/v1/me", headers={"x-deadline": "soon"}).status_code == 400
    assert edge.http.get("/v1/me", headers={"x-deadline": "+20"}).status_code == 200
