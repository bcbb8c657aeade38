"""AgentFleet (`{agentType}`): the directory of one agent type's instances, and the gate that each start passes.

The containers' objects ask before they start and tell what becomes of them; the Worker asks who takes a request without
a session, and what is running. A copy of the listing goes to KV, for readers that can do with a minute's age.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from pyodide.ffi import JsException

from contracts.errors import ProblemError
from contracts.rpc import answer, dumps, unwrap
from durable_objects.base import StatefulObject
from durable_objects.container.tasks import Tasks
from durable_objects.fleet.agents import AGENTS, AgentType
from durable_objects.fleet.directory import FULL_RETRY, Directory
from durable_objects.fleet.pool import Pool
from durable_objects.fleet.schema import MIGRATIONS
from durable_objects.log import log

KV_TTL_SECONDS = 300
KV_INTERVAL_SECONDS = 1.0  # KV takes one write a second per key
ASK_AFTER_SILENCE_SECONDS = 30.0


def kv_key(agent: str) -> str:
    return f"agents:{agent}"


def agent_type(env: Any, name: str) -> AgentType:
    """The type as this environment sets it. Raises ProblemError not-found."""
    if name not in AGENTS:
        raise ProblemError("not-found", f"there is no agent type {name!r}; known are {', '.join(AGENTS)}")
    return AGENTS[name].as_set(lambda variable: str(getattr(env, variable, "") or ""))


class AgentFleet(StatefulObject):
    MIGRATIONS = MIGRATIONS

    def _ready(self) -> None:
        self._agent = agent_type(self.env, self._names[0])
        self._directory = Directory(self._sql, self._agent)
        self._pool = Pool(self._sql, self._directory)
        self._copied_at = 0.0
        self._copying: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    @answer
    async def admit(self, payload: Any) -> dict[str, Any]:
        """{session} → {granted, reason, retry_after}: may its container start now?"""
        now = time.time()
        admission = self._directory.admit(payload["session"], now)
        if admission.reason == "full" and await self._ask_the_silent(now):
            admission = self._directory.admit(payload["session"], time.time())
        self._make_room(admission.reclaim)
        self._copy_later()
        return {"granted": admission.granted, "reason": admission.reason, "retry_after": admission.retry_after}

    @answer
    async def report(self, payload: Any) -> bool:
        """{session, status, incarnation, at, load, active, …}: what an instance says of itself."""
        fresh = self._directory.report(payload["session"], payload["news"], time.time())
        self._copy_later()
        return fresh

    @answer
    async def release(self, payload: Any) -> None:
        """{session}: its permit will not be used."""
        self._directory.release(payload["session"])

    @answer
    async def pick(self, _payload: Any) -> dict[str, Any]:
        """A session for a request without one. Raises no-capacity."""
        choice = self._pool.pick(time.time(), random.random)
        if choice is None:
            seconds = round(FULL_RETRY)
            text = f"all {self._agent.max_instances} instances of the {self._agent.name} agent are in use"
            headers = {"retry-after": str(seconds)}
            raise ProblemError("no-capacity", text, headers=headers, extra={"retry_after": seconds})
        self._make_room(choice.reclaim)
        return {"session": choice.session, "new": choice.new}

    @answer
    async def listing(self, _payload: Any) -> dict[str, Any]:
        return self._directory.listing(time.time())

    @answer
    async def pressure(self, payload: Any) -> list[str]:
        """{waiting, oldest_age} of a queue (seconds): begins to start pool instances when work waits; their sessions.
        The caller need not wait for them."""
        fresh = self._pool.to_start(int(payload["waiting"]), float(payload["oldest_age"]), time.time())
        if fresh:
            self._tasks.begin(self._warm(fresh))
        return fresh

    @answer
    async def keep_warm(self, _payload: Any) -> list[str]:
        """Called by cron: the minimum of instances runs, and does not fall asleep before the next call."""
        return await self._warm(self._pool.to_keep_warm())

    async def _warm(self, sessions: list[str]) -> list[str]:
        answers = await asyncio.gather(*(self._warm_one(session) for session in sessions))
        return [session for session, warm in zip(sessions, answers, strict=True) if warm]

    async def _warm_one(self, session: str) -> bool:
        try:
            unwrap(await self._instance(session).warm(dumps(None)))
        except (ProblemError, JsException) as fault:
            log("fleet.warm_failed", agent=self._agent.name, session=session, error=str(fault))
            return False
        return True

    def _make_room(self, session: str) -> None:
        """Tell an idle instance to stop, beside the answer to whoever waits for its place."""
        if session:
            self._tasks.begin(self._tell_to_stop(session))

    async def _tell_to_stop(self, session: str) -> None:
        text = dumps({"idle": self._agent.reclaim_after})
        try:
            state = unwrap(await self._instance(session).make_room(text))
        except (ProblemError, JsException) as fault:
            log("fleet.reclaim_failed", agent=self._agent.name, session=session, error=str(fault))
            return
        self._directory.report(session, state["news"], time.time())

    async def _ask_the_silent(self, now: float) -> bool:
        """Instances whose last word is old are asked before somebody is turned away; True if a place came free."""
        before = self._directory.occupied(now)
        for session in self._directory.silent(now, ASK_AFTER_SILENCE_SECONDS):
            try:
                state = unwrap(await self._instance(session).status(dumps(None)))
            except (ProblemError, JsException) as fault:
                log("fleet.silent", agent=self._agent.name, session=session, error=str(fault))
                continue
            self._directory.report(session, state["news"], time.time())
        return self._directory.occupied(time.time()) < before

    def _instance(self, session: str) -> Any:
        return getattr(self.env, self._agent.binding).getByName(f"{self._agent.name}:{session}")

    def _copy_later(self) -> None:
        if self._copying is None or self._copying.done():
            self._copying = asyncio.ensure_future(self._copy())

    async def _copy(self) -> None:
        await asyncio.sleep(max(0.0, self._copied_at + KV_INTERVAL_SECONDS - time.time()))
        self._copied_at = time.time()
        text = dumps({"at": self._copied_at, **self._directory.listing(self._copied_at)})
        try:
            await self.env.CACHE.put(kv_key(self._agent.name), text, expirationTtl=KV_TTL_SECONDS)
        except JsException as fault:
            log("fleet.copy_failed", agent=self._agent.name, error=str(fault))  # the next change writes it again
