"""The state of what the gateway depends on, each with the age of its last answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import ProblemError
from contracts.rpc import dumps
from durable_objects.fleet.agents import AGENTS
from durable_objects.metrics.names import TELEMETRY
from durable_objects.resilience.objects import call_object
from durable_objects.resilience.upstreams import UPSTREAMS

TIMEOUT_S = 2.0
CRON_LATE_S = 300.0


@dataclass(slots=True)
class _Last:
    ok_at: float | None = None


_last: dict[str, _Last] = {}


def probes(env: Any, tenant: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    """One cheap read of each dependency, past retries and circuits: this tells how it is, not how we cope."""
    found: dict[str, Callable[[], Awaitable[Any]]] = {
        "kv": lambda: env.CACHE.get("health"),
        "r2": lambda: env.ARCHIVE.head("health"),
        "access-registry": lambda: env.ACCESS_REGISTRY.getByName(tenant).key_is_live(dumps({"id": "health"})),
        "rate-limiter": lambda: env.RATE_LIMITER.getByName(tenant).exchange(dumps({"reports": [], "wants": []})),
        "warehouse-directory": lambda: env.WAREHOUSE_DIRECTORY.getByName(tenant).page(dumps({"after": "", "limit": 1})),
        "idempotency": lambda: env.IDEMPOTENCY.getByName(f"{tenant}:i0").forget(dumps({"key": "health"})),
        "telemetry": lambda: env.TELEMETRY.getByName(TELEMETRY).cron_steps(dumps(None)),
    }
    for agent in AGENTS:
        found[f"agents:{agent}"] = lambda agent=agent: env.AGENT_FLEET.getByName(agent).listing(dumps(None))  # type: ignore[misc]
    return found


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
    *results, steps = await asyncio.gather(*(check(name, probe) for name, probe in found.items()), _cron(env))
    parts = dict(zip(found, results, strict=True))
    ok = all(part["status"] == "ok" for part in parts.values())
    ok = ok and all(step["status"] == "ok" for step in steps.values())
    circuits = UPSTREAMS.report()
    return {"status": "ok" if ok else "degraded", "dependencies": parts, "cron": steps, "circuits": circuits}


async def _cron(env: Any) -> dict[str, dict[str, Any]]:
    """Each step that ever ran. Nothing while Telemetry does not answer: its probe says so already."""
    try:
        steps = await asyncio.wait_for(
            call_object(env.TELEMETRY, "TELEMETRY", TELEMETRY, "cron_steps", idempotent=False), TIMEOUT_S
        )
    except (ProblemError, TimeoutError):
        return {}
    now = time.time()
    return {step["step"]: cron_state(step, now) for step in steps}


def cron_state(step: Mapping[str, Any], now: float) -> dict[str, Any]:
    """{status: ok | late | failed, age_s, seconds} of a step's last run {at, ok, every_s, seconds}."""
    age = now - step["at"]
    late = age > CRON_LATE_S + step["every_s"]
    status = "late" if late else ("ok" if step["ok"] else "failed")
    return {"status": status, "age_s": round(age, 1), "seconds": step["seconds"]}
