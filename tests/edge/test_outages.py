"""What is answered when a part is away: old copies, degraded answers, documented refusals; and recovery. On real workerd."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.edge.apart import MAX_INFLIGHT, ORIGIN, Apart
from tests.edge.conftest import until
from tests.edge.warehouses import body, fresh_id


def warehouse(apart: Apart, http: httpx.Client) -> str:
    """A new one, whose breaker knows no failures."""
    name = fresh_id("apart")
    answer = http.post("/v1/warehouses", json=body(name))
    assert answer.status_code == 201, answer.text
    return f"/v1/warehouses/{name}"


@pytest.fixture
def http(apart: Apart):
    with apart.client(apart.key(role="admin")) as client:
        yield client


def test_an_old_copy_answers_for_a_truth_that_fails_and_says_so(apart: Apart, http: httpx.Client) -> None:
    path = warehouse(apart, http)
    fresh = http.get(path)
    assert fresh.headers["x-cache"] == "miss"
    with apart.faring("WAREHOUSE_STATE", "lost"):
        until(lambda: http.get(path).headers["x-cache"] != "hit", what="the copy's end")  # two seconds in the isolate
        old = http.get(path)
        assert old.status_code == 200
        assert old.json() == fresh.json()
        assert old.headers["x-cache"] == "stale"
        assert old.headers["warning"] == '110 - "Response is Stale"'
        assert int(old.headers["age"]) >= 2
    back = until(lambda: (found := http.get(path)).headers["x-cache"] == "miss" and found, what="the truth")
    assert "warning" not in back.headers


def test_a_copy_in_kv_answers_in_an_isolate_that_never_saw_the_truth(apart: Apart, http: httpx.Client) -> None:
    path = warehouse(apart, http) + "/layout"
    first = http.get(path)
    assert first.headers["x-cache"] == "miss"
    token = http.headers["authorization"].removeprefix("Bearer ")
    with apart.client(token, isolate=1) as other, apart.faring("WAREHOUSE_STATE", "lost"):
        found = until(lambda: (found := other.get(path)).status_code == 200 and found, what="the copy in KV")
    assert found.headers["x-cache"] == "kv"
    assert found.json() == first.json()
    assert found.headers["etag"] == first.headers["etag"]


def test_many_readers_of_one_thing_ask_the_truth_once(apart: Apart, http: httpx.Client) -> None:
    path = warehouse(apart, http) + "/layout"
    token = http.headers["authorization"].removeprefix("Bearer ")

    def read(_: int) -> httpx.Response:
        with apart.client(token) as client:
            return client.get(path)

    with ThreadPoolExecutor(6) as pool, apart.faring("WAREHOUSE_STATE", "held"):
        answers = [pool.submit(read, number) for number in range(6)]
        until(lambda: apart.worker.held("WAREHOUSE_STATE") == 1, what="the one question")
        seen = [apart.worker.held("WAREHOUSE_STATE") for _ in range(40)]
        assert set(seen) == {1}
        apart.worker.fare("WAREHOUSE_STATE", "pass")
        outcomes = Counter((answer.result().status_code, answer.result().headers["x-cache"]) for answer in answers)
    assert outcomes == Counter({(200, "miss"): 1, (200, "hit"): 5})


def test_without_a_copy_a_lost_object_is_503_with_retry_after_and_its_circuit_opens_and_closes(
    apart: Apart, http: httpx.Client
) -> None:
    path = warehouse(apart, http) + "/orders"
    with apart.faring("WAREHOUSE_STATE", "lost"):
        for _ in range(8):
            answer = http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
            assert int(answer.headers["retry-after"]) >= 1
        assert "is not asked for a moment" in answer.json()["detail"]  # the breaker refuses: nothing is asked any more
        report = http.get("/v1/health").json()
        assert report["circuits"]["WAREHOUSE_STATE"]["state"] == "open"
        assert report["circuits"]["WAREHOUSE_STATE"]["open"] >= 1
        write = http.post(path, json={"orders": [{"id": "o1", "lines": [{"sku": "apple", "quantity": 1}]}]})
        assert write.status_code == 503
    until(lambda: http.get(path).status_code == 200, what="the circuit's closing")
    assert http.get("/v1/health").json()["circuits"]["WAREHOUSE_STATE"]["state"] == "closed"


def test_other_warehouses_are_served_while_one_objects_circuit_is_open(apart: Apart, http: httpx.Client) -> None:
    broken, sound = warehouse(apart, http), warehouse(apart, http)
    with apart.faring("WAREHOUSE_STATE", "lost"):
        assert [http.get(f"{broken}/orders").status_code for _ in range(8)] == [503] * 8
    assert http.get(f"{sound}/orders").status_code == 200  # breakers are per object
    until(lambda: http.get(f"{broken}/orders").status_code == 200, what="the circuit's closing")


def test_a_key_that_cannot_be_verified_is_503_and_not_401(apart: Apart) -> None:
    key = apart.key()
    with apart.client(key) as client:
        with apart.faring("ACCESS_REGISTRY", "lost"):
            answer = client.get("/v1/me")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        until(lambda: client.get("/v1/me").status_code == 200, what="the registry")


def test_a_request_with_an_idempotency_key_is_not_done_when_nobody_can_remember_it(
    apart: Apart, http: httpx.Client
) -> None:
    name = fresh_id("apart")
    with apart.faring("IDEMPOTENCY", "lost"):
        answer = http.post("/v1/warehouses", json=body(name), headers={"idempotency-key": name})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert http.get(f"/v1/warehouses/{name}").status_code == 404


def test_metrics_without_their_object_are_this_isolates_own_and_say_so(apart: Apart) -> None:
    with apart.client() as admin, apart.faring("TELEMETRY", "lost"):
        answer = admin.get("/v1/metrics")
    assert answer.status_code == 200
    assert answer.headers["x-degraded"] == "telemetry"
    assert "storemax_telemetry_up 0" in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/uploads"),
        ("GET", "/v1/uploads/up-0123456789abcdef01234567"),
        ("GET", "{warehouse}/archive?day=2026-11-24"),
        ("GET", "{warehouse}/archive/2026-11-24/000000000001-000000000002.ndjson.gz"),
        ("GET", "{warehouse}/reports"),
    ],
)
def test_a_bucket_that_fails_is_503_with_retry_after(apart: Apart, http: httpx.Client, method: str, path: str) -> None:
    headers = {"content-type": "text/csv"} if method == "POST" else {}
    target = path.format(warehouse=warehouse(apart, http) if "{" in path else "")
    answer = http.request(method, target, headers=headers, content=b"a,b" if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
    assert int(answer.headers["retry-after"]) >= 1


def test_under_load_background_work_is_shed_first_then_ordinary_work_and_critical_work_last(
    apart: Apart, http: httpx.Client
) -> None:
    """At most 8 at once here: background up to 4, ordinary up to 8, critical up to 16."""
    path = warehouse(apart, http)
    token = http.headers["authorization"].removeprefix("Bearer ")

    def read(_: int) -> int:
        with apart.client(token) as client:
            return client.get(f"{path}/orders").status_code

    with ThreadPoolExecutor(MAX_INFLIGHT) as pool, apart.faring("WAREHOUSE_STATE", "held"):
        waiting = [pool.submit(read, number) for number in range(5)]
        until(lambda: apart.worker.held("WAREHOUSE_STATE") == 5, what="five requests under way")
        shed = http.get(f"{path}/zones/fast/audit")
        assert (shed.status_code, shed.json()["code"]) == (503, "overloaded")
        assert int(shed.headers["retry-after"]) >= 1
        assert http.get("/v1/me").status_code == 200
        waiting += [pool.submit(read, number) for number in range(3)]
        until(lambda: apart.worker.held("WAREHOUSE_STATE") == MAX_INFLIGHT, what="eight requests under way")
        assert http.get("/v1/me").status_code == 503
        assert http.get("/v1/metrics").status_code in (200, 403)
        assert http.get("/v1/health").status_code == 200
        apart.worker.fare("WAREHOUSE_STATE", "pass")
        assert Counter(answer.result() for answer in waiting) == Counter({200: MAX_INFLIGHT})
    assert http.get("/v1/me").status_code == 200


def test_a_deadline_ends_the_wait_for_an_object_that_does_not_answer(apart: Apart, http: httpx.Client) -> None:
    path = warehouse(apart, http)
    began = time.monotonic()
    with apart.faring("WAREHOUSE_STATE", "held"):
        answer = http.get(f"{path}/orders", headers={"x-deadline": "+0.5"})
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline-exceeded")
    assert time.monotonic() - began < 10


def test_only_a_named_origin_may_read_with_credentials_and_a_star_opens_nothing_in_production(apart: Apart) -> None:
    """CORS_ORIGINS is "*,https://wms.example" here, in the environment production."""
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    with apart.client() as http:
        known = http.get("/v1/me", headers={"origin": ORIGIN})
        assert known.headers["access-control-allow-origin"] == ORIGIN
        assert known.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in known.headers["vary"]
        told = http.options("/v1/keys", headers={"origin": ORIGIN, **asked})
        assert told.headers["access-control-allow-origin"] == ORIGIN
        assert "POST" in told.headers["access-control-allow-methods"]
        assert "authorization" in told.headers["access-control-allow-headers"]
        for sender in ("https://evil.example", "null", "https://wms.example.evil.example", "http://wms.example"):
            for answer in (
                http.get("/v1/me", headers={"origin": sender}),
                http.options("/v1/keys", headers={"origin": sender, **asked}),
                http.get("/v1/nowhere", headers={"origin": sender}),
            ):
                assert "access-control-allow-origin" not in answer.headers, sender
                assert "access-control-allow-credentials" not in answer.headers, sender
        refused = http.get("/v1/nowhere", headers={"origin": ORIGIN})  # the page may read why
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (404, ORIGIN)
