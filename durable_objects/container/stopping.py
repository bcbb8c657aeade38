"""How a container is told to end, and what is done with one that does not."""

from __future__ import annotations

from collections.abc import Callable

from durable_objects.container.settings import signal_number
from durable_objects.container.tasks import Tasks
from durable_objects.container.watch import Watch

ENDING_SIGNALS = frozenset({2, 3, 9, 15})


class Stopping:
    """`grace`: seconds from a signal that ends programs until SIGKILL; None: never."""

    def __init__(self, watch: Watch, grace: float | None, now: Callable[[], float]) -> None:
        self._watch, self._grace, self._now = watch, grace, now
        self._runtime, self._record, self._hooks = watch.runtime, watch.record, watch.hooks
        self._tasks = Tasks()

    async def stop(self, signal: str | int = "SIGTERM") -> None:
        """Send a signal. If it is one that ends a program, the container is killed when the grace has passed."""
        number = signal_number(signal)
        if not await self._watch.check_alive():
            await self._watch.tell_stops()
            return
        self._watch.adopt()
        if number not in ENDING_SIGNALS:
            self._runtime.signal(number)
            return
        self._watch.end_was_asked()
        before = self._record.state
        if before.status != "stopping":
            self._record.stopping(self._now())
            self._hooks.moved(before, self._record.state)
        self._runtime.signal(number)
        self._hooks.wake()
        if self._grace is not None:
            self._tasks.begin(self._kill_after(self._grace, before.incarnation))

    async def _kill_after(self, grace: float, incarnation: str) -> None:
        await self._watch.wait(grace)
        if incarnation == self._record.state.incarnation:
            await self.kill_overdue()

    @property
    def kill_at(self) -> float | None:
        """When a container that was told to end gets SIGKILL."""
        if self._record.state.status != "stopping" or self._grace is None:
            return None
        return self._record.state.last_change + self._grace

    async def kill_overdue(self) -> None:
        kill_at = self.kill_at
        if kill_at is not None and self._runtime.running and self._now() >= kill_at - 0.001:
            await self.destroy()

    async def destroy(self) -> None:
        """SIGKILL; on_stop has run when this returns."""
        if self._runtime.running:
            self._watch.adopt()
            self._watch.was_destroyed()
            await self._runtime.destroy()
        await self._watch.wait_news()
        await self._watch.tell_stops()
