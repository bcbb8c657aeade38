"""The state of what the gateway depends on, each with the age of its last answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from contracts.rpc import dumps

TIMEOUT_S = 2.0


@dataclass(slots=True)
class _Last:
    ok_at: float | None = None


_last: dict[str, _Last] = {}


def probes(env: Any, tenant: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    """One cheap read of each dependency."""
    return {
        "kv": lambda: env.CACHE.get("health"),
        "r2": lambda: env.ARCHIVE.head("health"),
        "access-registry": lambda: env.ACCESS_REGISTRY.getByName(tenant).key_is_live(dumps({"id": "health"})),
        "rate-limiter": lambda: env.RATE_LIMITER.getByName(tenant).exchange(dumps({"reports": [], "wants": []})),
    }


async def check(name: str, probe: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    """{status: ok | failing, ms, age_s}: the age of the last good answer that this isolate got, 0 when it is this one."""
    began = time.time()
    last = _last.setdefault(name, _Last())
    try:
        await asyncio.wait_for(probe(), TIMEOUT_S)
    except Exception as fault:  # noqa: BLE001 - a failing dependency is what this reports
        now = time.time()
        age = None if last.ok_at is None else round(now - last.ok_at, 1)
        return {"status": "failing", "ms": round((now - began) * 1000, 1), "age_s": age, "error": type(fault).__name__}
    last.ok_at = time.time()
    return {"status": "ok", "ms": round((last.ok_at - began) * 1000, 1), "age_s": 0.0}


async def report(env: Any, tenant: str) -> dict[str, Any]:
    """Every dependency, side by side. `degraded` when one fails: the API answers without KV or R2, only poorer."""
    found = probes(env, tenant)
    results = await asyncio.gather(*(check(name, probe) for name, probe in found.items()))
    parts = dict(zip(found, results, strict=True))
    ok = all(part["status"] == "ok" for part in parts.values())
    return {"status": "ok" if ok else "degraded", "dependencies": parts}
