"""One log line per request, metrics of all isolates, and health with ages."""

from __future__ import annotations

import time
import uuid

import httpx

from tests.edge.clock import tick
from tests.edge.conftest import Edge, until
from tests.edge.test_auth import bearer, make_key
from tests.edge.warehouses import create
from tests.worker.observability.prometheus import families


def test_each_request_writes_one_line_with_its_trace_and_outcome(edge: Edge) -> None:
    name, trace = create(edge), uuid.uuid4().hex
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    paths = [f"/v1/warehouses/{name}/layout", f"/v1/warehouses/{name}/layout", "/v1/warehouses/nowhere/layout"]
    answers = [edge.http.get(path, headers=headers) for path in paths]
    assert {answer.headers["x-trace-id"] for answer in answers} == {trace}

    def lines() -> list[dict]:
        return [line for line in edge.log_lines() if line.get("trace_id") == trace and line["event"] == "request"]

    found = until(lambda: len(lines()) >= 3 and lines(), what="the log lines")
    assert [(line["route"], line["status"], line["cache"]) for line in found] == [
        ("get_layout", 200, "miss"),
        ("get_layout", 200, "hit"),
        ("get_layout", 404, "miss"),
    ]
    for line, path in zip(found, paths, strict=True):
        assert (line["method"], line["path"], line["tenant"]) == ("GET", path, "default")
        assert line["ms"] >= 0


def test_the_metrics_are_valid_prometheus_text_and_count_every_request_once(edge: Edge) -> None:
    def seen() -> float:
        answer = edge.http.get("/v1/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        found = families(answer.text)
        assert found["storemax_telemetry_up"][()] == 1
        return found["storemax_requests_total"].get((("route", "whoami"), ("status", "200")), 0)

    before = seen()
    for _ in range(7):
        edge.http.get("/v1/me")
    assert seen() == before + 7


def test_metrics_are_for_admins_of_the_installation_alone(edge: Edge) -> None:
    """They tell of all tenants together."""
    with httpx.Client(base_url=edge.url, timeout=30) as http:
        assert http.get("/v1/metrics").status_code == 401
        for key in (
            make_key(edge, role="operator"),
            make_key(edge, role="admin", tenant="metrics-rival"),
            make_key(edge, role="admin", warehouses=["north"]),
        ):
            assert http.get("/v1/metrics", headers=bearer(key)).status_code == 403
            assert http.get("/v1/alerts", headers=bearer(key)).status_code == 403
        assert http.get("/v1/metrics", headers=bearer(make_key(edge, role="admin"))).status_code == 200


def test_health_tells_each_dependency_with_its_age_and_each_step_of_the_clock(edge: Edge) -> None:
    tick(edge)
    report = edge.http.get("/v1/health").json()
    assert {"kv", "r2", "access-registry", "rate-limiter", "telemetry", "agents:optimizer"} <= set(
        report["dependencies"]
    )
    for name, part in report["dependencies"].items():
        assert (part["status"], part["age_s"]) == ("ok", 0.0), name
    for step in ("alerts", "measure", "minimum-instances"):
        assert report["cron"][step]["status"] == "ok"
        assert report["cron"][step]["age_s"] < 30
    assert report["circuits"]["TELEMETRY"]["state"] == "closed"
    assert report["status"] == "ok"


def test_the_clock_measures_queues_and_shows_itself_in_the_metrics(edge: Edge) -> None:
    began = time.time()
    tick(edge)
    found = families(edge.http.get("/v1/metrics").text)
    assert found["storemax_queue_oldest_seconds"][(("queue", "optimizer"),)] >= 0
    assert found["storemax_cron_last_success_timestamp_seconds"][(("step", "measure"),)] >= began - 1
    assert found["storemax_cron_runs_total"][(("outcome", "ok"), ("step", "measure"))] >= 1


def test_agents_tell_how_calls_to_them_fare(edge: Edge) -> None:
    for agent in edge.http.get("/v1/agents").json()["agents"]:
        assert agent["circuit"]["state"] == "closed"
