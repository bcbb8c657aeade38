"""Keep the last copies of summaries and configurations in KV (worker/copies.py): written only when they have changed."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts.errors import ProblemError
from contracts.rpc import Context, dumps
from durable_objects.resilience.objects import call_object
from worker.copies import KEPT_S, KINDS, key
from worker.cron.directory import Known, keys, warehouses
from worker.cron.runner import Tick
from worker.log import event

AT_ONCE = 8
RENEW_S = KEPT_S / 2


async def warm(env: Any, tick: Tick) -> dict[str, Any]:
    """Every warehouse, some at a time. One that does not answer keeps its old copy."""
    known = {str(found["name"]): found.get("metadata") or {} async for found in keys(env, "copy:")}
    gate = asyncio.Semaphore(AT_ONCE)
    written = failed = total = 0

    async def one(place: Known) -> None:
        nonlocal written, failed
        async with gate:
            try:
                written += await _copy(env, tick, place, known)
            except ProblemError as problem:
                failed += 1
                event(
                    "warm-failed",
                    trace_id=tick.trace_id,
                    tenant=place.tenant,
                    warehouse=place.warehouse,
                    error=str(problem),
                )

    work = []
    async for place in warehouses(env):
        total += 1
        work.append(one(place))
    await asyncio.gather(*work)
    return {"warehouses": total, "written": written, "failed": failed}


async def _copy(env: Any, tick: Tick, place: Known, known: dict[str, Any]) -> int:
    written = 0
    name = f"{place.tenant}:{place.warehouse}"
    for kind in KINDS:
        found = await call_object(
            env.WAREHOUSE_STATE,
            "WAREHOUSE_STATE",
            name,
            kind,
            {"version": None},
            idempotent=True,
            context=Context(tick.trace_id),
        )
        version = str(found["sequence"] if kind == "summary" else found["version"])
        place_in_kv = key(place.tenant, place.warehouse, kind)
        before = known.get(place_in_kv) or {}
        if str(before.get("version")) == version and tick.at - float(before.get("at", 0)) < RENEW_S:
            continue
        await env.CACHE.put(
            place_in_kv, dumps(found), expirationTtl=KEPT_S, metadata={"version": version, "at": tick.at}
        )
        written += 1
    return written
