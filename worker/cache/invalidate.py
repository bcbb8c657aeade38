"""Invalidation: whoever learns that something changed calls `invalidate` (the consumer of the events queue, the handlers)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from worker.cache.layers import KV_PREFIX
from worker.cache.memory import MEMORY

_PAGE = 1000  # what one KV listing gives at most


async def invalidate(env: Any, tenant: str, path_prefix: str) -> int:
    """Forget every copy of a tenant's answers below a path, here and in KV; how many KV copies there were.

    Other isolates keep theirs for the few seconds of the route's `Caching.isolate_s`.
    """
    MEMORY.drop_prefix(f"{tenant}:{path_prefix}")
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
    """The path prefixes whose answers an event makes old. An event has `warehouse`, and may have `job` or `zone`."""
    warehouse = event.get("warehouse")
    if not warehouse:
        return ()
    return (f"/v1/warehouses/{warehouse}", "/v1/warehouses?")


async def invalidate_for_events(env: Any, events: Iterable[Mapping[str, Any]]) -> int:
    """What a batch of events makes old, each prefix once. Events carry `tenant`."""
    wanted = {
        (str(event["tenant"]), prefix) for event in events if event.get("tenant") for prefix in prefixes_of(event)
    }
    removed = 0
    for tenant, prefix in sorted(wanted):
        removed += await invalidate(env, tenant, prefix)
    return removed
