"""Analytics Engine data points."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from worker import settings as settings_module
from worker.call import Call, Principal
from worker.observability import points
from worker.observability.metrics import Metrics
from worker.settings import parse


def call() -> Call:
    made = Call(SimpleNamespace(), None, None, Principal("acme", "key:1", "viewer"), {}, "0" * 32, method="POST")
    made.status, made.notes = 201, {"limit": "asked"}
    return made


def test_a_request_that_did_work_gets_a_point_with_its_tenant_as_index(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    monkeypatch.setattr(points, "_write", texts.append)
    monkeypatch.setattr(settings_module, "_current", parse({"ENVIRONMENT": "test"}.get))
    points.write_request(call(), "create_job", 12.34)
    assert [json.loads(text) for text in texts] == [
        {
            "indexes": ["acme"],
            "blobs": ["request", "create_job", "acme", "POST", "201", "", "asked", "test"],
            "doubles": [1, 12.3, 1.0],
        }
    ]


def test_a_sample_says_how_many_requests_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    monkeypatch.setattr(points, "_write", texts.append)
    monkeypatch.setattr(settings_module, "_current", parse({"ANALYTICS_SAMPLE": "0.1"}.get))
    for _ in range(2000):
        points.write_request(call(), "create_job", 1.0)
    assert 130 <= len(texts) <= 270  # 200 expected, five standard deviations of 13.4 either way
    assert {json.loads(text)["doubles"][2] for text in texts} == {10.0}


def test_answers_from_memory_are_summed_up_per_route(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    monkeypatch.setattr(points, "_write", texts.append)
    monkeypatch.setattr(settings_module, "_current", parse({"ENVIRONMENT": "test"}.get))
    metrics = Metrics()
    for _ in range(50):
        metrics.count("get_layout", 200, 0.5, "hit", "")
    metrics.count("get_layout", 200, 9.0, "miss", "")  # that one had a point of its own
    points.write_ready(SimpleNamespace(), metrics)
    assert [json.loads(text)["doubles"] for text in texts] == [[50, 25.0, 1]]
