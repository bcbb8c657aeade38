"""One attempt of a job: from the agent's first word to the result, or to the next attempt."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyodide.ffi import JsException

from contracts.errors import ProblemError, from_document
from contracts.jobs import JobCreate
from contracts.rpc import dumps
from durable_objects.agent_call import retryable
from durable_objects.job import best
from durable_objects.job.archive import Archive
from durable_objects.job.machine import MAX_LOSSES, Life, backoff_seconds
from durable_objects.job.place import Place
from durable_objects.job.solver import AGENT, Solver, free_session
from durable_objects.job.store import JobStore
from durable_objects.log import log

# A job that waits is told when it may run. Should that word be lost, it asks after so many seconds.
ASK_SECONDS = 30.0
# Too many jobs, or a rollout that is under way: nothing was lost, and it comes again until its deadline.
NO_ROOM = frozenset({"no-capacity", "overloaded", "protocol-unsupported"})


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def named_agent(tenant: str, request: JobCreate) -> str:
    """The instance that the client asked for; empty when any free one will do."""
    return f"{AGENT}:{tenant}.{request.session}" if request.session else ""


def place_of(env: Any, row: dict[str, Any], trace_id: str) -> Place:
    return Place(env, AGENT, f"{row['tenant']}:{row['id']}", trace_id)


def solver_of(env: Any, row: dict[str, Any], trace_id: str) -> Solver:
    session = row["agent"].partition(":")[2]
    return Solver(env, row["tenant"], row["id"], session, trace_id, float(row["deadline_at"]))


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt needs of its job. announce: tells the job's subscribers; wake: rings the job's alarm in seconds."""

    env: Any
    store: JobStore
    archive: Archive
    announce: Callable[..., None]
    wake: Callable[[float], Awaitable[None]]

    def row(self) -> dict[str, Any]:
        row = self.store.row()
        assert row is not None, "there is no work without a job"
        return row

    def trace(self) -> str:
        """The trace of the request that asked for the job: every attempt and the report belong to it."""
        return self.store.text("trace") or str(self.row()["id"])[-32:]

    async def attempt(self, life: Life) -> None:
        """Until the job is over or comes again later. Raises nothing but its own cancellation."""
        try:
            await self._run(life)
        except ProblemError as problem:
            if retryable(problem) and problem.code != "deadline-exceeded":
                await self._retry(life, problem)
            else:
                await self.fail(life, problem)
        except (OSError, JsException, ValueError) as fault:  # the stream broke: container or network is gone
            await self._retry(life, ProblemError("unavailable", f"the optimizer was lost: {fault}"))

    async def _run(self, life: Life) -> None:
        """One attempt, from request to final line. What comes after the job's end can still be its best plan."""
        row = self.row()
        if not row["agent"]:
            session = await free_session(self.env, self.trace())
            self.store.change(agent=f"{AGENT}:{session}")
            row = self.row()
        request = JobCreate.model_validate_json(row["request"])
        data = self.store.text("data") or "{}"
        plan = self.store.text("plan")
        warm_start = None if plan is None else dumps(json.loads(plan)["solution"])
        async for message in solver_of(self.env, row, self.trace()).messages(request, life.attempt, data, warm_start):
            now = self.store.life()
            if now != life:
                if now.over and now.attempt == life.attempt and message["type"] == "result":
                    self._keep_plan(best.plan_of_result(message["result"], life.attempt, final=False))
                if not now.over or now.attempt != life.attempt:
                    return  # another attempt took over: this answer no longer counts
            elif message["type"] == "started":
                self.store.change(incarnation=message["incarnation"])
            elif message["type"] == "incumbent":
                self._take_incumbent(message, life)
            elif message["type"] == "result":
                await self._succeed(life, message["result"])
            elif message["type"] == "problem":
                raise from_document(message["problem"])

    def _take_incumbent(self, message: dict[str, Any], life: Life) -> None:
        row = self.row()
        known = json.loads(row["best"]) if row["best"] else {}
        if message.get("solution") is not None and best.beats(known, message):
            problem = json.loads(row["request"])["problem"]
            self.store.put_text("plan", dumps(best.plan_of_incumbent(problem, message, life.attempt)))
            known = {**known, "plan": True}
        self.store.change(best=dumps(best.after_incumbent(known, message)))
        self.announce(
            "incumbent",
            objective=float(message["objective"]),
            bound=message.get("bound"),
            elapsed_s=message.get("elapsed_s"),
            attempt=life.attempt,
        )

    def _keep_plan(self, plan: dict[str, Any]) -> None:
        """The last plan of a job that was cancelled or ran out of time."""
        known = json.loads(self.row()["best"] or "{}")
        known |= {key: plan[key] for key in ("objective", "sense", "bound", "elapsed_s")}
        self.store.put_text("plan", dumps(plan))
        self.store.change(best=dumps({**known, "plan": True}))

    async def _succeed(self, life: Life, result: dict[str, Any]) -> None:
        text = dumps(result)
        large = await self.archive.keep_result(self.row(), text)
        if self.store.life() != life:
            return
        if not large:
            self.store.put_text("result", text)
        self.store.drop_text("plan")
        known = json.loads(self.row()["best"] or "{}")
        self.store.live(
            life.after("succeed"), finished_at=now_text(), best=dumps(best.after_result(known, result)), error=None
        )
        self.announce("state")
        await self.wake(0)

    async def _retry(self, life: Life, problem: ProblemError) -> None:
        """Give the place to others and come again after a pause; from the best plan so far, where there is one."""
        if self.store.life() != life:
            return
        row = self.row()
        losses = int(row["losses"]) + (problem.code not in NO_ROOM)
        if losses >= MAX_LOSSES:
            await self.fail(life, problem)
            return
        retry_after = str(problem.headers.get("retry-after", ""))
        pause = max(backoff_seconds(losses), float(retry_after) if retry_after.isdigit() else 0.0)
        request = JobCreate.model_validate_json(row["request"])
        kept = row["best"] if self.store.text("plan") is not None else None
        self.store.live(
            life.after("retry"),
            error=dumps(problem.document()),
            losses=losses,
            lease="",
            agent=named_agent(row["tenant"], request),
            best=kept,
        )
        self.announce("state")
        await self.wake(pause + ASK_SECONDS)
        try:
            await place_of(self.env, row, self.trace()).pause(row["lease"], pause)
        except ProblemError as fault:
            log("queue-unreachable", job=row["id"], error=str(fault))
            await self.wake(pause)

    async def fail(self, life: Life, problem: ProblemError) -> None:
        """The job is over without a result, unless it is over already."""
        if self.store.life() != life:
            return
        self.store.live(life.after("fail"), finished_at=now_text(), error=dumps(problem.document()), report="off")
        self.announce("state")
        await self.wake(0)
