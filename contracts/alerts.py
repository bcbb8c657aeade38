"""Alert rules of an installation: what is watched, when it is too much, and what a receiver is told."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.base import Model, Slug

Signal = Literal["error_rate", "latency_p50", "latency_p95", "latency_p99", "request_rate", "queue_age"]
MAX_RULES = 50
# What `above` is measured in: shares of 5xx answers, milliseconds, requests per second, seconds.
UNITS: dict[str, str] = {
    "error_rate": "share",
    "latency_p50": "ms",
    "latency_p95": "ms",
    "latency_p99": "ms",
    "request_rate": "1/s",
    "queue_age": "s",
}


class AlertRule(Model):
    """Fires when `signal` has been above `above` for `for_s` seconds; recovers when it is not above it any more."""

    name: Slug
    signal: Signal
    above: Annotated[float, Field(ge=0)]
    route: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_]*$")] = ""  # an operationId; empty: all requests
    queue: Annotated[str, Field(max_length=64, pattern=r"^[a-z\-]*$")] = ""  # an agent type; empty: the longest wait
    window_s: Annotated[int, Field(ge=30, le=3600)] = 300
    for_s: Annotated[int, Field(ge=0, le=3600)] = 0
    minimum_requests: Annotated[int, Field(ge=1, le=1_000_000)] = 20  # with fewer in the window nothing is judged
    severity: Literal["info", "warning", "critical"] = "warning"

    @model_validator(mode="after")
    def _scope_fits(self) -> AlertRule:
        if self.signal == "queue_age" and self.route:
            raise ValueError("a queue_age rule names a queue, not a route")
        if self.signal != "queue_age" and self.queue:
            raise ValueError("only a queue_age rule names a queue")
        return self


class AlertSettings(Model):
    """PUT /v1/alerts: all rules at once. Without a webhook the rules are evaluated and shown, and nobody is told."""

    webhook: Annotated[str, Field(min_length=8, max_length=2000)] | None = None
    repeat_s: Annotated[int, Field(ge=60, le=7 * 86_400)] = 3600  # a rule that goes on firing is told again
    rules: Annotated[tuple[AlertRule, ...], Field(max_length=MAX_RULES)] = ()

    @model_validator(mode="after")
    def _names_once(self) -> AlertSettings:
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names must differ: {', '.join(twice)}")
        return self


class AlertState(AlertRule):
    """`pending`: above the threshold, but not yet for `for_s`. `value` is null while there is nothing to judge by."""

    state: Literal["ok", "pending", "firing"] = "ok"
    value: float | None = None
    since: str | None = None  # when this state began
    told_at: str | None = None


class AlertDelivery(Model):
    """How the messages to the webhook fare."""

    waiting: int = 0
    last_status: int | None = None
    last_error: str = ""
    last_attempt_at: str | None = None


class Alerts(Model):
    """GET /v1/alerts. `secret` (Standard Webhooks, whsec_…) is in the one answer that makes it."""

    webhook: str | None = None
    repeat_s: int = 3600
    rules: tuple[AlertState, ...] = ()
    evaluated_at: str | None = None
    delivery: AlertDelivery = AlertDelivery()
    secret: str | None = None


class AlertMessage(Model):
    """What is posted to the webhook, signed as in Standard Webhooks. Keep the ids seen: a message may come twice."""

    type: Literal["alert", "alert.test"]
    rule: str
    state: Literal["firing", "resolved"]
    severity: Literal["info", "warning", "critical"]
    signal: Signal
    value: float | None
    threshold: float
    unit: str
    at: str
    since: str
    repeated: bool = False  # it fires still, and was told before
    environment: str
    text: str


class AlertTest(Model):
    """POST /v1/alerts/test: what came of a test message."""

    ok: bool
    status: int | None = None
    error: str = ""
