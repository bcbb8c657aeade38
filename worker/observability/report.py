"""From this isolate's counters to the object where those of all isolates come together.

At most one report is on its way: the first request after a report schedules the next one in `waitUntil`, so an isolate
that works reports every few seconds and one that rests reports nothing. A request pays one comparison.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from contracts.rpc import Context
from contracts.trace import new_trace_id
from durable_objects.metrics.names import TELEMETRY
from durable_objects.resilience.objects import call_object
from durable_objects.resilience.upstreams import UPSTREAMS
from worker.log import event
from worker.observability.metrics import METRICS, Metrics
from worker.observability.points import write_ready
from worker.resilience.shedding import INFLIGHT

INTERVAL_S = 5.0
GIVEN_UP_S = 30.0  # a scheduled report that has not come by then died with its request: another may be scheduled
_UPSTREAM_COUNTS = ("calls", "failures", "repeats", "refused")


class Reporter:
    def __init__(self) -> None:
        self.due = 0.0  # seconds since the epoch: the first request from then on schedules a report
        self._told = Metrics()  # what METRICS held at the last report
        self._told_more: dict[tuple[str, str], float] = {}
        self._waiting: dict[str, Any] | None = None  # a report that was not acknowledged: it goes first, unchanged
        self._isolate, self._number = "", 0
        self._busy_until = 0.0

    def begin(self, env: Any, context: Any, now: float) -> None:
        """Called when `due` has passed."""
        self.due = now + INTERVAL_S + GIVEN_UP_S
        context.waitUntil(self._later(env))

    async def _later(self, env: Any) -> None:
        await asyncio.sleep(INTERVAL_S)
        await self.flush(env)
        self.due = 0.0

    async def flush(self, env: Any) -> bool:
        """Report now; False when it did not arrive (it is kept) or another report is on its way."""
        now = time.time()
        if now < self._busy_until or getattr(env, "TELEMETRY", None) is None:
            return False
        self._busy_until = now + GIVEN_UP_S
        try:
            while True:
                fresh = self._waiting is None
                report = self._waiting = self._waiting or self._report(env)
                await call_object(
                    env.TELEMETRY, "TELEMETRY", TELEMETRY, "report", report, idempotent=True, context=Context()
                )
                self._waiting = None
                if fresh:
                    return True
        except Exception as fault:  # noqa: BLE001 - numbers must never disturb the work that they count
            event("telemetry-unreachable", error=repr(fault))
            return False
        finally:
            self._busy_until = 0.0

    def _report(self, env: Any) -> dict[str, Any]:
        self._isolate = self._isolate or new_trace_id()[:16]
        now = METRICS.copy()
        delta = now.minus(self._told)
        self._told = now
        self._number += 1
        write_ready(env, delta)
        upstreams = UPSTREAMS.report()
        more: dict[tuple[str, str], float] = {
            ("shed_total", priority): number for priority, number in INFLIGHT.shed.items()
        }
        more |= {
            (f"upstream_{name}_total", kind): about[name]
            for kind, about in upstreams.items()
            for name in _UPSTREAM_COUNTS
        }
        counters = delta.counters()
        counters += [
            [name, [label], value - self._told_more.get((name, label), 0)]
            for (name, label), value in more.items()
            if value != self._told_more.get((name, label), 0)
        ]
        self._told_more = {key: float(value) for key, value in more.items()}
        gauges: list[list[Any]] = [["inflight", [], INFLIGHT.count]]
        gauges += [
            [f"circuits_{state}", [kind], about[state]]
            for kind, about in upstreams.items()
            for state in ("open", "half_open")
            if about[state]
        ]
        return {
            "isolate": self._isolate,
            "number": self._number,
            "counters": counters,
            "routes": delta.routes(),
            "gauges": gauges,
        }


REPORTER = Reporter()
