"""Messages that were given up, kept in R2 for people: `dead-letters/{yyyy}/{mm}/{dd}/{message}.json`."""

from __future__ import annotations

from typing import Any

from contracts.rpc import dumps
from durable_objects.resilience.objects import call_object
from worker.clock import now_text
from worker.log import event


async def take(env: Any, body: dict[str, Any], message: str) -> None:
    """Keep a message, and tell the webhook whose delivery it was. The same message again is the same file."""
    await keep(env, message, body)
    if body.get("kind") == "delivery":
        payload = {"id": body["webhook"], "delivery": str(body.get("id", "")), "message": message}
        await call_object(env.WEBHOOKS, "WEBHOOKS", str(body["tenant"]), "dead", payload, idempotent=True)
    elif body.get("kind") == "events":
        await events_taken(env, body)


async def events_taken(env: Any, body: dict[str, Any]) -> None:
    """A batch of a warehouse's events {tenant, warehouse, first, last} is dealt with: it need not be sent again."""
    name, span = f"{body['tenant']}:{body['warehouse']}", {"first": int(body["first"]), "last": int(body["last"])}
    await call_object(env.WAREHOUSE_STATE, "WAREHOUSE_STATE", name, "events_taken", span, idempotent=True)


async def keep(env: Any, message: str, body: dict[str, Any]) -> None:
    at = now_text()
    event("dead-letter", message=message, kind=body.get("kind", ""))
    key = f"dead-letters/{at[:10].replace('-', '/')}/{message}.json"
    await env.ARCHIVE.put(key, dumps({"at": at, "message": message, "body": body}))
