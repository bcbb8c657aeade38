"""TaskQueue: what is to be done in a warehouse, `{tenant}:{warehouse}`, and who may run of an agent type, `@agent:{type}`.

Everything is decided in SQLite within one call. One alarm rings at the next moment at which a delayed task comes to wait or
a lease ends; nothing polls. What the warehouse's event log must be told, and which job has got its place, goes out after
the call, and is brought again by the alarm until it has arrived.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, TypeVar

from pyodide.ffi import JsException

from contracts.errors import Fault, ProblemError
from contracts.rpc import answer, dumps, unwrap
from durable_objects.agent_fleet import agent_type
from durable_objects.base import StatefulObject, log, now_ms
from durable_objects.queue import (
    documents,
    fair,
    intake,
    leases,
    letters,
    outbox,
    period,
    places,
    schema,
    tally,
    timing,
    waiters,
)
from durable_objects.sqlite import get_meta, set_meta

T = TypeVar("T")

AGENT = "@agent"  # no tenant's id begins so
RETRY_MS = 2_000  # after a failed delivery
SWEEP_MS = 3_600_000
PRESSURE_AGE_MS = 1_000  # how long work waits before the fleet is asked for more instances


def token() -> str:
    return os.urandom(12).hex()


class TaskQueue(StatefulObject):
    """Tasks under leases. The rules are in durable_objects/queue; here are the calls, the clock and who is told."""

    MIGRATIONS = schema.MIGRATIONS

    def _ready(self) -> None:
        self._agent = self._names[1] if self._names[0] == AGENT else ""
        self._waiters = waiters.Waiters()
        self._zones: set[str] = set()
        self._telling: asyncio.Task[None] | None = None
        self._pressing: asyncio.Task[None] | None = None
        self._pressed_for: int | None = None  # since when the oldest work waits that the fleet was told of
        self._granted: list[dict[str, Any]] = []  # places whose jobs are still to be told
        self._due = timing.next_due(self._sql)
        self._wake(min(now_ms() + SWEEP_MS, self._due or now_ms() + SWEEP_MS))

    # --- tasks in -------------------------------------------------------------------------------------------------

    @answer
    async def enqueue(self, payload: Any) -> dict[str, int]:
        """{"tasks": [TaskCreate], "wave"?: {"id", "job"}} → {"created", "known"}."""
        await self._require(payload["tasks"])
        return self._act(lambda now: intake.enqueue(self._sql, payload["tasks"], now, payload.get("wave")))

    @answer
    async def cancel(self, payload: Any) -> dict[str, Any]:
        """{"id"} → the task."""
        await self._require()
        return self._act(lambda now: letters.cancel(self._sql, payload["id"], now))

    @answer
    async def replay(self, payload: Any) -> dict[str, int]:
        """A ReplayRequest → {"replayed", "skipped"}."""
        await self._require()
        return self._act(lambda now: letters.replay(self._sql, payload, now))

    # --- tasks out ------------------------------------------------------------------------------------------------

    @answer
    async def lease(self, wish: Any) -> list[dict[str, Any]]:
        """A LeaseRequest with its worker, and "key" and "fingerprint" when it has an idempotency key → leased tasks."""
        await self._require()
        found = self._act(lambda now: self._lease(wish, now))
        if found or not wish.get("wait_seconds"):
            return found
        return await self._waiters.wait(wish, wish["wait_seconds"])

    def _lease(self, wish: Any, now: int) -> list[dict[str, Any]]:
        key = wish.get("key")
        if key and (known := leases.repeated(self._sql, key, wish["fingerprint"])) is not None:
            return known

        def take() -> list[dict[str, Any]]:
            found = leases.lease(self._sql, wish, [token() for _ in range(int(wish["limit"]))], now)
            if key and found:
                leases.remember(self._sql, key, wish["fingerprint"], found, now)
            return found

        return self._sql.transaction(take)

    @answer
    async def heartbeat(self, payload: Any) -> dict[str, Any]:
        """{"id", "lease", "lease_seconds"} → the task."""
        await self._require()
        name, lease, seconds = payload["id"], payload["lease"], payload["lease_seconds"]
        return self._act(lambda now: leases.heartbeat(self._sql, name, lease, seconds, now))

    @answer
    async def ack(self, payload: Any) -> dict[str, Any]:
        """{"id", "lease", "result"} → the task."""
        await self._require()
        name, lease, result = payload["id"], payload["lease"], payload.get("result")
        return self._act(lambda now: leases.ack(self._sql, name, lease, result, now))

    @answer
    async def nack(self, payload: Any) -> dict[str, Any]:
        """{"id", and a TaskNack} → the task."""
        await self._require()
        return self._act(lambda now: leases.nack(self._sql, payload["id"], payload["lease"], payload, now))

    # --- reading --------------------------------------------------------------------------------------------------

    @answer
    async def task(self, payload: Any) -> dict[str, Any]:
        """{"id"} → the task."""
        await self._require()
        return self._act(lambda _: documents.get(self._sql, payload["id"]))

    @answer
    async def page(self, query: Any) -> dict[str, Any]:
        """A TaskQuery → {"items", "next"}."""
        await self._require()
        return self._act(lambda _: documents.page(self._sql, query))

    @answer
    async def picks_of_period(self, span: Any) -> list[dict[str, Any]]:
        """{start, end} in ms → [DoneTask]."""
        return period.picks(self._sql, int(span["start"]), int(span["end"]))

    @answer
    async def statistics(self, payload: Any) -> dict[str, Any]:  # noqa: ARG002
        if not self._agent:
            await self._require()
        return self._act(lambda now: tally.statistics(self._sql, now))

    # --- places to run in: of an agent type ---------------------------------------------------------------------------

    @answer
    async def enter(self, payload: Any) -> dict[str, Any]:
        """{"id", "tenant", "cost"} of a job → where it stands (places.place). Repeatable: a job that asks is answered."""
        self._act(lambda now: places.enter(self._sql, payload, now))
        self._granted = [place for place in self._granted if place["id"] != payload["id"]]  # this answer tells it
        return places.place(self._sql, payload["id"])

    @answer
    async def keep(self, payload: Any) -> None:
        """{"id", "lease"}: the job runs. Raises ProblemError lease-lost."""
        name, lease = payload["id"], payload["lease"]
        self._act(lambda now: leases.heartbeat(self._sql, name, lease, places.LEASE_SECONDS, now))

    @answer
    async def pause(self, payload: Any) -> None:
        """{"id", "lease", "seconds"}: the job comes again later."""
        name, lease, seconds = payload["id"], payload["lease"], payload["seconds"]
        self._act(lambda now: places.pause(self._sql, name, lease, seconds, now))

    @answer
    async def leave(self, payload: Any) -> None:
        """{"id"}: the job is over."""
        self._act(lambda now: places.leave(self._sql, payload["id"], now))

    @answer
    async def place(self, payload: Any) -> dict[str, Any]:
        """{"id"} → where it stands."""
        return self._act(lambda _: places.place(self._sql, payload["id"]))

    # --- what every call does ---------------------------------------------------------------------------------------

    async def _require(self, tasks: Any = ()) -> None:
        """The warehouse is there, and the zones of these tasks too. Raises ProblemError not-found, invalid."""
        unknown = {task["zone"] for task in tasks if task.get("zone")} - self._zones
        if not unknown and get_meta(self._sql, "known"):
            return
        summary = unwrap(await self._state().summary("null"))
        if not get_meta(self._sql, "known"):
            set_meta(self._sql, "known", True)
        self._zones = set(summary["zones"])
        faults = [
            Fault(
                f"/tasks/{index}/zone",
                f"the warehouse has no zone {task['zone']!r}; it has {', '.join(sorted(self._zones))}",
            )
            for index, task in enumerate(tasks)
            if task.get("zone") and task["zone"] not in self._zones
        ]
        if faults:
            raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:1000]))

    def _act(self, change: Callable[[int], T]) -> T:
        """Do what has come due, then `change`, then see who has to know. Nothing else runs in between."""
        now = now_ms()
        if self._due is not None and self._due <= now:
            timing.advance(self._sql, now)
        try:
            return change(now)
        finally:
            self._settle(now)

    def _settle(self, now: int) -> None:
        """Serve those who wait, set the alarm, and tell."""
        if self._agent:
            limit = agent_type(self.env, self._agent).max_instances
            self._granted += places.grant(self._sql, limit, token, now)
            outbox.drop(self._sql)
            oldest = tally.oldest_waiting(self._sql)
            if oldest is not None and oldest != self._pressed_for:
                self._wake(oldest + PRESSURE_AGE_MS)
        else:
            self._waiters.serve(lambda: fair.kinds(self._sql), lambda wish: self._lease(wish, now))
        self._due = timing.next_due(self._sql)
        if self._due is not None:
            self._wake(self._due)
        if self._granted or outbox.owes(self._sql):
            self._wake(now + RETRY_MS)
            self._tell_soon()

    async def alarm(self, info: Any = None) -> None:  # noqa: ARG002
        self._wake_at = None
        now = now_ms()
        later = timing.sweep(self._sql, now, places.KEEP_MS if self._agent else timing.KEEP_MS)
        self._wake(max(now + 1_000, min(now + SWEEP_MS, later or now + SWEEP_MS)))
        self._act(lambda _: None)
        if self._agent:  # beside the alarm: instances take seconds to start, and the next moment may come before
            self._pressing = asyncio.ensure_future(self._press(now))

    # --- telling others -----------------------------------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        """One delivery at a time; what fails is tried again by the alarm."""
        while self._granted:
            granted, self._granted = self._granted, []
            await asyncio.gather(*map(self._tell_job, granted))
        try:
            while outbox.owes(self._sql):
                first, events = outbox.batch(self._sql)
                body = dumps({"source": "tasks", "first": first, "events": events})
                outbox.acknowledge(self._sql, unwrap(await self._state().append_events(body)))
        except (ProblemError, JsException) as fault:
            log("delivery-failed", object=":".join(self._names), error=repr(fault))

    async def _tell_job(self, place: dict[str, Any]) -> None:
        """It may run. Should it not hear of it, it asks by itself within half a minute, and its lease ends in one."""
        job = self.env.OPTIMIZATION_JOB.getByName(place["id"])
        try:
            wanted = unwrap(await job.take_place(dumps({"lease": place["lease"]})))
        except (ProblemError, JsException) as fault:
            log("job-not-told", object=":".join(self._names), job=place["id"], error=repr(fault))
            return
        if not wanted:
            self._act(lambda now: places.leave(self._sql, place["id"], now))

    async def _press(self, now: int) -> None:
        """Tell the fleet that work waits, once for each that has waited for a second and is then the oldest."""
        oldest = tally.oldest_waiting(self._sql)
        if oldest is None or oldest == self._pressed_for or now - oldest < PRESSURE_AGE_MS:
            return
        self._pressed_for = oldest
        body = dumps({"waiting": tally.counts(self._sql)["waiting"], "oldest_age": (now - oldest) / 1000})
        try:
            unwrap(await self.env.AGENT_FLEET.getByName(self._agent).pressure(body))
        except (ProblemError, JsException) as fault:
            log("fleet-unreachable", object=":".join(self._names), error=repr(fault))

    def _state(self) -> Any:
        return self.env.WAREHOUSE_STATE.getByName(":".join(self._names))
