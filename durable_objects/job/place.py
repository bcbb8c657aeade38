"""A job's place among the running jobs of its agent type: asked for, kept and given back at the agent's TaskQueue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.rpc import Context
from durable_objects.resilience.objects import call_object

KIND = "TASK_QUEUE"


def queue_name(agent: str) -> str:
    """The TaskQueue of an agent type. No tenant's id begins with an at sign."""
    return f"@agent:{agent}"


@dataclass(frozen=True, slots=True)
class Place:
    """Every method may be repeated. Raises ProblemError unavailable when the queue cannot be reached."""

    env: Any
    agent: str
    job: str  # the job object's name
    trace_id: str = ""

    async def enter(self, tenant: str, cost: float) -> dict[str, Any]:
        """Queue, or ask again: {"lease"} with the place, or {"lease": None, "position", "waiting"}."""
        found: dict[str, Any] = await self._ask("enter", {"tenant": tenant, "cost": cost})
        return found

    async def keep(self, lease: str) -> None:
        """A sign of life. Raises ProblemError lease-lost, not-found."""
        await self._ask("keep", {"lease": lease})

    async def pause(self, lease: str, seconds: float) -> None:
        """Give the place to others, and be told again in `seconds` at the earliest."""
        await self._ask("pause", {"lease": lease, "seconds": seconds})

    async def leave(self) -> None:
        await self._ask("leave", {})

    async def look(self) -> dict[str, Any]:
        """As `enter` answers, without queueing."""
        found: dict[str, Any] = await self._ask("place", {})
        return found

    async def _ask(self, method: str, payload: dict[str, Any]) -> Any:
        return await call_object(
            self.env.TASK_QUEUE,
            KIND,
            queue_name(self.agent),
            method,
            {"id": self.job, **payload},
            idempotent=True,
            context=Context(self.trace_id),
        )
