"""API keys of a tenant: made, listed, rotated with an overlap, revoked. A key is shown once."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import Field

from contracts.access import Identity, KeyCreate, KeyCreated, KeyInfo, KeyList, KeyRotate
from contracts.base import Model
from contracts.errors import ProblemError
from worker.auth import api_keys
from worker.auth.principals import PRINCIPALS
from worker.call import Call, Reply
from worker.routing import route


class KeyPage(Model):
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str, Field(max_length=64, pattern=r"^[0-9A-Za-z]+$")] | None = None
    tenant: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*$")] | None = None


class KeyTenant(Model):
    tenant: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*$")] | None = None


def _registry(call: Call, tenant: str | None) -> tuple[str, Any]:
    """The tenant whose keys are meant, and its registry object's name. Another tenant's only for the bootstrap key."""
    if tenant is None or tenant == call.principal.tenant:
        return call.principal.tenant, call.env.ACCESS_REGISTRY
    if not call.principal.platform:
        raise ProblemError("forbidden", "only the bootstrap key reaches the keys of another tenant")
    return tenant, call.env.ACCESS_REGISTRY


def _new(tenant: str) -> api_keys.ApiKey:
    return api_keys.make(tenant, os.urandom(52))


@route("GET", "/v1/me", role="viewer", summary="Who am I?", tag="access", answers={200: Identity})
async def whoami(call: Call) -> Reply:
    me = call.principal
    warehouses = None if me.warehouses is None else tuple(sorted(me.warehouses))
    return Reply(body=Identity(tenant=me.tenant, subject=me.subject, role=me.role, warehouses=warehouses, via=me.via))


@route(
    "POST",
    "/v1/keys",
    role="admin",
    summary="Make an API key; its secret is shown in this answer and never again",
    tag="access",
    body=KeyCreate,
    answers={201: KeyCreated},
    problems=("conflict",),
    idempotent="sealed",
    examples={"viewer": {"name": "wall display", "role": "viewer", "warehouses": ["berlin"]}},
)
async def create_key(call: Call) -> Reply:
    wish: KeyCreate = call.body
    tenant, registry = _registry(call, wish.tenant)
    key = _new(tenant)
    record = {**wish.model_dump(mode="json", exclude={"tenant"}), "id": key.key_id, "digest": key.digest}
    shown = await call.rpc(registry, tenant, "create_key", record)
    return Reply(201, {**shown, "key": key.text}, {"location": f"/v1/keys/{key.key_id}", "cache-control": "no-store"})


@route(
    "GET",
    "/v1/keys",
    role="admin",
    summary="List the API keys, without their secrets",
    tag="access",
    query=KeyPage,
    answers={200: KeyList},
)
async def list_keys(call: Call) -> Reply:
    page: KeyPage = call.query
    tenant, registry = _registry(call, page.tenant)
    return Reply(body=await call.rpc(registry, tenant, "list_keys", {"limit": page.limit, "cursor": page.cursor}))


@route(
    "POST",
    "/v1/keys/{key_id}/rotate",
    role="admin",
    summary="Replace a key; the old secret works for the overlap",
    tag="access",
    query=KeyTenant,
    body=KeyRotate,
    answers={201: KeyCreated},
    problems=("not-found", "conflict"),
    idempotent="sealed",
    examples={"one hour": {"overlap_s": 3600}},
)
async def rotate_key(call: Call) -> Reply:
    tenant, registry = _registry(call, call.query.tenant)
    key, old = _new(tenant), call.params["key_id"]
    wish = {"id": old, "new": {"id": key.key_id, "digest": key.digest}, "overlap_s": call.body.overlap_s}
    shown = await call.rpc(registry, tenant, "rotate_key", wish)
    PRINCIPALS.forget_key(tenant, old)  # its end may be near: verify it anew
    return Reply(201, {**shown, "key": key.text}, {"location": f"/v1/keys/{key.key_id}", "cache-control": "no-store"})


@route(
    "DELETE",
    "/v1/keys/{key_id}",
    role="admin",
    summary="Revoke a key, at once here and within 15 seconds everywhere",
    tag="access",
    query=KeyTenant,
    answers={200: KeyInfo},
    problems=("not-found",),
)
async def revoke_key(call: Call) -> Reply:
    tenant, registry = _registry(call, call.query.tenant)
    key_id = call.params["key_id"]
    shown = await call.rpc(registry, tenant, "revoke_key", {"id": key_id})
    PRINCIPALS.forget_key(tenant, key_id)
    return Reply(body=shown)
