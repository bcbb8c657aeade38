"""From nothing to a ready container: one start at a time, waited for within a budget that says what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from durable_objects.container.backoff import looks
from durable_objects.container.faults import (
    BackingOff,
    ContainerFault,
    Crashed,
    CrashLoop,
    NoInstance,
    NotReady,
    RuntimeFault,
    Stopped,
)
from durable_objects.container.meanings import Meaning
from durable_objects.container.readiness import Check, Look
from durable_objects.container.settings import Budgets, StartOptions
from durable_objects.container.single_flight import SingleFlight
from durable_objects.container.watch import Watch

# How long a start waits for room after the platform said that it has none: 0.6 s, 1.2 s, 2.4 s, 4.8 s, half to one and
# a half times that.
_ROOM_PAUSE, _ROOM_DOUBLINGS = 0.3, 4


class _NoRoomError(Exception):
    """The platform took the start and said afterwards that it has no instance."""

    def __init__(self, fault: ContainerFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Starting:
    def __init__(
        self,
        watch: Watch,
        budgets: Budgets,
        *,
        now: Callable[[], float],
        draw: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._watch, self._budgets = watch, budgets
        self._runtime, self._record, self._hooks = watch.runtime, watch.record, watch.hooks
        self._now, self._draw, self._new_id = now, draw, new_id
        self.waits_for = ""  # what a start in progress waits for, in words
        self._start = SingleFlight[None]()
        self._waits: dict[Check, SingleFlight[None]] = {}
        self._greeting = SingleFlight[None]()

    @property
    def going_on(self) -> bool:
        return self._start.flying or any(flight.flying for flight in self._waits.values())

    async def start(self, port: int, options: StartOptions | None = None, budget: float | None = None) -> None:
        """Have an instance, its program launched; ports are not waited for."""
        await self._watch.tell_stops()
        deadline = self._now() + (self._budgets.instance if budget is None else budget)
        room = self._budgets.instance if budget is None else budget
        await self._start.run(lambda: self._have_instance(port, options or StartOptions(), deadline, room))
        await self._greet()

    async def start_and_wait(
        self,
        check: Check,
        options: StartOptions | None = None,
        budget: float | None = None,
        instance_budget: float | None = None,
    ) -> None:
        """Have an instance for which `check` holds. A program that dies meanwhile is started again, after a pause, until
        the budget (seconds) has passed or the crash-loop breaker opens. `instance_budget`: of that, for the machine.

        Raises NoInstance, RateLimited, CrashLoop, BackingOff, Crashed, NotReady, Stopped.
        """
        await self._watch.tell_stops()
        flight = self._waits.setdefault(check, SingleFlight[None]())
        deadline = self._now() + (self._budgets.ready if budget is None else budget)
        room = self._budgets.instance if instance_budget is None else instance_budget
        try:
            await flight.run(lambda: self._until_ready(check, options or StartOptions(), deadline, room))
        finally:
            if not flight.flying:
                self._waits.pop(check, None)

    async def wait_for(self, check: Check, budget: float | None = None) -> None:
        """Wait until `check` holds, for a container that runs already."""
        await self._wait_ready(check, self._now() + (self._budgets.ready if budget is None else budget))

    async def _until_ready(self, check: Check, options: StartOptions, deadline: float, room: float) -> None:
        port = check.ports[0]
        room_deadline = min(deadline, self._now() + room)
        attempt = 0
        try:
            while True:
                try:
                    await self._start.run(lambda: self._have_instance(port, options, deadline, room))
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
        before = self._record.state
        if before.status == "running":
            self._record.ready(self._now())
            self._hooks.moved(before, self._record.state)
        await self._greet()

    # ---- an instance

    async def _have_instance(self, port: int, options: StartOptions, deadline: float, room: float) -> None:
        if self._record.state.status == "stopping" and self._runtime.running:
            await self._wait_gone(deadline)
        if self._runtime.running:
            self._watch.adopt()
            return
        await self._watch.check_alive()
        await self._guard(deadline)
        room_deadline = min(deadline, self._now() + room)
        attempt = 0
        while True:
            await self._hooks.admit(max(0.0, deadline - self._now()))
            self._launch(options)
            fault = await self._instance_fault(port, room_deadline)
            if fault is None:
                return
            attempt += 1
            await self._pause_for_room(fault, attempt, room_deadline)

    async def _wait_gone(self, deadline: float) -> None:
        self.waits_for = "the previous incarnation to end"
        await self._watch.wait(max(0.0, deadline - self._now()))
        if self._runtime.running:
            raise NotReady("the previous incarnation is still ending", retry_after=2.0)

    async def _pause_for_room(self, fault: ContainerFault, attempt: int, deadline: float) -> None:
        pause = _ROOM_PAUSE * 2 ** min(attempt, _ROOM_DOUBLINGS) * (0.5 + self._draw())
        if self._now() + pause >= deadline:
            raise fault
        self.waits_for = f"an instance ({fault})"
        await asyncio.sleep(pause)

    async def _guard(self, deadline: float) -> None:
        """Hold a start back after crashes."""
        now = self._now()
        record = self._record
        if record.breaker.state(now) == "open":
            raise CrashLoop(self._crash_story(record.breaker.recent(now)), retry_after=record.breaker.wait(now))
        pause = record.not_before - now
        if pause <= 0:
            return
        if now + pause >= deadline:
            raise BackingOff(
                f"the container died {record.failures} times in a row; the next start is in {pause:.1f} s"
                + self._log_story(),
                retry_after=pause,
            )
        self.waits_for = f"the pause of {pause:.1f} s after {record.failures} crashes"
        await asyncio.sleep(pause)

    def _launch(self, options: StartOptions) -> None:
        incarnation = self._new_id()
        try:
            self._runtime.start(self._hooks.launch(options, incarnation))
        except RuntimeFault as fault:
            if fault.meaning is not Meaning.ALREADY_RUNNING:
                raise
        self._watch.begin(incarnation)
        self._hooks.wake()

    async def _instance_fault(self, port: int, deadline: float) -> ContainerFault | None:
        """None as soon as the platform has launched the program; a fault if it has no room for one."""
        pauses = looks(self._budgets.poll).pauses()
        self.waits_for = "an instance"
        last = "no answer yet"
        while True:
            try:
                await self._runtime.probe(port, "containerstarthealthcheck", self._budgets.ping)
                return None
            except TimeoutError:
                if self._runtime.running:
                    return None  # it took the connection: it is there
            except RuntimeFault as fault:
                if fault.meaning is Meaning.NOT_LISTENING and self._runtime.running:
                    return None
                last = str(fault)
            if not self._runtime.running:
                await self._watch.wait_news()
                no_room = self._watch.no_room()
                if no_room is not None:
                    return no_room
                await self._tell_why_it_ended(self._record.state.incarnation)
            if self._now() >= deadline:
                return NoInstance(f"there is no container instance available: {last}", retry_after=5.0)
            await asyncio.sleep(next(pauses))

    # ---- readiness

    async def _wait_ready(self, check: Check, deadline: float) -> None:
        pauses = looks(self._budgets.poll).pauses()
        began = self._now()
        incarnation = self._record.state.incarnation
        while True:
            timeout = max(0.05, min(self._budgets.ping, deadline - self._now()))
            try:
                waits_for = await check.waits_for(self._probe, timeout)
            except RuntimeFault as fault:
                waits_for = str(fault)
            if waits_for is None and self._runtime.running:
                return
            if not self._runtime.running or self._record.state.incarnation != incarnation:
                await self._tell_why_it_ended(incarnation)
            self.waits_for = waits_for or ""
            now = self._now()
            if now >= deadline:
                unready = NotReady(
                    f"the container was not ready after {now - began:.1f} s: {waits_for}. It goes on starting.",
                    retry_after=2.0,
                )
                await self._hooks.failed(unready)
                raise unready
            await asyncio.sleep(min(next(pauses), deadline - now))

    async def _tell_why_it_ended(self, incarnation: str) -> None:
        if not self._runtime.running:
            await self._watch.wait_news()
        if self._watch.asked_to_end(incarnation):
            raise Stopped("the container was told to end while it started", retry_after=1.0)
        no_room = self._watch.no_room()
        if no_room is not None:
            raise _NoRoomError(no_room)
        crashed = self._crashed()
        await self._hooks.failed(crashed)
        raise crashed

    async def _probe(self, port: int, endpoint: str, timeout: float) -> Look:
        look = await self._runtime.probe(port, endpoint, timeout)
        if look.last_words:
            self._watch.last_words = look.text
        return look

    async def _greet(self) -> None:
        """on_start, once for each incarnation."""
        if self._record.state.greeted:
            return

        async def greet() -> None:
            incarnation = self._record.state.incarnation
            await self._hooks.started()
            if self._record.state.incarnation == incarnation:
                self._record.greeted()

        await self._greeting.run(greet)

    # ---- words

    def _crashed(self) -> Crashed:
        code = self._record.state.exit_code
        how = f"with exit code {code}" if code is not None else "and nobody saw its exit code"
        return Crashed(f"the program ended {how} before it was ready{self._log_story()}", code)

    def _crash_story(self, crashes: int) -> str:
        code = self._record.state.exit_code
        last = f", last with exit code {code}" if code is not None else ""
        return f"the container is in a crash loop: {crashes} crashes{last}; it is not started now{self._log_story()}"

    def _log_story(self) -> str:
        log = self._record.last_log().strip()
        return f"\nIts last words:\n{log}" if log else ""
