"""A stage for the lifecycle: a platform in memory, and an event loop whose clock jumps to the next thing that happens."""

from __future__ import annotations

import asyncio
import itertools
import selectors
import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any

from durable_objects.container.breaker import Breaker
from durable_objects.container.faults import ContainerFault, RuntimeFault
from durable_objects.container.lifecycle import Lifecycle
from durable_objects.container.readiness import Look
from durable_objects.container.record import Record
from durable_objects.container.settings import Budgets, Launch, StartOptions
from durable_objects.container.states import Ended, State
from durable_objects.container.store import Execute, migrate

NOT_LISTENING = "Container is not listening to port 8080"
NO_INSTANCE = "There is no container instance that can be provided to this Durable Object, try again later"


class _Jumping(selectors.SelectSelector):
    """Instead of waiting, lets the loop's clock jump."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout:
            self.jumped += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return 1000.0 + self._jumping.jumped


def play(scene: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a scene in virtual time; it may take an hour of it and none of ours."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(asyncio.wait_for(scene(), 3600))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def memory() -> Execute:
    """SQLite as the objects use it: rows as dicts."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row

    def execute(query: str, *parameters: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(query, parameters).fetchall()]

    return execute


class Platform:
    """ctx.container in memory. `opens_after` seconds the program listens; `dies_after` it ends with `exit_code`."""

    def __init__(
        self, opens_after: float = 0.1, dies_after: float | None = None, exit_code: int = 0, room: int = 99
    ) -> None:
        self.opens_after, self.dies_after, self.exit_code = opens_after, dies_after, exit_code
        self.room = room  # starts from this one on find no instance
        self.no_room_text = NO_INSTANCE
        self.running = False
        self.starts: list[Launch] = []
        self.signals: list[int] = []
        self.heeds_sigterm: float | None = 0.5  # ends so long after SIGTERM; None: never
        self.answers_status = 200
        self.last_words = ""
        self._started = 0.0
        self._end: asyncio.Future[Ended | RuntimeFault] | None = None

    def start(self, launch: Launch) -> None:
        if self.running:
            raise RuntimeFault("start() cannot be called on a container that is already running.")
        self.starts.append(launch)
        self.running, self._started = True, now()
        self._end = asyncio.get_running_loop().create_future()
        if len(self.starts) > self.room:
            self._later(0.05, RuntimeFault(self.no_room_text))
        elif self.dies_after is not None:
            self._later(self.dies_after, Ended(self.exit_code, "exit"))

    def end(self, how: Ended | RuntimeFault) -> None:
        self.running = False
        if self._end is not None and not self._end.done():
            self._end.set_result(how)

    def _later(self, seconds: float, how: Ended | RuntimeFault) -> None:
        end = self._end

        def go() -> None:
            if end is self._end:
                self.end(how)

        asyncio.get_running_loop().call_later(seconds, go)

    async def wait_exit(self) -> Ended:
        assert self._end is not None
        how = await asyncio.shield(self._end)
        if isinstance(how, RuntimeFault):
            raise how
        return how

    async def probe(self, port: int, endpoint: str, timeout: float) -> Look:
        await asyncio.sleep(0.001)
        if not self.running:
            raise RuntimeFault("the container is not running")
        if now() - self._started < self.opens_after:
            raise RuntimeFault(NOT_LISTENING)
        return Look(self.answers_status, self.last_words, last_words=bool(self.last_words))

    def signal(self, number: int) -> None:
        self.signals.append(number)
        if number == 15 and self.heeds_sigterm is not None:
            self._later(self.heeds_sigterm, Ended(0, "exit"))

    async def destroy(self) -> None:
        self.end(Ended(137, "exit"))


class Owner:
    """The hooks, with what they were told. `raises` and `start_raises` make on_stop and on_start fail so many times."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.moves: list[str] = []
        self.errors: list[str] = []
        self.raises = 0
        self.start_raises = 0
        self.refuses: ContainerFault | None = None
        self.when_stopped: Callable[[], Coroutine[Any, Any, None]] | None = None

    def launch(self, options: StartOptions, incarnation: str) -> Launch:
        return Launch(env={**(options.env_vars or {}), "INCARNATION": incarnation})

    async def admit(self, remaining: float) -> None:
        if self.refuses is not None:
            raise self.refuses

    async def started(self) -> None:
        self.told.append("start")
        if self.start_raises:
            self.start_raises -= 1
            raise RuntimeError("on_start fails")

    async def stopped(self, exit_code: int | None, reason: str) -> None:
        self.told.append(f"stop {exit_code} {reason}")
        if self.raises:
            self.raises -= 1
            raise RuntimeError("on_stop fails")
        if self.when_stopped is not None:
            again, self.when_stopped = self.when_stopped, None
            await again()

    async def failed(self, error: Exception) -> None:
        self.errors.append(f"{type(error).__name__}: {error}")

    def moved(self, before: State, after: State) -> None:
        self.moves.append(f"{before.status}→{after.status}")

    def wake(self) -> None:
        pass


class Stage:
    def __init__(self, platform: Platform, execute: Execute | None = None, **breaker: Any) -> None:
        self.platform, self.owner = platform, Owner()
        self.execute = execute or memory()
        migrate(self.execute)
        self.record = Record(self.execute, Breaker(**breaker))
        ids = itertools.count(1)
        self.life = Lifecycle(
            platform,
            self.record,
            self.owner,
            Budgets(),
            stop_grace=5.0,
            now=now,
            draw=lambda: 0.5,
            new_id=lambda: f"inc-{next(ids)}",
        )
