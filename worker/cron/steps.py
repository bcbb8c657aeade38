"""What runs by the clock, and how often."""

from __future__ import annotations

import time
from typing import Any

from contracts.rpc import Context
from contracts.trace import new_trace_id
from durable_objects.metrics.names import TELEMETRY
from durable_objects.resilience.objects import call_object
from worker.cron.agents import keep_warm, measure
from worker.cron.alerts import judge_and_post
from worker.cron.reports import make_due
from worker.cron.runner import Step, Tick, run_tick
from worker.cron.sweep import sweep_sessions, sweep_uploads
from worker.cron.warm import warm
from worker.log import event
from worker.observability.report import REPORTER

# Alert rules are judged on what the last tick measured, at most a minute old.
STEPS = (
    Step("measure", measure),
    Step("alerts", judge_and_post),
    Step("minimum-instances", keep_warm),
    Step("reports", make_due, patience_s=300.0),
    Step("last-copies", warm, every_m=5, patience_s=240.0),
    Step("sweep-uploads", sweep_uploads, every_m=60),
    Step("sweep-sessions", sweep_sessions, every_m=60),
)


async def scheduled(env: Any, at: float) -> None:
    """One tick. `at`: the scheduled instant, seconds since the epoch."""
    tick = Tick(at or time.time(), new_trace_id())
    results = await run_tick(env, tick, STEPS)
    await REPORTER.flush(env)
    try:
        await call_object(
            env.TELEMETRY, "TELEMETRY", TELEMETRY, "cron_ran", results, idempotent=False, context=Context(tick.trace_id)
        )
    except Exception as fault:  # noqa: BLE001 - the steps are done; that nobody counts them is told to the log
        event("telemetry-unreachable", trace_id=tick.trace_id, error=repr(fault))
