"""Alert rules of the installation: set, shown, tried."""

from __future__ import annotations

import os
import secrets
import time

from contracts.alerts import AlertMessage, Alerts, AlertSettings, AlertTest
from contracts.errors import Fault, ProblemError
from contracts.instants import rfc3339
from contracts.webhook_signing import new_secret
from durable_objects.metrics.names import TELEMETRY
from worker.auth.access import require_installation
from worker.call import Call, Reply
from worker.events.posting import post_signed
from worker.events.target import fault_of
from worker.routing import TABLE, route
from worker.settings import settings

TAG = "alerts"
PATH = "/v1/alerts"
EXAMPLE = {
    "webhook": "https://alerts.example.com/storemax",
    "repeat_s": 3600,
    "rules": [
        {"name": "errors", "signal": "error_rate", "above": 0.01, "window_s": 300, "for_s": 60, "severity": "critical"},
        {"name": "slow-layouts", "signal": "latency_p99", "above": 500, "route": "get_layout"},
        {"name": "solver-queue", "signal": "queue_age", "above": 60, "queue": "optimizer"},
    ],
}


@route("GET", PATH, role="admin", summary="Alert rules and how they stand", tag=TAG, answers={200: Alerts})
async def get_alerts(call: Call) -> Reply:
    require_installation(call.principal)
    return Reply(body=await call.rpc(call.env.TELEMETRY, TELEMETRY, "alerts"), headers={"cache-control": "no-store"})


@route(
    "PUT",
    PATH,
    role="admin",
    summary="Set all alert rules and where their messages go",
    tag=TAG,
    body=AlertSettings,
    answers={200: Alerts},
    problems=("invalid",),
    idempotent="sealed",
    examples={"errors, latency, queue": EXAMPLE},
    description="Rules are judged every minute, over the requests of all isolates. The answer shows the signing secret "
    "(Standard Webhooks) when one was made: for the first webhook, and for one that points elsewhere.",
)
async def put_alerts(call: Call) -> Reply:
    require_installation(call.principal)
    wish: AlertSettings = call.body
    _refuse_unknown_routes(wish)
    if wish.webhook is not None:
        fault = fault_of(wish.webhook, development=settings(call.env).environment == "development")
        if fault:
            raise ProblemError("invalid", f"/webhook: {fault}", errors=(Fault("/webhook", fault),))
    payload = {"settings": wish.model_dump(mode="json"), "secret": new_secret(os.urandom(32))}
    found = await call.rpc(call.env.TELEMETRY, TELEMETRY, "configure_alerts", payload)
    return Reply(body=found, headers={"cache-control": "no-store"})


@route(
    "POST",
    PATH + "/test",
    role="admin",
    summary="Post a test message to the alert webhook",
    tag=TAG,
    cost=20,
    answers={200: AlertTest},
    problems=("conflict",),
)
async def try_alerts(call: Call) -> Reply:
    require_installation(call.principal)
    target = await call.rpc(call.env.TELEMETRY, TELEMETRY, "alert_target", idempotent=True)
    if target is None:
        raise ProblemError("conflict", "no alert webhook is set: PUT /v1/alerts with one first")
    environment = settings(call.env).environment
    now = rfc3339(time.time())
    message = AlertMessage(
        type="alert.test",
        rule="test",
        state="firing",
        severity="info",
        signal="error_rate",
        value=0.0,
        threshold=0.0,
        unit="share",
        at=now,
        since=now,
        environment=environment,
        text="A test message of StoreMax: nothing is wrong.",
    )
    outcome = await post_signed(
        target["url"],
        target["secret"],
        f"alert_test_{secrets.token_hex(8)}",
        message.model_dump_json(),
        development=environment == "development",
    )
    return Reply(body={"ok": outcome["ok"], "status": outcome.get("status"), "error": str(outcome.get("error") or "")})


def _refuse_unknown_routes(wish: AlertSettings) -> None:
    """A rule on an operation that does not exist would never fire. Raises invalid."""
    known = {route.name for route in TABLE.routes}
    faults = tuple(
        Fault(f"/rules/{index}/route", f"there is no operation {rule.route!r}; see operationId in /v1/openapi.json")
        for index, rule in enumerate(wish.rules)
        if rule.route and rule.route not in known
    )
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=faults)
