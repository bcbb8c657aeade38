"""A Worker that does nothing but build the product's models: their share of its import, pydantic's own included."""

from workers import Response, WorkerEntrypoint

import contracts.access
import contracts.agents
import contracts.alerts
import contracts.events
import contracts.jobs
import contracts.manage
import contracts.optimize
import contracts.paging
import contracts.stock
import contracts.tasks
import contracts.warehouse  # noqa: F401


class Default(WorkerEntrypoint):
    async def fetch(self, _request):
        return Response("hello")
