"""The containers of the three agents: which program, which port, how long they stay awake, what they are told.

An object is named `agentType:sessionId`, so the same session always meets the same instance. Each start is admitted by
the fleet of its type, and each change of state is told to the fleet and to the event queue.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from datetime import UTC, datetime
from typing import Any

from pyodide.ffi import JsException
from workers import Response

from contracts.errors import ProblemError
from contracts.rpc import answer, dumps, unwrap
from durable_objects.container import Container, ContainerFault, Http, State
from durable_objects.container.faults import BackingOff, CrashLoop, NoInstance, NotReady, RateLimited, Stopped
from durable_objects.fleet.agents import AGENTS, AgentType
from durable_objects.log import log

PROBLEM_JSON = "application/problem+json"
REPORT_INTERVAL_SECONDS = 0.2  # how often a changing load is told to the fleet
SILENCE_SECONDS = 120.0  # an instance that runs is heard of at least this often
GRACE_SECONDS = 20.0  # from SIGTERM on, for work to finish or to give its best
KILL_AFTER_SECONDS = GRACE_SECONDS + 5.0  # a program that ends in order has ended by then

# What a start had still to wait for when its budget was over, by the fleet's reason.
_WAITED_FOR = {
    "rationed": "too many starts at once",
    "reclaiming": "no place yet: an idle instance is still ending",
}


class AgentContainer(Container):
    """What the three have in common."""

    agent: AgentType
    stop_grace = KILL_AFTER_SECONDS
    incarnation_variable = "STOREMAX_INCARNATION"
    incarnation_header = "x-storemax-incarnation"

    def __init__(self, ctx: Any, env: Any) -> None:
        self.agent = agent = self.agent.as_set(lambda name: _variable(env, name))
        self.default_port = agent.port
        self.sleep_after = agent.sleep_after
        self.enable_internet = agent.internet
        self.readiness = Http(agent.port, "/ready")
        self.liveness = Http(agent.port, "/health")
        self.entrypoint = agent.entrypoint
        variables = {
            "PORT": str(agent.port),
            "STOREMAX_INSTANCE": str(ctx.id.name or ""),
            "STOREMAX_GRACE_SECONDS": f"{GRACE_SECONDS:g}",
            "STOREMAX_MEMORY_MB": str(agent.memory_mb),
            "STOREMAX_SIGNING_KEY": _variable(env, "STOREMAX_SIGNING_KEY"),
            "STOREMAX_SIGNING_KEY_PREVIOUS": _variable(env, "STOREMAX_SIGNING_KEY_PREVIOUS"),
        }
        self.env_vars = {name: value for name, value in variables.items() if value}
        self.labels = {"agent": agent.name, "environment": _variable(env, "ENVIRONMENT") or "development"}
        self._events: deque[dict[str, Any]] = deque(maxlen=100)
        self._telling: asyncio.Task[None] | None = None
        self._untold = False
        self._told_at = 0.0
        super().__init__(ctx, env)

    @property
    def _session(self) -> str:
        return str(self._name.partition(":")[2] or self._name)

    # ---- RPC

    @answer
    async def status(self, _payload: Any) -> dict[str, Any]:
        """State, incarnation, load, breaker and last exit of this instance."""
        return await self._about()

    @answer
    async def halt(self, _payload: Any) -> dict[str, Any]:
        """Stop the program in order; the next request starts it again."""
        await self.stop()
        return await self._about()

    @answer
    async def make_room(self, payload: Any) -> dict[str, Any]:
        """{idle}: stop in order for the sake of another, unless somebody has asked within so many seconds."""
        if not self._activity.in_flight and time.time() - self._activity.last >= float(payload["idle"]):
            await self.stop()
        return await self._about()

    @answer
    async def warm(self, _payload: Any) -> dict[str, Any]:
        """Have the program running and ready, and put its sleep off."""
        try:
            await self.start_and_wait_for_ports()
        except ContainerFault as fault:
            raise problem_of(fault) from fault
        return await self._about()

    async def _about(self) -> dict[str, Any]:
        state = await self.get_state()
        return {"agent": self.agent.name, "session": self._session, **state, "news": self._news()}

    # ---- what the base class asks and tells

    async def _before_start(self, remaining: float) -> None:
        """Wait for the fleet's permission: for a turn, or for an idle instance that makes room. A fleet that cannot be
        reached lets the start pass: the platform has a limit of its own, and an agent that works is worth more than a
        count that is right."""
        deadline = time.time() + remaining
        while True:
            try:
                admission = await self._ask_fleet("admit", {"session": self._session})
            except (JsException, ProblemError) as fault:
                log("fleet.unreachable", instance=self._name, error=str(fault))
                return
            if admission["granted"]:
                return
            pause = float(admission["retry_after"])
            if admission["reason"] == "full":
                raise NoInstance(
                    f"all instances of the {self.agent.name} agent are in use, and this session has none of them",
                    retry_after=pause,
                )
            if time.time() + pause >= deadline:
                raise NoInstance(f"{_WAITED_FOR[admission['reason']]} of the {self.agent.name} agent", retry_after=2.0)
            await asyncio.sleep(pause)

    def _moved(self, before: State, after: State) -> None:
        kind = "crashed" if after.exit_code and before.status in ("running", "healthy") else after.status
        self._events.append(
            {
                "id": uuid.uuid4().hex,
                "type": f"agent.{kind.replace('_', '-')}",
                "at": datetime.fromtimestamp(after.last_change, UTC).isoformat().replace("+00:00", "Z"),
                "data": {
                    "agent": self.agent.name,
                    "session": self._session,
                    "incarnation": after.incarnation,
                    "from": before.status,
                    "to": after.status,
                    "exit_code": after.exit_code,
                    "reason": after.reason,
                },
            }
        )
        self._tell_soon()

    def _load_changed(self, _in_flight: int) -> None:
        self._tell_soon()

    async def alarm(self, info: Any = None) -> None:
        if self._record.state.alive and time.time() - self._told_at > SILENCE_SECONDS:
            self._tell_soon()
        await super().alarm(info)

    def _refuse(self, fault: ContainerFault) -> Any:
        problem = problem_of(fault)
        headers = {"content-type": PROBLEM_JSON, **problem.headers}
        return Response(dumps(problem.document()), status=problem.status, headers=headers)

    # ---- telling the fleet and the queue

    def _news(self) -> dict[str, Any]:
        state = self._record.state
        now = time.time()
        last = self._record.exits(1)
        return {
            "status": state.status,
            "incarnation": state.incarnation,
            "at": now,
            "load": self._activity.in_flight,
            "active": self._activity.last,
            "exit_code": state.exit_code,
            "reason": state.reason,
            "started_at": state.started_at,
            "last_exit": last[0].as_dict() if last else None,
            "failures": self._record.failures,
            "breaker": self._record.breaker.state(now),
        }

    def _tell_soon(self) -> None:
        self._untold = True
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        """The latest news to the fleet, one report at a time; the events in their order to the queue."""
        while self._untold or self._events:
            self._untold = False
            self._told_at = time.time()
            try:
                await self._ask_fleet("report", {"session": self._session, "news": self._news()})
            except (JsException, ProblemError) as fault:
                log("fleet.unreachable", instance=self._name, error=str(fault))
            await self._send_events()
            await asyncio.sleep(REPORT_INTERVAL_SECONDS)

    async def _send_events(self) -> None:
        queue = getattr(self.env, "EVENTS", None)
        while queue is not None and self._events:
            event = self._events[0]
            try:
                await queue.send(event)
            except JsException as fault:
                # The events tell what was; what is can be asked of the fleet. They are kept for the next occasion.
                log("events.unreachable", instance=self._name, error=str(fault))
                return
            self._events.popleft()

    async def _ask_fleet(self, method: str, payload: dict[str, Any]) -> Any:
        fleet = self.env.AGENT_FLEET.getByName(self.agent.name)
        return unwrap(await getattr(fleet, method)(dumps(payload)))


class OptimizerContainer(AgentContainer):
    agent = AGENTS["optimizer"]


class SyncContainer(AgentContainer):
    agent = AGENTS["sync"]


class WarehouseManagerContainer(AgentContainer):
    agent = AGENTS["warehouse-manager"]


def problem_of(fault: ContainerFault) -> ProblemError:
    """A container's fault as the API tells it."""
    headers = {}
    if fault.retry_after is not None:
        headers["retry-after"] = str(max(1, round(fault.retry_after)))
    if isinstance(fault, (NoInstance, RateLimited)):
        return ProblemError("no-capacity", str(fault), headers=headers)
    if isinstance(fault, (CrashLoop, BackingOff, NotReady, Stopped)):
        story, _, log = str(fault).partition("\nIts last words:\n")
        return ProblemError("unavailable", story, extra={"last_log": log} if log else {}, headers=headers)
    return ProblemError("agent-failed", str(fault), headers=headers)


def _variable(env: Any, name: str) -> str:
    """A variable or secret of the Worker, or "" where it is not set."""
    value = getattr(env, name, None)
    return str(value) if value else ""
