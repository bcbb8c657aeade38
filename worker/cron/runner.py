"""One tick of the clock: the steps that are due run side by side, each on its own, timed and logged.

A step that fails, hangs or is slow holds up no other. What became of each goes to Telemetry, so that health, metrics and
alert rules know it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.log import event


@dataclass(frozen=True, slots=True)
class Tick:
    """`at`: seconds since the epoch, the minute that the platform calls for. `trace_id`: of all that this tick does."""

    at: float
    trace_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """`run(env, tick)` gives fields for the log. `every_m`: minutes between two runs."""

    name: str
    run: Callable[[Any, Tick], Awaitable[Mapping[str, Any] | None]]
    every_m: int = 1
    patience_s: float = 60.0

    def due(self, at: float) -> bool:
        return int(at // 60) % self.every_m == 0


async def run_tick(
    env: Any, tick: Tick, steps: Sequence[Step], *, clock: Callable[[], float] = time.time
) -> list[dict[str, Any]]:
    """Run what is due; [{step, at, ok, seconds, every_s}…]. Never raises."""
    return list(await asyncio.gather(*(_run(env, tick, step, clock) for step in steps if step.due(tick.at))))


async def _run(env: Any, tick: Tick, step: Step, clock: Callable[[], float]) -> dict[str, Any]:
    began = clock()
    ok = True
    fields: Mapping[str, Any] | None = None
    fault: Exception | None = None
    try:
        fields = await asyncio.wait_for(step.run(env, tick), step.patience_s)
    except Exception as error:  # noqa: BLE001 - whatever a step raises, the other steps go on; it is logged and counted
        ok, fault = False, error
    seconds = round(clock() - began, 3)
    if fault is None:
        event("cron", trace_id=tick.trace_id, step=step.name, ok=True, seconds=seconds, **(fields or {}))
    else:
        event(
            "cron",
            trace_id=tick.trace_id,
            step=step.name,
            ok=False,
            seconds=seconds,
            error=repr(fault),
            exception=fault,
        )
    return {"step": step.name, "at": began, "ok": ok, "seconds": seconds, "every_s": step.every_m * 60}
