"""Webhooks: from a batch of events to one delivery per receiver, and the delivery itself.

A delivery is a message of its own queue, so that a receiver that fails is tried again without the others. Its id is made
of the webhook and the range of events, so a receiver that keeps the ids it has seen gets every event once. The tenant's
WebhookRegistry knows it until it is settled, and sends it again should the queue lose it.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from contracts.rpc import dumps
from durable_objects.resilience.objects import call_object
from durable_objects.state.hub import wanted
from worker.events.posting import post_signed
from worker.log import event
from worker.settings import settings

KNOWN_FOR_S = 5.0  # an isolate remembers a tenant's webhooks this long
FIRST_PAUSE_S, MAX_PAUSE_S = 5, 21_600  # 5 s, 15 s, 45 s, … 6 h: ten tries within about 10 hours
MAX_BYTES = 120_000  # of a message; longer batches go without their events, which are fetched at delivery
_known: dict[str, tuple[float, list[dict[str, Any]]]] = {}


def forget(tenant: str) -> None:
    """This isolate changed the tenant's webhooks."""
    _known.pop(tenant, None)


async def fan_out(env: Any, body: dict[str, Any], message: str) -> None:  # noqa: ARG001
    """A batch of a warehouse's events {tenant, warehouse, first, last, events} → a delivery per webhook that wants some."""
    tenant, warehouse = str(body["tenant"]), str(body["warehouse"])
    hooks = [hook for hook in await _active(env, tenant) if not hook["warehouses"] or warehouse in hook["warehouses"]]
    if not hooks:
        return
    events = body["events"] or await _events(env, body)
    messages: dict[str, dict[str, str]] = {}
    for hook in hooks:
        chosen = [one for one in events if wanted(one["type"], one["zone"], hook["types"], hook["zones"])]
        if not chosen:
            continue
        delivery = {
            "kind": "delivery",
            "tenant": tenant,
            "warehouse": warehouse,
            "webhook": hook["id"],
            "first": body["first"],
            "last": body["last"],
            "events": chosen,
        }
        delivery["id"] = identity = delivery_id(delivery)
        text = dumps(delivery)
        if len(text.encode()) > MAX_BYTES:
            only = {"types": hook["types"], "zones": hook["zones"]}
            text = dumps({**delivery, "events": None, "only": only})
        messages[identity] = {"id": identity, "webhook": hook["id"], "body": text}
    if not messages:
        return
    expected = {"deliveries": list(messages.values())}
    for identity in await call_object(env.WEBHOOKS, "WEBHOOKS", tenant, "expect", expected, idempotent=False):
        await env.WEBHOOK_DELIVERIES.send(messages[identity]["body"], contentType="text")


async def deliver(env: Any, body: dict[str, Any], attempts: int) -> float | None:
    """Try a delivery. None: it is settled; else the seconds until the next try."""
    tenant, hook = str(body["tenant"]), str(body["webhook"])
    about = {"id": hook, "delivery": str(body.get("id", ""))}
    target = await call_object(env.WEBHOOKS, "WEBHOOKS", tenant, "target", about, idempotent=True)
    if target is None:
        return None
    outcome = await _post(env, target, body)
    settled = outcome["ok"] or outcome.get("gone")
    pause = None if settled else _pause(env, attempts)
    report = {**about, **outcome, "pause": pause}
    await call_object(env.WEBHOOKS, "WEBHOOKS", tenant, "attempted", report, idempotent=False)
    if not settled:
        event("webhook-failed", tenant=tenant, webhook=hook, attempts=attempts, **outcome)
    return pause


def _pause(env: Any, attempts: int) -> float:
    first = float(getattr(env, "WEBHOOK_RETRY_SECONDS", None) or FIRST_PAUSE_S)
    return min(float(MAX_PAUSE_S), first * float(3 ** (attempts - 1)))


async def _post(env: Any, target: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    """{"ok", "status", "error", "gone"}: one attempt."""
    events = body["events"]
    if events is None:
        only = body["only"]
        found = await _events(env, body)
        events = [one for one in found if wanted(one["type"], one["zone"], only["types"], only["zones"])]
    text = dumps(
        {
            "type": "events",
            "warehouse": body["warehouse"],
            "first": body["first"],
            "last": body["last"],
            "events": events,
        }
    )
    development = settings(env).environment == "development"
    return await post_signed(target["url"], target["secret"], delivery_id(body), text, development=development)


def delivery_id(body: dict[str, Any]) -> str:
    """The same for the same webhook and range, however often and from which message."""
    text = f"{body['webhook']}\n{body['tenant']}\n{body['warehouse']}\n{body['first']}\n{body['last']}"
    return "msg_" + hashlib.sha256(text.encode()).hexdigest()[:32]


async def _active(env: Any, tenant: str) -> list[dict[str, Any]]:
    now = time.time()
    known = _known.get(tenant)
    if known is None or known[0] <= now:
        found = await call_object(env.WEBHOOKS, "WEBHOOKS", tenant, "active", idempotent=True)
        if len(_known) > 1000:
            _known.clear()
        _known[tenant] = known = (now + KNOWN_FOR_S, found)
    return known[1]


async def _events(env: Any, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a range from the log, where a message was too small for them."""
    name = f"{body['tenant']}:{body['warehouse']}"
    span = {"first": body["first"], "last": body["last"]}
    found: list[dict[str, Any]] = await call_object(
        env.WAREHOUSE_STATE, "WAREHOUSE_STATE", name, "event_range", span, idempotent=True
    )
    return found
