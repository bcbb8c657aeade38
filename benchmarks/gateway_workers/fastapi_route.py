"""The yardstick: the product's cached, authenticated, rate-limited route, written the usual way with FastAPI on Workers.

It does per request what the gateway does: trace id, API key by its hash with role and tenant, a token bucket for client and
tenant, content negotiation, an answer from the isolate's memory with ETag and 304, the same response headers, one JSON log
line, and counters. Everything that FastAPI has a slow and a quick way for is done the quick way: no middleware, no response
model, a ready body.
"""

import hashlib
import hmac
import json
import random
import time
from collections import Counter, OrderedDict
from typing import Annotated

import asgi
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from workers import WorkerEntrypoint

KEYS = {
    hashlib.sha256(b"smx_dev_benchmark").hexdigest(): {"tenant": "default", "subject": "bootstrap", "role": "admin"},
}
ROLES = {"viewer": 1, "operator": 2, "admin": 3}
RATE, BURST = 1e6, 1e6
LAYOUT = {
    "type": "parametric",
    "aisles": 4,
    "blocks": 1,
    "bays_per_block": 5,
    "levels": 1,
    "sides": 2,
    "aisle_pitch_m": 5.0,
    "bay_width_m": 1.0,
    "end_gap_m": 1.0,
    "level_height_m": 1.5,
    "depot": {"aisle": 0, "cross_aisle": 0},
    "zones": [],
    "location_limits": {},
}
SECURITY = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "cross-origin-resource-policy": "same-origin",
}
app = FastAPI(openapi_url=None)
buckets: OrderedDict = OrderedDict()
memory: OrderedDict = OrderedDict()
requests: Counter = Counter()
outcomes: Counter = Counter()


class Principal:
    def __init__(self, tenant: str, subject: str, role: str) -> None:
        self.tenant, self.subject, self.role = tenant, subject, role


def trace(request: Request) -> str:
    given = request.headers.get("traceparent", "").split("-")
    return given[1] if len(given) == 4 else f"{random.getrandbits(128):032x}"


async def authenticated(authorization: Annotated[str, Header()] = "") -> Principal:
    scheme, _, token = authorization.partition(" ")
    digest = hashlib.sha256(token.strip().encode()).hexdigest()
    for known, record in KEYS.items():
        if scheme.lower() == "bearer" and hmac.compare_digest(known, digest):
            return Principal(**record)
    raise HTTPException(401, headers={"www-authenticate": 'Bearer realm="storemax"'})


def take(key: str, now: float) -> float:
    level, at = buckets.get(key, (BURST, now))
    level = min(BURST, level + (now - at) * RATE)
    if level < 1:
        raise HTTPException(429, headers={"retry-after": "1"})
    buckets[key] = (level - 1, now)
    buckets.move_to_end(key)
    return level - 1


async def limited(response: Response, who: Annotated[Principal, Depends(authenticated)]) -> Principal:
    now = time.time()
    left = take(f"{who.tenant}:client:{who.subject}", now)
    take(f"{who.tenant}:tenant", now)
    response.headers["ratelimit"] = f'"client";r={int(left)};t=1'
    response.headers["ratelimit-policy"] = f'"client";q={int(BURST)};w=1'
    return who


@app.get("/v1/warehouses/{warehouse_id}/layout")
async def layout(
    warehouse_id: str,  # noqa: ARG001 - FastAPI checks it
    request: Request,
    limits: Response,
    who: Annotated[Principal, Depends(limited)],
    accept: Annotated[str, Header()] = "*/*",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    began, trace_id = time.time(), trace(request)
    if ROLES[who.role] < ROLES["viewer"]:
        raise HTTPException(403)
    if not any(
        part.split(";")[0].strip() in ("*/*", "application/*", "application/json") for part in accept.split(",")
    ):
        raise HTTPException(406)
    key = f"{who.tenant}:{request.url.path}?{request.url.query}#{who.role}"
    entry = memory.get(key)
    cache = "hit"
    if entry is None or entry[2] < began:
        body = json.dumps(LAYOUT).encode()
        entry = memory[key] = (body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', began + 30, began)
        cache = "miss"
    memory.move_to_end(key)
    body, etag, _, stored = entry
    status = 304 if if_none_match == etag else 200
    headers = {
        **SECURITY,
        **limits.headers,
        "etag": etag,
        "cache-control": "private, no-cache",
        "x-trace-id": trace_id,
        "x-cache": cache,
        "age": str(int(began - stored)),
    }
    milliseconds = (time.time() - began) * 1000
    requests["layout", status] += 1
    outcomes[cache] += 1
    line = {
        "event": "request",
        "trace_id": trace_id,
        "method": request.method,
        "path": request.url.path,
        "route": "layout",
        "tenant": who.tenant,
        "status": status,
        "ms": round(milliseconds, 1),
        "cache": cache,
    }
    print(json.dumps(line))
    return Response(None if status == 304 else body, status, headers, "application/json")


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request.js_object, self.env, self.ctx)
