"""Invalidation: whoever learns that something changed drops the copies that it made old, here and in KV."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from worker.cache.layers import KV_PREFIX
from worker.cache.memory import MEMORY

_PAGE = 1000  # what one KV listing gives at most

# Family of an event → what it makes old below /v1/warehouses/{id}; the summary itself changes with every event. Layouts and
# finished results never change, so no event costs them.
_BELOW: dict[str, tuple[str, ...]] = {
    "configuration": ("/configuration",),
    "warehouse": ("",),  # created or removed: everything
}


def forget_copies(tenant: str, path: str, location: str) -> None:
    """Whoever writes through this isolate reads the effect in it: the queue's event comes later.

    `path`: of the request that wrote; what lies under the same warehouse, or in the same collection, may be old. `location`:
    of what it made, of which "not found" may have been remembered.
    """
    now = time.time()
    for target in {path, location} - {""}:
        segments = target.partition("?")[0].split("/")
        kept = 4 if segments[2:3] == ["warehouses"] else 3  # /v1/warehouses/{id} or /v1/{resource}
        MEMORY.drop_prefix(f"{tenant}:{'/'.join(segments[:kept])}", now)


async def invalidate(env: Any, tenant: str, path_prefix: str) -> int:
    """Forget every copy of a tenant's answers below a path, here and in KV; how many KV copies there were.

    Other isolates keep theirs for the few seconds of the route's `Caching.isolate_s`.
    """
    MEMORY.drop_prefix(f"{tenant}:{path_prefix}", time.time())
    removed, cursor = 0, None
    while True:
        options = {"prefix": f"{KV_PREFIX}{tenant}:{path_prefix}", "limit": _PAGE}
        if cursor:
            options["cursor"] = cursor
        page = await env.CACHE.list(options)
        for key in page["keys"]:
            await env.CACHE.delete(key["name"])
            removed += 1
        if page["list_complete"]:
            return removed
        cursor = page["cursor"]


def prefixes_of(event: Mapping[str, Any]) -> Iterable[str]:
    """The path prefixes whose answers an event makes old. It has `warehouse`, and `types`: those of a batch's events, or
    nothing when they are not known."""
    warehouse = event.get("warehouse")
    if not warehouse:
        return ()
    base = f"/v1/warehouses/{warehouse}"
    types = event.get("types")
    if not types:
        return (f"{base}/", f"{base}?", "/v1/warehouses?")
    families = {str(kind).partition(".")[0] for kind in types}
    below = {part for family in families for part in _BELOW.get(family, ())}
    if "" in below:
        return (f"{base}/", f"{base}?", "/v1/warehouses?")
    return (f"{base}?", *(f"{base}{part}" for part in sorted(below)))


async def invalidate_for_events(env: Any, events: Iterable[Mapping[str, Any]]) -> int:
    """What a batch of events makes old, each prefix once. Events carry `tenant`."""
    wanted = {
        (str(event["tenant"]), prefix) for event in events if event.get("tenant") for prefix in prefixes_of(event)
    }
    removed = 0
    for tenant, prefix in sorted(wanted):
        removed += await invalidate(env, tenant, prefix)
    return removed
