"""Where an agent stands: starting, serving, draining; what runs in it; and what it still waits for.

Startup, readiness and liveness are different things: `/health` answers as soon as the process serves, `/ready` when
every check holds, and a drain makes the agent unready while it is still alive and finishing its work.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

# A check answers None when it holds, otherwise what it waits for, in words.
Check = Callable[[], "str | Awaitable[str | None] | None"]
Hook = Callable[[], "Awaitable[None] | None"]


@dataclass(eq=False)
class Readiness:
    """Named checks that must all hold. `await waiting()` is empty when the agent is ready."""

    checks: dict[str, Check] = field(default_factory=dict)

    def add(self, name: str, check: Check) -> None:
        self.checks[name] = check

    async def waiting(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, check in self.checks.items():
            answer = check()
            reason = await answer if inspect.isawaitable(answer) else answer
            if reason:
                found[name] = reason
        return found


@dataclass(eq=False)
class Lifecycle:
    """`stop_requested` may be read from any thread: a long solve polls it and ends with its best answer so far."""

    readiness: Readiness = field(default_factory=Readiness)
    stop_requested: threading.Event = field(default_factory=threading.Event)
    on_drain: list[Hook] = field(default_factory=list)
    started_at: float = field(default_factory=time.monotonic)
    in_flight: int = 0
    started: bool = False
    failure: str = ""
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._idle.set()
        self.readiness.add("startup", self._startup_check)
        self.readiness.add("drain", lambda: "draining: takes no new work" if self.draining else None)

    @property
    def draining(self) -> bool:
        return self.stop_requested.is_set()

    @property
    def uptime_s(self) -> float:
        return time.monotonic() - self.started_at

    def _startup_check(self) -> str | None:
        if self.failure:
            return f"startup failed: {self.failure}"
        return None if self.started else "startup has not finished"

    def enter(self) -> None:
        self.in_flight += 1
        self._idle.clear()

    def leave(self) -> None:
        self.in_flight -= 1
        if self.in_flight == 0:
            self._idle.set()

    async def drain(self, grace_s: float) -> bool:
        """Refuse new work, tell running work to finish, wait for it. False when the grace ended before the work."""
        self.stop_requested.set()
        deadline = time.monotonic() + grace_s
        try:
            async with asyncio.timeout(grace_s):
                for hook in self.on_drain:
                    answer = hook()
                    if inspect.isawaitable(answer):
                        await answer
                while self.in_flight:
                    await self._idle.wait()
        except TimeoutError:
            return False
        return time.monotonic() <= deadline
