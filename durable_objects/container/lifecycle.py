"""The life of one container: one start at a time, waited for within a budget, watched, and stopped in order.

Written against `Runtime`, so that every race can be played on CPython. Nothing here runs inside blockConcurrencyWhile:
a start takes seconds, and the object must go on answering meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from durable_objects.container.backoff import LOOKS
from durable_objects.container.faults import (
    BackingOff,
    ContainerFault,
    Crashed,
    CrashLoop,
    NoInstance,
    NotReady,
    RateLimited,
    RuntimeFault,
)
from durable_objects.container.meanings import Meaning
from durable_objects.container.readiness import Check, Look
from durable_objects.container.record import Record
from durable_objects.container.runtime import Runtime
from durable_objects.container.settings import Budgets, Launch, StartOptions, signal_number
from durable_objects.container.single_flight import SingleFlight
from durable_objects.container.states import Ended, State

ENDING_SIGNALS = frozenset({2, 3, 9, 15})
# After these the platform has nothing running for us, and asking again may help.
_NO_ROOM = frozenset({Meaning.NO_INSTANCE, Meaning.RATE_LIMITED})
EXIT_NEWS = 2.0  # the platform says "not running" a moment before monitor() tells why


class _NoRoomError(Exception):
    """The platform took the start and said afterwards that it has no instance."""

    def __init__(self, fault: ContainerFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Hooks(Protocol):
    """What the lifecycle calls on its owner."""

    def launch(self, options: StartOptions, incarnation: str) -> Launch: ...

    async def admit(self, remaining: float) -> None:
        """Asked before each start; may wait up to `remaining` seconds, or raise a ContainerFault."""

    async def started(self) -> None: ...

    async def stopped(self, exit_code: int | None, reason: str) -> None: ...

    async def failed(self, error: Exception) -> None: ...

    def moved(self, before: State, after: State) -> None: ...

    def wake(self) -> None:
        """Something that the alarm looks after has changed."""


class Lifecycle:
    def __init__(
        self,
        runtime: Runtime,
        record: Record,
        hooks: Hooks,
        budgets: Budgets,
        *,
        now: Callable[[], float],
        draw: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self.runtime = runtime
        self.record = record
        self.hooks = hooks
        self.budgets = budgets
        self.waits_for = ""  # what a start in progress waits for, in words
        self.last_words = ""  # the last lines that this incarnation's program left, if it said any
        self._now = now
        self._draw = draw
        self._new_id = new_id
        self._start = SingleFlight[None]()
        self._waits: dict[Check, SingleFlight[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._watched = ""  # the incarnation that the watch is for
        self._end_asked = ""  # the incarnation that we told to end
        self._destroyed = ""  # the incarnation that we killed
        self._greeted = ""  # the incarnation whose on_start has run
        self._greeting = SingleFlight[None]()
        self._named_by_us = ""  # an adopted incarnation whose own id is not known
        self._telling = False
        self._fault: RuntimeFault | None = None  # why there is no instance, from the last watch
        self._tasks: set[asyncio.Task[Any]] = set()

    # ---- what is going on

    @property
    def state(self) -> State:
        return self.record.state

    @property
    def starting(self) -> bool:
        return self._start.flying or any(flight.flying for flight in self._waits.values())

    @property
    def ready(self) -> bool:
        return self.runtime.running and self.state.status == "healthy"

    # ---- start

    async def start(self, port: int, options: StartOptions | None = None, budget: float | None = None) -> None:
        """Have an instance, its program launched; ports are not waited for."""
        await self.tell_stops()
        deadline = self._now() + (self.budgets.instance if budget is None else budget)
        await self._start.run(lambda: self._have_instance(port, options or StartOptions(), deadline))
        await self._greet()

    async def start_and_wait(
        self, check: Check, options: StartOptions | None = None, budget: float | None = None
    ) -> None:
        """Have an instance for which `check` holds. A program that dies meanwhile is started again, after a pause, until
        the budget (seconds) has passed or the crash-loop breaker opens.

        Raises NoInstance, RateLimited, CrashLoop, BackingOff, Crashed, NotReady.
        """
        await self.tell_stops()
        flight = self._waits.setdefault(check, SingleFlight[None]())
        deadline = self._now() + (self.budgets.ready if budget is None else budget)
        try:
            await flight.run(lambda: self._until_ready(check, options or StartOptions(), deadline))
        finally:
            if not flight.flying:
                self._waits.pop(check, None)

    async def wait_for(self, check: Check, budget: float | None = None) -> None:
        """Wait until `check` holds, for a container that runs already."""
        await self._wait_ready(check, self._now() + (self.budgets.ready if budget is None else budget))

    async def _until_ready(self, check: Check, options: StartOptions, deadline: float) -> None:
        port = check.ports[0]
        room_deadline = min(deadline, self._now() + self.budgets.instance)
        attempt = 0
        try:
            while True:
                try:
                    await self._start.run(lambda: self._have_instance(port, options, deadline))
                    await self._wait_ready(check, deadline)
                    break
                except Crashed:
                    # The guard before the next start pauses, or says that there is none.
                    if self._now() >= deadline:
                        raise
                except _NoRoomError as late:
                    attempt += 1
                    await self._pause_for_room(late.fault, attempt, room_deadline)
        finally:
            self.waits_for = ""
        if self.state.status == "running":
            self._moving(self.record.ready)
        await self._greet()

    async def _have_instance(self, port: int, options: StartOptions, deadline: float) -> None:
        if self.state.status == "stopping" and self.runtime.running:
            await self._wait_gone(deadline)
        if self.runtime.running:
            self.adopt()
            return
        await self._notice_lost()
        await self._guard(deadline)
        instance_deadline = min(deadline, self._now() + self.budgets.instance)
        attempt = 0
        while True:
            await self.hooks.admit(max(0.0, deadline - self._now()))
            self._launch(options)
            fault = await self._instance_fault(port, instance_deadline)
            if fault is None:
                return
            attempt += 1
            await self._pause_for_room(fault, attempt, instance_deadline)

    async def _pause_for_room(self, fault: ContainerFault, attempt: int, deadline: float) -> None:
        pause = 0.3 * 2 ** min(attempt, 4) * (0.5 + self._draw())
        if self._now() + pause >= deadline:
            raise fault
        self.waits_for = f"an instance ({fault})"
        await asyncio.sleep(pause)

    async def _guard(self, deadline: float) -> None:
        """Hold a start back after crashes."""
        now = self._now()
        breaker = self.record.breaker
        if breaker.state(now) == "open":
            raise CrashLoop(self._crash_story(breaker.recent(now)), retry_after=breaker.wait(now))
        pause = self.record.not_before - now
        if pause <= 0:
            return
        if now + pause >= deadline:
            raise BackingOff(
                f"the container died {self.record.failures} times in a row; the next start is in {pause:.1f} s"
                + self._log_story(),
                retry_after=pause,
            )
        self.waits_for = f"the pause of {pause:.1f} s after {self.record.failures} crashes"
        await asyncio.sleep(pause)

    def _launch(self, options: StartOptions) -> None:
        incarnation = self._new_id()
        try:
            self.runtime.start(self.hooks.launch(options, incarnation))
        except RuntimeFault as fault:
            if fault.meaning is not Meaning.ALREADY_RUNNING:
                raise
        self.last_words = ""
        self._fault = None
        self._moving(self.record.started, incarnation)
        self._watch_over(incarnation)
        self.hooks.wake()

    async def _instance_fault(self, port: int, deadline: float) -> ContainerFault | None:
        """None as soon as the platform has launched the program; a fault if it has no room for one."""
        pauses = LOOKS.pauses()
        self.waits_for = "an instance"
        last = "no answer yet"
        while True:
            try:
                await self.runtime.probe(port, "containerstarthealthcheck", self.budgets.ping)
                return None
            except TimeoutError:
                if self.runtime.running:
                    return None  # it took the connection: it is there
            except RuntimeFault as fault:
                if fault.meaning is Meaning.NOT_LISTENING and self.runtime.running:
                    return None
                last = str(fault)
            if not self.runtime.running:
                fault_of_start = await self._why_not_running()
                if fault_of_start is not None:
                    return fault_of_start
            if self._now() >= deadline:
                return NoInstance(f"there is no container instance available: {last}", retry_after=5.0)
            await asyncio.sleep(next(pauses))

    async def _why_not_running(self) -> ContainerFault | None:
        """The instance has gone. A fault when the platform had none to give; raises Crashed when the program ended."""
        await self._wait_watch(EXIT_NEWS)
        fault = self._no_room()
        if fault is not None:
            return fault
        if self.state.alive:
            await self._ended(Ended(None, "lost"))
        raise self._crashed()

    def _no_room(self) -> ContainerFault | None:
        """What the last watch was told when the platform had no instance to give."""
        if self._fault is None or self._fault.meaning not in _NO_ROOM:
            return None
        text = str(self._fault)
        if self._fault.meaning is Meaning.RATE_LIMITED:
            return RateLimited(text, retry_after=1.0)
        return NoInstance(text, retry_after=5.0)

    async def _wait_ready(self, check: Check, deadline: float) -> None:
        pauses = LOOKS.pauses()
        began = self._now()
        incarnation = self.state.incarnation
        while True:
            timeout = max(0.05, min(self.budgets.ping, deadline - self._now()))
            try:
                waits_for = await check.waits_for(self._probe, timeout)
            except RuntimeFault as fault:
                waits_for = str(fault)
            if waits_for is None and self.runtime.running:
                return
            if not self.runtime.running or self.state.incarnation != incarnation:
                await self._wait_watch(EXIT_NEWS)
                no_room = self._no_room()
                if no_room is not None:
                    raise _NoRoomError(no_room)
                if self.state.alive and self.state.incarnation == incarnation:
                    await self._ended(Ended(None, "lost"))
                crashed = self._crashed()
                await self._report(crashed)
                raise crashed
            self.waits_for = waits_for or ""
            now = self._now()
            if now >= deadline:
                unready = NotReady(
                    f"the container was not ready after {now - began:.1f} s: {waits_for}. It goes on starting.",
                    retry_after=2.0,
                )
                await self._report(unready)
                raise unready
            await asyncio.sleep(min(next(pauses), deadline - now))

    async def _probe(self, port: int, endpoint: str, timeout: float) -> Look:
        look = await self.runtime.probe(port, endpoint, timeout)
        if look.last_words:
            self.last_words = look.text
        return look

    async def _greet(self) -> None:
        """on_start, once for each incarnation."""
        if self._greeted == self.state.incarnation:
            return

        async def greet() -> None:
            incarnation = self.state.incarnation
            await self.hooks.started()
            self._greeted = incarnation

        await self._greeting.run(greet)

    # ---- watch

    def adopt(self) -> None:
        """Take over a container that runs already: the object was restarted and the container was not."""
        if not self.state.alive:
            self._named_by_us = self._new_id()
            self._moving(self.record.started, self._named_by_us)
        if self._watched != self.state.incarnation:
            self._watch_over(self.state.incarnation)

    def recognise(self, stamp: str, asked: str) -> bool:
        """Is an answer stamped `stamp` from the incarnation that was asked? One that was adopted without a known id
        takes the id that it says."""
        if stamp == asked:
            return True
        if asked and asked == self._named_by_us and asked == self.state.incarnation:
            self.record.renamed(stamp)
            self._watched = stamp if self._watched == asked else self._watched
            self._greeted = stamp if self._greeted == asked else self._greeted
            return True
        return False

    def _watch_over(self, incarnation: str) -> None:
        async def watch() -> None:
            try:
                ended = await self.runtime.wait_exit()
            except RuntimeFault as fault:
                if self._watch is not asyncio.current_task():
                    return
                self._fault = fault
                if fault.meaning in _NO_ROOM:
                    await self._ended(Ended(None, "no_instance"))
                    return
                await self._ended(Ended(None, "lost"))
                await self._report(fault)
                return
            # A replaced watch must not end a newer incarnation.
            if self._watch is asyncio.current_task():
                await self._ended(ended)

        self._watched = incarnation
        self._watch = asyncio.ensure_future(watch())
        self._keep(self._watch)

    async def _wait_watch(self, timeout: float) -> None:
        if self._watch is not None and not self._watch.done():
            await asyncio.wait({self._watch}, timeout=timeout)

    async def _notice_lost(self) -> None:
        """The state says alive and the platform says no: wait a moment for the reason, then call it lost."""
        if self.state.alive and not self.runtime.running:
            await self._wait_watch(EXIT_NEWS)
            if self.state.alive:
                await self._ended(Ended(None, "lost"))

    async def check_alive(self) -> bool:
        """Does the platform still run what the state says? Corrects the state if not."""
        if self.runtime.running:
            return True
        await self._notice_lost()
        return False

    async def _ended(self, ended: Ended) -> None:
        if not self.state.alive:
            return
        incarnation = self.state.incarnation
        asked = incarnation in (self._end_asked, self._destroyed)
        if incarnation == self._destroyed:
            ended = Ended(ended.exit_code, "destroyed")
        crash = not asked and (
            # The platform's own doing, or a missing instance, says nothing against the program.
            ended.reason == "exit" and (ended.exit_code != 0 or self.state.ready_at is None)
        )
        before = self.state
        self.record.ended(ended, crash, self._now(), self._draw(), self.last_words)
        self.hooks.moved(before, self.state)
        self.hooks.wake()
        self._keep(asyncio.ensure_future(self.tell_stops()))

    async def tell_stops(self) -> None:
        """Run on_stop for every exit that has not been told. One that raises is told again later."""
        if self._telling:
            return  # on_stop may start the container again, and must not wait for itself
        self._telling = True
        try:
            for exit in self.record.untold():
                if exit.reason != "no_instance":
                    try:
                        await self.hooks.stopped(exit.exit_code, exit.reason)
                    except Exception as error:  # noqa: BLE001 - a hook may raise anything; it is reported and retried
                        await self._report(error)
                        return
                before = self.state
                self.record.tell(exit.incarnation, self._now())
                if before.status != self.state.status:
                    self.hooks.moved(before, self.state)
        finally:
            self._telling = False

    # ---- stop

    async def stop(self, signal: str | int = "SIGTERM") -> None:
        """Send a signal. If it is one that ends a program, the container is killed when the grace has passed."""
        number = signal_number(signal)
        if not self.runtime.running:
            await self._notice_lost()
            await self.tell_stops()
            return
        self.adopt()
        if number not in ENDING_SIGNALS:
            self.runtime.signal(number)
            return
        self._end_asked = self.state.incarnation
        if self.state.status != "stopping":
            self._moving(self.record.stopping)
        self.runtime.signal(number)
        self.hooks.wake()
        self._keep(asyncio.ensure_future(self._kill_after_grace(self.state.incarnation)))

    async def _kill_after_grace(self, incarnation: str) -> None:
        if self.budgets.stop_grace is None:
            return
        await self._wait_watch(self.budgets.stop_grace)
        await self.kill_overdue(incarnation)

    @property
    def kill_at(self) -> float | None:
        """When a container that was told to end gets SIGKILL."""
        if self.state.status != "stopping" or self.budgets.stop_grace is None:
            return None
        return self.state.last_change + self.budgets.stop_grace

    async def kill_overdue(self, incarnation: str | None = None) -> None:
        if incarnation is not None and incarnation != self.state.incarnation:
            return
        kill_at = self.kill_at
        if kill_at is not None and self.runtime.running and self._now() >= kill_at - 0.001:
            await self.destroy()

    async def destroy(self) -> None:
        """SIGKILL; on_stop has run when this returns."""
        if self.runtime.running:
            self.adopt()
            self._destroyed = self.state.incarnation
            await self.runtime.destroy()
            await self._wait_watch(EXIT_NEWS)
        await self._notice_lost()
        await self.tell_stops()

    async def _wait_gone(self, deadline: float) -> None:
        self.waits_for = "the previous incarnation to end"
        await self._wait_watch(max(0.0, deadline - self._now()))
        if self.runtime.running:
            raise NotReady("the previous incarnation is still ending", retry_after=2.0)

    # ---- words

    def _moving(self, change: Callable[..., None], *arguments: Any) -> None:
        before = self.state
        change(*arguments, self._now())
        self.hooks.moved(before, self.state)

    def _crashed(self) -> Crashed:
        code = self.state.exit_code
        how = f"with exit code {code}" if code is not None else "and nobody saw its exit code"
        return Crashed(f"the program ended {how} before it was ready{self._log_story()}", code)

    def _crash_story(self, crashes: int) -> str:
        code = self.state.exit_code
        last = f", last with exit code {code}" if code is not None else ""
        return f"the container is in a crash loop: {crashes} crashes{last}; it is not started now{self._log_story()}"

    def _log_story(self) -> str:
        log = self.record.last_log().strip()
        return f"\nIts last words:\n{log}" if log else ""

    async def _report(self, error: Exception) -> None:
        await self.hooks.failed(error)

    def _keep(self, task: asyncio.Task[Any]) -> None:
        # The event loop holds tasks weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
