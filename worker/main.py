"""The Worker's entry: what Cloudflare calls, and the object classes that it instantiates."""

from __future__ import annotations

import gc
from typing import Any

import workers
from workers import WorkerEntrypoint

import worker.routes  # noqa: F401 - importing it registers every route
from durable_objects.access_registry import AccessRegistry
from durable_objects.agent_containers import OptimizerContainer, SyncContainer, WarehouseManagerContainer
from durable_objects.agent_fleet import AgentFleet
from durable_objects.idempotency_store import IdempotencyStore
from durable_objects.optimization_job import OptimizationJob
from durable_objects.rate_limiter import RateLimiter
from durable_objects.task_queue import TaskQueue
from durable_objects.telemetry import Telemetry
from durable_objects.warehouse_directory import WarehouseDirectory
from durable_objects.warehouse_state import WarehouseState
from durable_objects.warehouse_zone import WarehouseZone
from durable_objects.webhook_registry import WebhookRegistry
from worker.cron.steps import scheduled
from worker.events.consumer import consume
from worker.gateway import handle

__all__ = [
    "AccessRegistry",
    "AgentFleet",
    "Default",
    "IdempotencyStore",
    "OptimizationJob",
    "OptimizerContainer",
    "RateLimiter",
    "SyncContainer",
    "TaskQueue",
    "Telemetry",
    "WarehouseDirectory",
    "WarehouseManagerContainer",
    "WarehouseState",
    "WarehouseZone",
    "WebhookRegistry",
]


# What was imported lives as long as the isolate: the collector need not walk through it again during requests.
gc.collect()
gc.freeze()


class _Isolate:
    """What all requests of this isolate share: the bindings' wrappers, made once, and `waitUntil` of whichever runs."""

    env: Any = None

    @staticmethod
    def waitUntil(work: Any) -> None:
        workers.waitUntil(work)


async def _fetch(request: Any) -> Any:
    return await handle(_Isolate.env, _Isolate, request)


class Default(WorkerEntrypoint):  # type: ignore[misc]
    """The platform makes one for every request, looks its method up and inspects the signature of what it found.

    A bound method is new each time, and so is its inspection: 5 % of a request. `fetch` of an instance is one and the same
    function, whose signature is remembered.
    """

    def __init__(self, ctx: Any, env: Any) -> None:
        if _Isolate.env is None:
            _Isolate.env = env
        self.ctx, self.env = ctx, _Isolate.env
        self.fetch = _fetch  # type: ignore[method-assign]

    async def fetch(self, request: Any) -> Any:
        """Never called: the platform wants to see it in the class before it makes an instance."""
        return await _fetch(request)

    async def scheduled(self, controller: Any, env: Any = None, ctx: Any = None) -> None:  # noqa: ARG002
        await scheduled(self.env, float(controller.scheduledTime) / 1000)

    async def queue(self, batch: Any, env: Any = None, ctx: Any = None) -> None:  # noqa: ARG002
        await consume(self.env, batch)
