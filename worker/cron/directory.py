"""Every warehouse of every tenant, from KV: the directories put a key there for each (durable_objects/warehouse_directory.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

PREFIX = "warehouse:"
PAGE = 1000  # what one KV listing gives at most


class Known(NamedTuple):
    tenant: str
    warehouse: str
    about: dict[str, Any]  # {reports, time_zone} as the configuration has them


async def warehouses(env: Any) -> AsyncIterator[Known]:
    async for key in keys(env, PREFIX):
        _, tenant, warehouse = str(key["name"]).split(":", 2)
        yield Known(tenant, warehouse, key.get("metadata") or {})


async def keys(env: Any, prefix: str) -> AsyncIterator[Any]:
    """Every KV key below a prefix, page by page."""
    cursor = None
    while True:
        options: dict[str, Any] = {"prefix": prefix, "limit": PAGE}
        if cursor:
            options["cursor"] = cursor
        page = await env.CACHE.list(options)
        for key in page["keys"]:
            yield key
        if page["list_complete"]:
            return
        cursor = page["cursor"]
