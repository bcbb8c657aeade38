"""What the object's alarm does: schedules that are due, stops that nobody told, sleep, liveness, overdue kills.

It stays while the container runs: an object with nothing to do would be evicted, and its container with it.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from contextlib import suppress
from typing import Any

from durable_objects.container.faults import ContainerFault, RuntimeFault
from durable_objects.container.readiness import Check
from durable_objects.container.schedules import Schedule
from durable_objects.container.settings import MAX_ALARM_WAIT, PING_TIMEOUT

LIVENESS_FAILURES = 3
_TELL_AGAIN = 5.0  # seconds until an on_stop that raised is called again while nothing runs


class Alarm:
    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._life, self._record = owner._lifecycle, owner._record
        self._activity, self._schedules = owner._activity, owner._schedules
        self._waker = asyncio.Event()
        self._liveness_at = 0.0
        self._liveness_failures = 0

    def set(self, at: float) -> None:
        self._owner._storage.setAlarm(int(at * 1000))

    def wake(self) -> None:
        """Something has changed: run soon, and end the wait of the run that stays."""
        self.set(time.time() + 0.05)
        self._waker.set()

    def plan(self) -> None:
        """A schedule has come: be there when it is due."""
        self.set(self._next())
        self._waker.set()

    async def run(self) -> None:
        self.set(time.time() + MAX_ALARM_WAIT)  # if this run dies, another comes
        self._waker.clear()
        for schedule in self._schedules.due(time.time()):
            await self._call(schedule)
        await self._life.watch.tell_stops()
        await self._life.stopping.kill_overdue()
        if await self._life.watch.check_alive():
            await self._look_after()
        if self._life.runtime.running or self._life.starting.going_on:
            wait = self._next() - time.time()
            if wait > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._waker.wait(), min(wait, MAX_ALARM_WAIT))
            self.set(time.time())
            return
        following = self._schedules.next_time()
        if self._record.untold():
            following = min(following or float("inf"), time.time() + _TELL_AGAIN)
        if following is None:
            self._owner._storage.deleteAlarm()
        else:
            self.set(following)

    async def _look_after(self) -> None:
        now = time.time()
        status = self._record.state.status
        if status in ("running", "healthy") and self._activity.expired(now) and not self._life.starting.going_on:
            try:
                await self._owner.on_activity_expired()
            except Exception as error:  # noqa: BLE001 - a hook may raise anything
                await self._owner._report(error)
            self._activity.renew(time.time())  # a hook that keeps the container is asked again after a whole period
        elif status == "healthy" and self._owner.liveness is not None and now >= self._liveness_at:
            await self._look_at_liveness(self._owner.liveness)

    async def _look_at_liveness(self, check: Check) -> None:
        waits_for: str | None
        try:
            waits_for = await check.waits_for(self._life.runtime.probe, PING_TIMEOUT)
        except RuntimeFault as fault:
            waits_for = str(fault)
        self._liveness_at = time.time() + self._owner.liveness_interval
        if waits_for is None:
            self._liveness_failures = 0
            return
        self._liveness_failures += 1
        if self._liveness_failures >= LIVENESS_FAILURES:
            self._liveness_failures = 0
            text = f"not alive {LIVENESS_FAILURES} times in a row, killed: {waits_for}"
            await self._owner._report(ContainerFault(text))
            await self._life.stopping.destroy()

    async def _call(self, schedule: Schedule) -> None:
        method = getattr(self._owner, schedule.callback, None)
        if not callable(method):
            self._schedules.delete(schedule.id)
            await self._owner._report(ValueError(f"scheduled callback {schedule.callback!r} does not exist: dropped"))
            return
        try:
            outcome = method(schedule.payload, schedule.as_dict()) if _takes_two(method) else method(schedule.payload)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:  # noqa: BLE001 - a callback may raise anything; it is tried again and reported
            again = self._schedules.failed(schedule, time.time())
            if not again:
                error.add_note(f"scheduled callback {schedule.callback!r} failed for the last time: dropped")
            await self._owner._report(error)
            return
        self._schedules.delete(schedule.id)

    def _next(self) -> float:
        now = time.time()
        times = [now + MAX_ALARM_WAIT]
        following = self._schedules.next_time()
        if following is not None:
            times.append(following)
        if self._life.runtime.running:
            # An open request puts sleep off by a whole period from its end, so looking again in one is early enough.
            open_requests = self._activity.in_flight > 0
            times.append(now + self._activity.sleep_after if open_requests else self._activity.deadline)
            if self._life.stopping.kill_at is not None:
                times.append(self._life.stopping.kill_at)
            if self._owner.liveness is not None:
                times.append(max(self._liveness_at, now + 0.1))
        return max(now, min(times))


def _takes_two(method: Any) -> bool:
    """A callback may want the schedule beside its payload."""
    try:
        inspect.signature(method).bind(None, None)
    except TypeError:
        return False
    return True
