"""The optimizer's side of a job: start or join the solve of an attempt, follow it, tell it to stop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from contracts.errors import ProblemError
from contracts.jobs import JobCreate
from contracts.rpc import Context, dumps
from contracts.signing import Identity
from durable_objects.agent_call import INCARNATION_HEADER, call_agent, lines
from durable_objects.log import log
from durable_objects.resilience.objects import call_object

AGENT = "optimizer"


@dataclass(frozen=True, slots=True)
class Solver:
    """The instance that works for one job. `deadline_at`: seconds since the epoch."""

    env: Any
    tenant: str
    job: str
    session: str
    trace_id: str
    deadline_at: float

    @property
    def identity(self) -> Identity:
        return Identity(self.tenant, f"job:{self.job}", "agent")

    async def messages(
        self, request: JobCreate, attempt: int, data: str, warm_start: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        """{"type": "started", "incarnation"}, then what the agent says until its result or problem.

        The agent knows job and attempt: the same attempt again joins the solve that runs. Raises ProblemError as it
        answers; OSError when the stream ends too early.
        """
        body = dumps(
            {
                "problem": request.problem,
                "budget": request.budget.model_dump(),
                "stamp": {"job": f"{self.tenant}.{self.job}", "attempt": attempt},
            }
        )
        warm = "" if warm_start is None else f',"warm_start":{warm_start}'
        response = await call_agent(
            self.env,
            agent=AGENT,
            session=self.session,
            method="POST",
            path="/optimize",
            identity=self.identity,
            body=f'{body[:-1]}{warm},"data":{data}}}',  # texts all the way: the problem may be large
            headers={"content-type": "application/json", "accept": "application/x-ndjson"},
            context=Context(self.trace_id, self.deadline_at),
            refuse=False,  # a job comes again by itself, and counts its losses
        )
        yield {"type": "started", "incarnation": str(response.headers.get(INCARNATION_HEADER) or "")}
        async for line in lines(response):
            message = json.loads(line)
            yield message
            if message["type"] in ("result", "problem"):
                return
        raise OSError("the answer ended before its result")

    async def stop(self) -> None:
        """Free the container's cores; should it be gone, there is nothing to free."""
        try:
            await call_agent(
                self.env,
                agent=AGENT,
                session=self.session,
                method="DELETE",
                path=f"/optimize/{self.tenant}.{self.job}",
                identity=self.identity,
                context=Context(self.trace_id),
                refuse=False,
            )
        except (ProblemError, OSError) as fault:
            log("cancel-not-delivered", job=self.job, error=str(fault))


async def free_session(env: Any, trace_id: str) -> str:
    """An instance of the pool for an attempt without a session of its own. Raises ProblemError no-capacity."""
    context = Context(trace_id)
    choice = await call_object(env.AGENT_FLEET, "AGENT_FLEET", AGENT, "pick", None, idempotent=False, context=context)
    return str(choice["session"])
