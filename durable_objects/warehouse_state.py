"""WarehouseState: a warehouse's layout, items, orders, configuration and events, `{tenant}:{warehouse}`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pydantic import ValidationError
from workers import Response

from contracts.errors import ProblemError, from_validation
from contracts.events import EventQuery
from contracts.rpc import answer, dumps, unwrap
from durable_objects.base import StatefulObject, log, now_ms
from durable_objects.event_outbox import EventOutbox
from durable_objects.event_streams import EventStreams
from durable_objects.sqlite import AfterCommit, get_text
from durable_objects.state import (
    configuration,
    hub,
    jobs,
    orders,
    outbox,
    period,
    warehouse,
    warehouse_schema,
    zone_news,
)
from durable_objects.state.subscribers import PATIENCE_S

RETRY_MS = 2_000
GATHER_MS = 50  # how long events gather before they go to the queue together


class WarehouseState(StatefulObject):
    """What is true of the warehouse as a whole. Quantities are the zones' own."""

    MIGRATIONS = warehouse_schema.MIGRATIONS

    def _ready(self) -> None:
        plain = self._sql
        self._outbox = EventOutbox(self.env, plain, self._names)
        patience = float(getattr(self.env, "EVENTS_PATIENCE_SECONDS", None) or PATIENCE_S)
        self._streams = EventStreams(self._raw, plain, ":".join(self._names), self._id, patience)
        self._head = hub.head(plain)
        self._sql = AfterCommit(plain, self._committed)

    def _committed(self) -> None:
        """After each transaction: what it appended to the log goes to the readers now and to the queue soon."""
        newest = hub.head(self._sql)
        if newest != self._head:
            self._head = newest
            self._streams.publish()
            self._wake(now_ms() + GATHER_MS)

    @property
    def _id(self) -> str:
        return self._names[1]

    def _require(self) -> None:
        warehouse.require(self._sql, self._id)

    # --- the warehouse -------------------------------------------------------------------------------------------

    @answer
    async def create(self, payload: Any) -> dict[str, Any]:
        """{"body": WarehouseCreate, "fingerprint", "author"} → {"created", "summary"}."""
        created = warehouse.create(self._sql, payload["body"], payload["fingerprint"], payload["author"], now_ms())
        await self._deliver()
        return {"created": created, "summary": warehouse.summary(self._sql)}

    @answer
    async def summary(self, payload: Any) -> dict[str, Any]:  # noqa: ARG002
        self._require()
        return warehouse.summary(self._sql)

    async def layout(self, text: str = "null", context: str = "") -> str:  # noqa: ARG002
        if not warehouse.exists(self._sql):
            return _problem(ProblemError("not-found", f"there is no warehouse {self._id!r}"))
        return f'{{"ok":{get_text(self._sql, "layout")}}}'

    @answer
    async def locations(self, query: Any) -> list[Any]:
        self._require()
        return warehouse.list_locations(self._sql, query["after"], query["limit"], query["zone"])

    @answer
    async def zones(self, query: Any) -> list[dict[str, Any]]:
        self._require()
        return warehouse.list_zones(self._sql, query["after"], query["limit"])

    @answer
    async def items(self, query: Any) -> list[dict[str, Any]]:
        self._require()
        return warehouse.list_items(self._sql, query["after"], query["limit"])

    @answer
    async def put_items(self, payload: Any) -> dict[str, Any]:
        self._require()
        outcome = warehouse.upsert_items(self._sql, payload["items"], now_ms())
        await self._deliver()
        return outcome

    # --- configuration -------------------------------------------------------------------------------------------

    @answer
    async def configuration(self, query: Any) -> dict[str, Any]:
        self._require()
        return configuration.read(self._sql, query.get("version"))

    @answer
    async def configuration_history(self, query: Any) -> list[dict[str, Any]]:
        self._require()
        return configuration.history(self._sql, query["before"], query["limit"])

    @answer
    async def change_configuration(self, payload: Any) -> dict[str, Any]:
        """{"base": version | null, "document" or "patch", "author"} → the new version."""
        self._require()
        outcome = configuration.change(self._sql, payload, payload["author"], now_ms())
        await self._deliver()
        return outcome

    # --- orders and imports --------------------------------------------------------------------------------------

    @answer
    async def put_orders(self, payload: Any) -> dict[str, int]:
        self._require()
        return orders.upsert(self._sql, payload["orders"], now_ms())

    @answer
    async def orders(self, query: Any) -> list[Any]:
        self._require()
        return orders.page(self._sql, query["after"], query["limit"], query["status"])

    @answer
    async def orders_of_period(self, span: Any) -> list[dict[str, Any]]:
        """{start, end} in ms → [DoneOrder]."""
        self._require()
        return period.orders(self._sql, int(span["start"]), int(span["end"]))

    @answer
    async def order(self, payload: Any) -> dict[str, Any]:
        self._require()
        return orders.one_order(self._sql, payload["id"])

    @answer
    async def open_orders(self, payload: Any) -> list[dict[str, Any]]:
        """{"orders": [ids]} → the orders as they were sent."""
        self._require()
        return orders.open_ones(self._sql, payload["orders"])

    @answer
    async def close_orders(self, payload: Any) -> dict[str, int]:
        """{"orders": [ids], "status": "completed" | "cancelled"} → {"changed", "unchanged"}."""
        self._require()
        return orders.close(self._sql, payload["orders"], payload["status"], now_ms())

    @answer
    async def import_orders(self, payload: Any) -> dict[str, Any]:
        """{"import_id", "chunk", "orders"} → {"accepted", "rejected": [{order, reason, detail, cure}]}; repeatable."""
        self._require()
        return orders.import_chunk(self._sql, payload["import_id"], payload["chunk"], payload["orders"], now_ms())

    @answer
    async def record_import(self, payload: Any) -> None:
        self._require()
        orders.record_import(self._sql, payload["id"], payload, now_ms())

    @answer
    async def get_import(self, payload: Any) -> dict[str, Any]:
        self._require()
        return orders.get_import(self._sql, payload["id"])

    # --- jobs ----------------------------------------------------------------------------------------------------

    @answer
    async def put_job(self, payload: Any) -> None:
        """A JobStatus as the job's object knows it; repeatable."""
        self._require()
        jobs.put(self._sql, payload, now_ms())

    @answer
    async def list_jobs(self, query: Any) -> dict[str, Any]:
        """{"limit", "cursor"} → {"jobs", "next"}."""
        self._require()
        return jobs.page(self._sql, query["limit"], query["cursor"])

    async def problem_input(self, text: str, context: str = "") -> str:  # noqa: ARG002
        """{"orders": [ids] | null} → {"layout", "items", "orders", "positions", "version"}, for the optimizer."""
        try:
            self._require()
            wanted = json.loads(text)["orders"]
            positions = ",".join(part for part in await asyncio.gather(*map(self._positions, self._zones())) if part)
            body = orders.problem_text(self._sql, wanted, f"[{positions}]", hub.head(self._sql))
        except ProblemError as problem:
            return _problem(problem)
        return f'{{"ok":{body}}}'

    async def _positions(self, zone: str) -> str:
        text: str = await self._zone(zone).positions("null")
        prefix = '{"ok":['
        if not text.startswith(prefix):
            unwrap(text)
        return text[len(prefix) : -2]

    # --- events ------------------------------------------------------------------------------------------------------

    async def events(self, text: str, context: str = "") -> str:  # noqa: ARG002
        """An EventQuery → an EventPage."""
        try:
            self._require()
            query = EventQuery.model_validate_json(text)
            wanted = self._streams.filter_of(query)
            after = hub.oldest(self._sql) - 1 if query.cursor is None else query.cursor
            page = hub.page_text(self._sql, self._id, after, query.limit, wanted.types, wanted.zones)
        except ProblemError as problem:
            return _problem(problem)
        return f'{{"ok":{page}}}'

    @answer
    async def event_range(self, payload: Any) -> list[dict[str, Any]]:
        """{"first", "last"} → those events that are still in the log, for the queue's consumer."""
        return hub.read(self._sql, self._id, payload["first"] - 1, payload["last"] - payload["first"] + 1)

    @answer
    async def events_taken(self, payload: Any) -> None:
        """{"first", "last"}: the queue's consumer has dealt with this batch."""
        outbox.taken(self._sql, payload["first"], payload["last"])

    @answer
    async def segment(self, payload: Any) -> dict[str, Any] | None:
        """{"first", "last"} → {"day", "lines"} of a segment that waits to be archived, or None."""
        return outbox.segment_lines(self._sql, self._id, payload["first"], payload["last"])

    @answer
    async def archived(self, payload: Any) -> None:
        """{"first", "last"}: the segment lies in the archive."""
        outbox.archived(self._sql, payload["first"], payload["last"])

    async def fetch(self, request: Any) -> Any:
        """Follow the events: a WebSocket, or Server-Sent Events. Query and header as in contracts.events.EventQuery."""
        try:
            self._require()
            response = self._streams.open(request)
        except ValidationError as error:
            return _refusal(from_validation(error, "/query"))
        except ProblemError as problem:
            return _refusal(problem)
        self._schedule()
        return response

    async def webSocketMessage(self, socket: Any, message: Any) -> None:  # noqa: ARG002
        self._streams.refuse_message(socket)

    async def webSocketClose(self, socket: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: ARG002
        self._streams.closed(socket)

    async def webSocketError(self, socket: Any, error: Any) -> None:  # noqa: ARG002
        self._streams.closed(socket)

    # --- hearing from zones --------------------------------------------------------------------------------------

    async def zone_events(self, text: str) -> str:
        """Two lines: the news as zone_news.take takes it, and the list of events → the last number that is stored.

        The list stays one text on its way into the event log: it can be long.
        """
        news, _, events = text.partition("\n")
        try:
            self._require()
            last = zone_news.take(self._sql, json.loads(news), events)
        except ProblemError as problem:
            return _problem(problem)
        return dumps({"ok": last})

    @answer
    async def append_events(self, payload: Any) -> int:
        """{"source", "first", "events": [{type, zone, at, data}]} → the last number of the source that is stored.

        What came before changes nothing. Raises ProblemError conflict on a gap in the source's numbers.
        """
        self._require()
        events = dumps(payload["events"])

        def write() -> int:
            return hub.append_from(self._sql, payload["source"], payload["first"], events, len(payload["events"]))

        return self._sql.transaction(write)

    # --- telling zones and the directory -------------------------------------------------------------------------

    def _zones(self) -> list[str]:
        return [row[0] for row in self._sql.rows("SELECT id FROM zone ORDER BY id")]

    def _zone(self, zone: str) -> Any:
        return self.env.WAREHOUSE_ZONE.getByName(":".join((*self._names, zone)))

    async def _deliver(self) -> None:
        """Tell everybody what they must still be told. What fails is tried again by the alarm, until it is done."""
        targets = warehouse.pending_targets(self._sql)
        if not targets:
            return
        self._wake(now_ms() + RETRY_MS)
        outcomes = await asyncio.gather(*map(self._deliver_to, targets), return_exceptions=True)
        for target, outcome in zip(targets, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                # Nothing is lost: the delivery stays in its table, and the alarm brings it again.
                log("delivery-failed", object=":".join(self._names), target=target, error=repr(outcome))

    async def _deliver_to(self, target: str) -> None:
        while (delivery := warehouse.pending(self._sql, target)) is not None:
            number, kind, body = delivery
            if target == warehouse.DIRECTORY:
                unwrap(await self.env.WAREHOUSE_DIRECTORY.getByName(self._names[0]).register(body))
            else:
                for text in warehouse.zone_calls(self._sql, target, number, kind, body):
                    unwrap(await self._zone(target).deliver(text))
            warehouse.acknowledge(self._sql, number)

    async def alarm(self, info: Any = None) -> None:  # noqa: ARG002
        self._wake_at = None
        self._streams.heartbeat(now_ms())
        outcomes = await asyncio.gather(self._deliver(), self._outbox.run(), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                # The platform gives an alarm up after a few failures; this one must go on for as long as there is work.
                log("alarm-failed", object=":".join(self._names), error=repr(outcome))
                self._wake(now_ms() + RETRY_MS)
                return
        self._schedule()

    def _schedule(self) -> None:
        """Let the alarm ring when the next thing is due."""
        now = now_ms()
        if warehouse.pending_targets(self._sql):
            self._wake(now + RETRY_MS)
        for due in (self._outbox.due_at(now), self._streams.heartbeat_at):
            if due is not None:
                self._wake(max(due, now + 1))


def _problem(problem: ProblemError) -> str:
    return dumps({"problem": problem.document()})


def _refusal(problem: ProblemError) -> Any:
    headers = {"content-type": "application/problem+json", **problem.headers}
    return Response(dumps(problem.document()), status=problem.status, headers=headers)
