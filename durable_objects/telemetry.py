"""Telemetry (`all`): the one object where the numbers of every isolate come together, and the alert rules that watch them.

Isolates report what happened every few seconds; cron sets gauges and has the rules judged every minute. The messages that
this owes the receiver are posted by cron, which tells here what came of it.
"""

from __future__ import annotations

import time
from typing import Any

from contracts.rpc import answer
from durable_objects.base import StatefulObject
from durable_objects.metrics import alerts, series
from durable_objects.metrics.schema import MIGRATIONS
from durable_objects.sqlite import get_meta, set_meta

SWEEP_S = 600.0


class Telemetry(StatefulObject):
    MIGRATIONS = MIGRATIONS

    def _ready(self) -> None:
        self._swept = 0.0

    @answer
    async def report(self, payload: Any) -> bool:
        """An isolate's report (metrics/series.py); False when it came before."""
        now = time.time()
        if now - self._swept > SWEEP_S:
            self._swept = now
            series.sweep(self._sql, now)
        return series.take(self._sql, payload, now)

    @answer
    async def note(self, payload: Any) -> None:
        """{counters, gauges}: what cron has counted and seen."""
        series.count(self._sql, payload.get("counters", ()))
        series.gauge(self._sql, payload.get("gauges", ()), time.time())

    @answer
    async def cron_ran(self, payload: Any) -> None:
        """[{step, at, ok, seconds, every_s}…]: what became of the steps of one tick."""
        known = get_meta(self._sql, "cron", {})
        for step in payload:
            before = known.get(step["step"], {})
            success = step["at"] if step["ok"] else before.get("success_at")
            known[step["step"]] = {**step, "success_at": success}
        set_meta(self._sql, "cron", known)
        series.count(
            self._sql, [["cron_runs_total", [step["step"], "ok" if step["ok"] else "failed"], 1] for step in payload]
        )

    @answer
    async def cron_steps(self, _payload: Any) -> list[dict[str, Any]]:
        """The last run of every step."""
        return list(get_meta(self._sql, "cron", {}).values())

    @answer
    async def totals(self, _payload: Any) -> dict[str, Any]:
        """Everything for Prometheus."""
        found = series.totals(self._sql, time.time())
        found["gauges"] += alerts.firing(self._sql)
        for step in get_meta(self._sql, "cron", {}).values():
            found["gauges"].append(["cron_step_seconds", [step["step"]], step["seconds"]])
            if step["success_at"] is not None:
                found["gauges"].append(["cron_last_success_timestamp_seconds", [step["step"]], step["success_at"]])
        return found

    @answer
    async def configure_alerts(self, payload: Any) -> dict[str, Any]:
        """{settings: AlertSettings, secret: a fresh one} → Alerts, with the secret when it was taken."""
        secret = alerts.configure(self._sql, payload["settings"], payload["secret"])
        return {**alerts.shown(self._sql), "secret": secret}

    @answer
    async def alerts(self, _payload: Any) -> dict[str, Any]:
        return alerts.shown(self._sql)

    @answer
    async def evaluate_alerts(self, payload: Any) -> dict[str, Any] | None:
        """{environment} → what is to be posted now."""
        now = time.time()
        alerts.evaluate(self._sql, now, payload["environment"])
        return alerts.pending(self._sql, now)

    @answer
    async def alert_target(self, _payload: Any) -> dict[str, Any] | None:
        """{url, secret, messages: []}: for a test message."""
        return alerts.pending(self._sql, 0.0)

    @answer
    async def alerts_attempted(self, payload: Any) -> None:
        """[{id, ok, status, error}…]."""
        alerts.attempted(self._sql, payload, time.time())
