"""Alert rules on real workerd: requests fail, the clock ticks, a receiver is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.webhook_signing import verify
from tests.edge.clock import tick
from tests.edge.conftest import Edge
from tests.edge.receiver import Receiver


@pytest.fixture(autouse=True)
def _no_rules_afterwards(edge: Edge) -> Iterator[None]:
    yield
    edge.http.put("/v1/alerts", json={})


def rules(url: str | None, *wishes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"webhook": url, "rules": list(wishes), **more}


# Reads of one operation that no other test uses, so that their requests are this test's alone.
ERRORS = {"name": "errors", "signal": "error_rate", "above": 0.5, "route": "list_webhooks", "window_s": 60}
LATE = {"x-deadline": "1000000000"}  # long past: 504


def test_a_rule_fires_is_told_signed_is_not_told_again_at_once_and_recovers(edge: Edge, receiver: Receiver) -> None:
    made = edge.http.put("/v1/alerts", json=rules(receiver.url, {**ERRORS, "minimum_requests": 5})).json()
    assert made["secret"].startswith("whsec_")
    for _ in range(6):
        assert edge.http.get("/v1/webhooks", headers=LATE).status_code == 504
    edge.http.get("/v1/metrics")  # what this isolate has counted is reported now, not in some seconds
    tick(edge)
    shown = edge.http.get("/v1/alerts").json()
    assert (shown["rules"][0]["state"], shown["rules"][0]["value"]) == ("firing", 1.0)
    assert "secret" not in shown
    headers, body = receiver.taken[0]
    assert verify(made["secret"], headers, body, time.time())
    told = json.loads(body)
    assert (told["rule"], told["state"], told["value"], told["threshold"]) == ("errors", "firing", 1.0, 0.5)
    tick(edge)
    assert len(receiver.taken) == 1, "told again before repeat_s"
    for _ in range(20):
        assert edge.http.get("/v1/webhooks").status_code == 200
    edge.http.get("/v1/metrics")
    tick(edge)
    assert json.loads(receiver.taken[1][1])["state"] == "resolved"
    assert edge.http.get("/v1/alerts").json()["rules"][0]["state"] == "ok"
    ids = {headers["webhook-id"] for headers, _ in receiver.taken}
    assert len(ids) == 2


def test_a_receiver_that_fails_is_shown_and_what_it_missed_waits(edge: Edge, receiver: Receiver) -> None:
    receiver.answers = [500]
    wish = {"name": "any-wait", "signal": "request_rate", "above": 0}
    edge.http.put("/v1/alerts", json=rules(receiver.url, wish))
    edge.http.get("/v1/me")
    edge.http.get("/v1/metrics")
    line = tick(edge)["alerts"]
    assert (line["messages"], line["taken"]) == (1, 0)
    delivery = edge.http.get("/v1/alerts").json()["delivery"]
    assert (delivery["waiting"], delivery["last_status"]) == (1, 500)
    receiver.answers = [204]
    tried = edge.http.post("/v1/alerts/test").json()
    assert (tried["ok"], tried["status"]) == (True, 204)
    assert json.loads(receiver.taken[-1][1])["type"] == "alert.test"


def test_a_redirect_is_not_followed(edge: Edge, receiver: Receiver) -> None:
    receiver.answers = [307]
    edge.http.put("/v1/alerts", json=rules(receiver.url))
    tried = edge.http.post("/v1/alerts/test").json()
    assert (tried["ok"], tried["status"]) == (False, 307)
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    ("wish", "pointer", "why"),
    [
        (rules("ftp://alerts.example.com/x"), "/webhook", "not http"),
        (rules("https://user:secret@alerts.example.com/x"), "/webhook", "credentials in the address"),
        (rules("https://"), "/webhook", "no host"),
        (rules(None, {**ERRORS, "route": "no_such_operation"}), "/rules/0/route", "an operation that does not exist"),
        (rules(None, {**ERRORS, "signal": "mood"}), "/rules/0/signal", "a signal that does not exist"),
        (rules(None, {**ERRORS, "above": "much"}), "/rules/0/above", "a threshold that is no number"),
        (rules(None, ERRORS, ERRORS), "", "one name twice"),
        (rules(None, {**ERRORS, "window_s": 5}), "/rules/0/window_s", "a window shorter than the reports' distance"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_pointer_and_change_nothing(
    edge: Edge, wish: dict[str, Any], pointer: str, why: str
) -> None:
    edge.http.put("/v1/alerts", json=rules(None, ERRORS))
    answer = edge.http.put("/v1/alerts", json=wish)
    assert answer.status_code == 422, why
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]], why
    assert [rule["name"] for rule in edge.http.get("/v1/alerts").json()["rules"]] == ["errors"]


def test_without_a_webhook_there_is_nothing_to_try(edge: Edge) -> None:
    edge.http.put("/v1/alerts", json={})
    assert edge.http.post("/v1/alerts/test").status_code == 409
