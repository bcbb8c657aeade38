"""Keep each agent type's minimum of instances warm, and note how its queue and its instances stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from contracts.rpc import Context
from durable_objects.fleet.agents import AGENTS
from durable_objects.metrics.names import TELEMETRY
from durable_objects.resilience.objects import call_object
from durable_objects.task_queue import AGENT as AGENT_QUEUE
from worker.cron.runner import Tick


async def keep_warm(env: Any, tick: Tick) -> dict[str, Any]:
    """Raises the first failure after every type has had its turn."""
    context = Context(tick.trace_id)
    results = await asyncio.gather(
        *(
            call_object(env.AGENT_FLEET, "AGENT_FLEET", name, "keep_warm", idempotent=True, context=context)
            for name in AGENTS
        ),
        return_exceptions=True,
    )
    warm: dict[str, int] = {}
    for name, result in zip(AGENTS, results, strict=True):
        if isinstance(result, BaseException):
            raise result
        warm[name] = len(result)
    return {"warm": warm}


async def measure(env: Any, tick: Tick) -> dict[str, Any]:
    """Queue ages and instances, as gauges."""
    context = Context(tick.trace_id)

    async def of(name: str) -> list[list[Any]]:
        queue, listing = await asyncio.gather(
            call_object(
                env.TASK_QUEUE, "TASK_QUEUE", f"{AGENT_QUEUE}:{name}", "statistics", idempotent=True, context=context
            ),
            call_object(env.AGENT_FLEET, "AGENT_FLEET", name, "listing", idempotent=True, context=context),
        )
        states = Counter(str(instance["status"]) for instance in listing["instances"])
        return [
            ["queue_oldest_seconds", [name], queue["oldest_waiting_seconds"] or 0.0],
            ["queue_waiting", [name], queue["waiting"]],
            *(["agent_instances", [name, status], number] for status, number in states.items()),
        ]

    gauges = [row for rows in await asyncio.gather(*map(of, AGENTS)) for row in rows]
    await call_object(
        env.TELEMETRY, "TELEMETRY", TELEMETRY, "note", {"gauges": gauges}, idempotent=True, context=context
    )
    return {"gauges": len(gauges)}
