"""Webhooks: who is called when something happens."""

from __future__ import annotations

import os
import secrets
from typing import Any

from contracts.errors import Fault, ProblemError
from contracts.events import Webhook, WebhookCreate, WebhookCreated
from contracts.paging import Page, PageQuery, decode_cursor
from contracts.webhook_signing import new_secret
from worker.call import Call, Reply
from worker.events import webhooks
from worker.events.target import fault_of
from worker.objects import json_of, page
from worker.routing import route
from worker.settings import settings

TAG = "webhooks"
PATH = "/v1/webhooks"


@route(
    "POST",
    PATH,
    role="admin",
    summary="Have events posted to an address; the answer shows the signing secret once",
    tag=TAG,
    cost=5,
    body=WebhookCreate,
    answers={201: WebhookCreated},
    problems=("invalid", "conflict"),
    idempotent="sealed",
    max_body_bytes=65_536,
    examples={"orders": {"url": "https://erp.example.com/storemax", "types": ["orders", "stock.picked"]}},
    description="Deliveries are signed as in Standard Webhooks; see docs/events.md.",
)
async def create_webhook(call: Call) -> Reply:
    wish: WebhookCreate = call.body
    if fault := fault_of(wish.url, development=settings(call.env).environment == "development"):
        raise ProblemError("invalid", f"/url: {fault}", errors=(Fault("/url", fault),))
    if call.principal.warehouses is not None and not wish.warehouses:
        detail = "these credentials reach some warehouses alone: name those whose events you want"
        raise ProblemError("forbidden", detail, errors=(Fault("/warehouses", detail),))
    for warehouse in wish.warehouses:
        call.require_warehouse(warehouse)
    secret = new_secret(os.urandom(32))
    payload = {"id": f"wh_{secrets.token_hex(12)}", "secret": secret, "wish": json_of(wish)}
    shown = await _ask(call, "create", payload)
    headers = {"location": f"{PATH}/{shown['id']}", "cache-control": "no-store"}
    return Reply(201, {**shown, "secret": secret}, headers)


@route(
    "GET",
    PATH,
    role="admin",
    summary="The tenant's webhooks, and how their deliveries fare",
    tag=TAG,
    query=PageQuery,
    answers={200: Page},
)
async def list_webhooks(call: Call) -> Reply:
    key = decode_cursor(call.query.cursor, int)
    found = await _ask(call, "page", {"after": key[0] if key else 0, "limit": call.query.limit})
    following = decode_cursor(found["next"], int) if found["next"] else None
    return page(call, PATH, [shown for shown in found["items"] if _reaches(call, shown)], following)


@route(
    "GET",
    PATH + "/{webhook_id}",
    role="admin",
    summary="A webhook",
    tag=TAG,
    answers={200: Webhook},
    problems=("not-found",),
)
async def get_webhook(call: Call) -> Reply:
    return Reply(body=await _own(call))


@route(
    "DELETE",
    PATH + "/{webhook_id}",
    role="admin",
    summary="Delete a webhook; deliveries under way end with it",
    tag=TAG,
    answers={204: None},
    problems=("not-found",),
)
async def delete_webhook(call: Call) -> Reply:
    shown = await _own(call)
    await _ask(call, "delete", {"id": shown["id"]})
    return Reply(204)


def _reaches(call: Call, shown: dict[str, Any]) -> bool:
    allowed = call.principal.warehouses
    return allowed is None or (bool(shown["warehouses"]) and set(shown["warehouses"]) <= allowed)


async def _own(call: Call) -> dict[str, Any]:
    """The path's webhook. One that tells of warehouses beyond these credentials does not exist for them."""
    identity = call.params["webhook_id"]
    shown: dict[str, Any] = await _ask(call, "get", {"id": identity})
    if not _reaches(call, shown):
        raise ProblemError("not-found", f"there is no webhook {identity!r}")
    return shown


async def _ask(call: Call, method: str, payload: Any) -> Any:
    answer = await call.rpc(call.env.WEBHOOKS, call.principal.tenant, method, payload)
    if method in ("create", "delete"):
        webhooks.forget(call.principal.tenant)
    return answer
