"""Health and metrics."""

from __future__ import annotations

from typing import Any, Literal

from contracts.agents import Circuit
from contracts.base import Model
from contracts.errors import ProblemError
from durable_objects.metrics.names import TELEMETRY
from worker.auth.access import require_installation
from worker.auth.principals import PRINCIPALS
from worker.cache.memory import MEMORY
from worker.call import Call, Reply
from worker.log import event
from worker.observability.exposition import MEDIA_TYPE, text
from worker.observability.health import report
from worker.observability.metrics import METRICS
from worker.observability.report import REPORTER
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


class CronStep(Model):
    """The last run of a step: `late` when it should have run again by now."""

    status: Literal["ok", "late", "failed"]
    age_s: float
    seconds: float


class HealthReport(Model):
    """`circuits`: how calls to objects and agents fare in the isolate that answers."""

    status: Literal["ok", "degraded"]
    dependencies: dict[str, Dependency]
    cron: dict[str, CronStep]
    circuits: dict[str, Circuit]


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
    summary="The installation's numbers as Prometheus text",
    tag="system",
    priority="critical",
    answers={200: "text/plain"},
    description="Of all isolates together, for admins of the installation's own tenant. When they cannot be had, those of "
    "the answering isolate alone, with storemax_telemetry_up 0 and the header X-Degraded.",
)
async def metrics(call: Call) -> Reply:
    require_installation(call.principal)
    await REPORTER.flush(call.env)
    rows: list[list[Any]] = [
        ["heap_megabytes", [], round(heap_megabytes(), 3)],
        ["cache_entries", [], len(MEMORY)],
        ["principals", [], len(PRINCIPALS)],
    ]
    headers = {}
    try:
        found = await call.rpc(call.env.TELEMETRY, TELEMETRY, "totals")
    except ProblemError as problem:
        event("telemetry-unreachable", trace_id=call.trace_id, error=str(problem))
        headers["x-degraded"] = "telemetry"
        rows += [*METRICS.counters(), ["inflight", [], INFLIGHT.count], ["telemetry_up", [], 0]]
    else:
        rows += [*found["counters"], *found["gauges"], ["isolates", [], found["isolates"]], ["telemetry_up", [], 1]]
    return Reply(body=text(rows), media_type=MEDIA_TYPE, headers=headers)
