"""Drop what nobody will ask for again. Idempotency records and tasks are swept by their own objects' alarms; sessions
that merely expire are dropped by KV itself."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from contracts.rpc import Context
from durable_objects.resilience.objects import call_object
from worker.cron.directory import keys
from worker.cron.runner import Tick

UPLOADS_KEPT_S = 7 * 86_400
PAGES = 20  # of R2 listings in one run; the next run goes on from the beginning, and finds less


async def sweep_uploads(env: Any, tick: Tick) -> dict[str, Any]:
    """Uploads of more than a week ago: an import has read them, or never will."""
    kept = float(getattr(env, "UPLOADS_KEPT_SECONDS", None) or UPLOADS_KEPT_S)
    removed, cursor = 0, None
    for _ in range(PAGES):
        options: dict[str, Any] = {"prefix": "uploads/", "limit": 1000}
        if cursor:
            options["cursor"] = cursor
        page = await env.ARCHIVE.list(options)
        stale = [str(found.key) for found in page["objects"] if _seconds(found.uploaded) < tick.at - kept]
        if stale:
            await env.ARCHIVE.delete(stale)
            removed += len(stale)
        if not page["truncated"]:
            break
        cursor = str(page["cursor"])
    return {"removed": removed}


async def sweep_sessions(env: Any, tick: Tick) -> dict[str, Any]:
    """Sessions that have ended, and those whose API key is revoked: the gateway refuses them, and here they go."""
    now, removed, seen = time.time(), 0, 0
    alive: dict[tuple[str, str], bool] = {}
    async for key in keys(env, "session:"):
        name = str(key["name"])
        text = await env.CACHE.get(name)
        if not isinstance(text, str):
            continue
        seen += 1
        record = json.loads(text)
        tenant, key_id = str(record["tenant"]), str(record["key_id"])
        if key_id and (tenant, key_id) not in alive:
            alive[tenant, key_id] = await call_object(
                env.ACCESS_REGISTRY,
                "ACCESS_REGISTRY",
                tenant,
                "key_is_live",
                {"id": key_id},
                idempotent=True,
                context=Context(tick.trace_id),
            )
        if record["expires"] <= now or (key_id and not alive[tenant, key_id]):
            await env.CACHE.delete(name)
            removed += 1
    return {"sessions": seen, "removed": removed}


def _seconds(instant: Any) -> float:
    """Seconds since the epoch of a date, however the platform's wrapper gives it."""
    if isinstance(instant, datetime):
        return instant.timestamp()
    return float(instant.getTime()) / 1000
