"""Health and metrics."""

from __future__ import annotations

from typing import Literal

from contracts.base import Model
from worker.auth.principals import PRINCIPALS
from worker.cache.memory import MEMORY
from worker.call import Call, Reply
from worker.observability.health import report
from worker.observability.metrics import METRICS
from worker.resilience.shedding import INFLIGHT
from worker.routing import route


def heap_megabytes() -> float:
    """The Python heap of this isolate (the WebAssembly memory); a Worker may use 128 MB in all."""
    import pyodide_js

    return float(pyodide_js._module.HEAP8.length) / 1e6


class Health(Model):
    status: str


class Dependency(Model):
    """`age_s`: how long ago it last answered this isolate; null when it never did."""

    status: Literal["ok", "failing"]
    ms: float
    age_s: float | None
    error: str | None = None


class HealthReport(Model):
    status: Literal["ok", "degraded"]
    dependencies: dict[str, Dependency]


@route("GET", "/health", role="public", summary="Is the Worker up?", tag="system", cost=0, answers={200: Health})
async def health(call: Call) -> Reply:  # noqa: ARG001
    return Reply(body=Health(status="ok"))


@route(
    "GET",
    "/v1/health",
    role="viewer",
    summary="Every dependency, with the age of its last answer",
    tag="system",
    priority="critical",
    answers={200: HealthReport},
)
async def health_report(call: Call) -> Reply:
    return Reply(body=await report(call.env, call.principal.tenant), headers={"cache-control": "no-store"})


@route(
    "GET",
    "/v1/metrics",
    role="admin",
    summary="Counters of this isolate as Prometheus text",
    tag="system",
    priority="critical",
    answers={200: "text/plain"},
)
async def metrics(call: Call) -> Reply:  # noqa: ARG001
    gauges: dict[str, float] = {
        "heap_megabytes": heap_megabytes(),
        "inflight": INFLIGHT.count,
        "cache_entries": len(MEMORY),
        "principals": len(PRINCIPALS),
    }
    return Reply(body=METRICS.prometheus(gauges), media_type="text/plain; version=0.0.4")
