"""`create_app`: the FastAPI application that every agent is built on.

Adds `/health`, `/ready` and `/metrics`, and puts the gate (trace, protocol, identity, admission, size, log) in front.
`app.state.lifecycle` tells an agent's code whether to stop; `app.state.metrics` takes its own metrics.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from containers.common import limits, logs, metrics, problems
from containers.common.gate import Gate
from containers.common.lifecycle import Hook, Lifecycle
from containers.common.settings import Settings
from contracts import protocol
from contracts.errors import ProblemError

StartHook = Callable[[FastAPI], "Awaitable[None] | None"]


def create_app(
    name: str,
    *,
    routers: Sequence[APIRouter],
    on_startup: StartHook | None = None,
    on_drain: Hook | None = None,
    settings: Settings | None = None,
    protocols: tuple[int, ...] = protocol.SUPPORTED,
) -> FastAPI:
    """An agent named `name` with its routes.

    `on_startup(app)` runs beside the server once it listens: until it returns, `/ready` says that it waits for it, and
    when it raises, the process ends with status 1. `on_drain()` runs when the agent is told to stop: set a flag, write
    a checkpoint. Both may be plain or async. Further readiness: `app.state.lifecycle.readiness.add(name, check)`.
    `protocols`: the versions that it speaks, best first.
    """
    chosen = settings or Settings.from_env()
    lifecycle = Lifecycle()
    if on_drain is not None:
        lifecycle.on_drain.append(on_drain)
    logs.configure(name, chosen.incarnation)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(_start(app, lifecycle, on_startup))
        yield
        starting.cancel()

    # No generated documentation: it would cost start-up time, and the public API is described at the edge.
    app = FastAPI(title=name, openapi_url=None, lifespan=lifespan)
    app.state.lifecycle, app.state.settings = lifecycle, chosen
    app.state.metrics = registry = metrics.Registry()
    requests = metrics.Counter("storemax_agent_requests_total", "Requests answered.", ("method", "route", "status"))
    seconds = metrics.Histogram("storemax_agent_request_seconds", "Time from request to last byte.", ("route",))
    registry.add(requests, seconds, *_gauges(lifecycle))
    app.router.routes += [_health(name, lifecycle, chosen, protocols), _ready(name, lifecycle), _metrics(registry)]
    for router in routers:
        app.include_router(router)
    problems.install(app)
    app.add_middleware(
        Gate,
        agent=name,
        settings=chosen,
        lifecycle=lifecycle,
        requests=requests,
        seconds=seconds,
        protocols=protocols,
    )
    return app


async def _start(app: FastAPI, lifecycle: Lifecycle, hook: StartHook | None) -> None:
    begun = time.perf_counter()
    try:
        answer = hook(app) if hook else None
        if inspect.isawaitable(answer):
            await answer
    except Exception as error:  # noqa: BLE001 - whatever it is, the agent must not pretend to be ready
        logs.log_exception("startup.failed", error)
        lifecycle.failure = type(error).__name__
        return
    lifecycle.started = True
    logs.log("ready", uptime_ms=round(lifecycle.uptime_s * 1000), hook_ms=round((time.perf_counter() - begun) * 1000))


def _health(name: str, lifecycle: Lifecycle, settings: Settings, protocols: tuple[int, ...]) -> Route:
    async def health(_request: Request) -> Response:
        """Liveness: the process is up and its event loop turns."""
        return JSONResponse(
            {
                "status": "ok",
                "agent": name,
                "incarnation": settings.incarnation,
                "version": settings.version,
                "revision": settings.revision,
                "protocols": list(protocols),
                "uptime_s": round(lifecycle.uptime_s, 3),
            }
        )

    return Route("/health", health, methods=["GET"])


def _ready(name: str, lifecycle: Lifecycle) -> Route:
    async def ready(_request: Request) -> Response:
        """Readiness: work may be sent. Otherwise 503 with what the agent waits for."""
        waiting = await lifecycle.readiness.waiting()
        if not waiting:
            return JSONResponse({"status": "ready", "agent": name, "in_flight": lifecycle.in_flight})
        raise ProblemError(
            "unavailable",
            "not ready: " + "; ".join(waiting.values()),
            extra={"waiting_for": [{"check": check, "detail": detail} for check, detail in waiting.items()]},
            headers={"Retry-After": "1"},
        )

    return Route("/ready", ready, methods=["GET"])


def _metrics(registry: metrics.Registry) -> Route:
    async def show(_request: Request) -> Response:
        return PlainTextResponse(registry.text(), media_type=metrics.CONTENT_TYPE)

    return Route("/metrics", show, methods=["GET"])


def _gauges(lifecycle: Lifecycle) -> list[metrics.Gauge]:
    mib = 1024 * 1024
    return [
        metrics.Gauge("storemax_agent_in_flight", "Requests being worked on.", lambda: lifecycle.in_flight),
        metrics.Gauge("storemax_agent_draining", "1 while the agent stops.", lambda: int(lifecycle.draining)),
        metrics.Gauge("storemax_agent_uptime_seconds", "Since the start.", lambda: lifecycle.uptime_s),
        metrics.Gauge("storemax_agent_memory_used_bytes", "Held now.", lambda: round(limits.memory_used_mb() * mib)),
        metrics.Gauge(
            "storemax_agent_memory_limit_bytes", "May be held.", lambda: round(limits.memory_limit_mb() * mib)
        ),
        metrics.Gauge("storemax_agent_cpus", "Processors that may be used.", limits.cpus),
        metrics.Gauge("process_cpu_seconds_total", "Processor time spent.", time.process_time, kind="counter"),
    ]
