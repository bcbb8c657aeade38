"""Judge the alert rules, and post what they owe the receiver."""

from __future__ import annotations

import asyncio
from typing import Any

from contracts.rpc import Context
from durable_objects.metrics.names import TELEMETRY
from durable_objects.resilience.objects import call_object
from worker.cron.runner import Tick
from worker.events.posting import post_signed
from worker.settings import settings


async def judge_and_post(env: Any, tick: Tick) -> dict[str, Any]:
    environment = settings(env).environment
    context = Context(tick.trace_id)

    async def ask(method: str, payload: Any) -> Any:
        # Judging twice within a moment changes nothing: the message of a change is written with the change.
        return await call_object(
            env.TELEMETRY, "TELEMETRY", TELEMETRY, method, payload, idempotent=True, context=context
        )

    due = await ask("evaluate_alerts", {"environment": environment})
    if due is None or not due["messages"]:
        return {"messages": 0}
    development = environment == "development"
    outcomes = await asyncio.gather(
        *(
            post_signed(due["url"], due["secret"], message["identity"], message["body"], development=development)
            for message in due["messages"]
        )
    )
    results = [{**outcome, "id": message["id"]} for outcome, message in zip(outcomes, due["messages"], strict=True)]
    await ask("alerts_attempted", results)
    return {"messages": len(results), "taken": sum(result["ok"] for result in results)}
