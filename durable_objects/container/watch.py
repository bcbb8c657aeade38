"""What becomes of an incarnation: it is watched to its end, and each end is told to on_stop until that has worked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from durable_objects.container.faults import ContainerFault, NoInstance, RateLimited, RuntimeFault
from durable_objects.container.hooks import Hooks
from durable_objects.container.meanings import Meaning
from durable_objects.container.record import Record
from durable_objects.container.runtime import Runtime
from durable_objects.container.states import Ended
from durable_objects.container.tasks import Tasks

EXIT_NEWS = 2.0  # seconds: the platform says "not running" a moment before monitor() tells why
# After these the platform has nothing running for us, and asking again may help.
_NO_ROOM = frozenset({Meaning.NO_INSTANCE, Meaning.RATE_LIMITED})


class Watch:
    """At most one incarnation is watched at a time: the last one that was started or taken over."""

    def __init__(
        self,
        runtime: Runtime,
        record: Record,
        hooks: Hooks,
        *,
        now: Callable[[], float],
        draw: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self.runtime, self.record, self.hooks = runtime, record, hooks
        self.last_words = ""  # the end of the log that this incarnation's program has left, if it told
        self._now, self._draw, self._new_id = now, draw, new_id
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None
        self._watched = ""  # the incarnation that the task is for
        self._end_asked = ""  # the incarnation that was told to end
        self._destroyed = ""  # the incarnation that was killed
        self._named_by_us = ""  # an adopted incarnation whose own id is not known
        self._fault: RuntimeFault | None = None  # why there is no instance
        self._telling = False

    # ---- beginning

    def begin(self, incarnation: str) -> None:
        """Watch a program that has just been launched."""
        self.last_words = ""
        self._fault = None
        before = self.record.state
        self.record.started(incarnation, self._now())
        self.hooks.moved(before, self.record.state)
        self._over(incarnation)

    def adopt(self) -> None:
        """Take over a container that runs already: the object was restarted and the container was not."""
        if not self.record.state.alive:
            self._named_by_us = self._new_id()
            self.begin(self._named_by_us)
        elif self._watched != self.record.state.incarnation:
            self._over(self.record.state.incarnation)

    def recognise(self, stamp: str, asked: str) -> bool:
        """Is an answer stamped `stamp` from the incarnation that was asked? One that was adopted without a known id
        takes the id that it says."""
        if stamp == asked:
            return True
        if asked and asked == self._named_by_us and asked == self.record.state.incarnation:
            self.record.renamed(stamp)
            self._watched = stamp if self._watched == asked else self._watched
            return True
        return False

    def end_was_asked(self) -> None:
        """The program was told to end: what it then exits with is no crash."""
        self._end_asked = self.record.state.incarnation

    def was_destroyed(self) -> None:
        self._destroyed = self.record.state.incarnation

    def asked_to_end(self, incarnation: str) -> bool:
        return bool(incarnation) and incarnation in (self._end_asked, self._destroyed)

    # ---- the end

    def _over(self, incarnation: str) -> None:
        async def watch() -> None:
            try:
                ended = await self.runtime.wait_exit()
            except RuntimeFault as fault:
                if self._task is not asyncio.current_task():
                    return
                self._fault = fault
                if fault.meaning in _NO_ROOM:
                    self._ended(Ended(None, "no_instance"))
                    return
                self._ended(Ended(None, "lost"))
                await self.hooks.failed(fault)
                return
            # A replaced watch must not end a newer incarnation.
            if self._task is asyncio.current_task():
                self._ended(ended)

        self._watched = incarnation
        self._task = self._tasks.begin(watch())

    async def wait(self, seconds: float) -> None:
        """Wait for the end of the watched incarnation, at most so long."""
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=seconds)

    async def wait_news(self) -> None:
        """The platform says that nothing runs: wait a moment for the reason, then call it lost."""
        await self.wait(EXIT_NEWS)
        if self.record.state.alive and not self.runtime.running:
            self._ended(Ended(None, "lost"))

    async def check_alive(self) -> bool:
        """Does the platform still run what the state says? Corrects the state if not."""
        if self.runtime.running:
            return True
        if self.record.state.alive:
            await self.wait_news()
        return False

    def no_room(self) -> ContainerFault | None:
        """What the platform said when it had no instance to give to the last start."""
        if self._fault is None or self._fault.meaning not in _NO_ROOM:
            return None
        text = str(self._fault)
        if self._fault.meaning is Meaning.RATE_LIMITED:
            return RateLimited(text, retry_after=1.0)
        return NoInstance(text, retry_after=5.0)

    def _ended(self, ended: Ended) -> None:
        before = self.record.state
        if not before.alive:
            return
        asked = self.asked_to_end(before.incarnation)
        if before.incarnation == self._destroyed:
            ended = Ended(ended.exit_code, "destroyed")
        crash = not asked and (
            # The platform's own doing, or a missing instance, says nothing against the program.
            ended.reason == "exit" and (ended.exit_code != 0 or before.ready_at is None)
        )
        self.record.ended(ended, crash, self._now(), self._draw(), self.last_words)
        self.hooks.moved(before, self.record.state)
        self.hooks.wake()
        self._tasks.begin(self.tell_stops())

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
                        await self.hooks.failed(error)
                        return
                before = self.record.state
                self.record.tell(exit.incarnation, self._now())
                if before.status != self.record.state.status:
                    self.hooks.moved(before, self.record.state)
        finally:
            self._telling = False
