"""WarehouseZone: the stock of one zone of a warehouse, `{tenant}:{warehouse}:{zone}`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from pyodide.ffi import JsException

from contracts.errors import ProblemError
from contracts.rpc import answer, dumps, text_answer, unwrap
from durable_objects.base import StatefulObject, log, now_ms
from durable_objects.sqlite import chunks
from durable_objects.state import zone_schema, zone_setup
from durable_objects.stock import answers, audit, keys, outbox, program, reading, transfers
from durable_objects.stock.keys import Key
from durable_objects.stock.posting import LinesRefused, post, post_whole

VALUE_BYTES = 1_900_000  # of a text that is bound as one value; the platform takes 2 MB
RETRY_MS = 2_000
LONGEST_RETRY_MS = 60_000
# The caller's answer leaves first, then the change is told. Those that come meanwhile gather a little longer, unless they
# are many.
ANSWER_S, GATHER_S, GATHER_CHARACTERS = 0.003, 0.02, 20_000
TARGET_SECONDS = 10.0  # how long a transfer waits for its target before the alarm takes over


class WarehouseZone(StatefulObject):
    """The truth about quantities in one zone: strongly consistent, every change in the ledger."""

    MIGRATIONS = zone_schema.MIGRATIONS

    def _ready(self) -> None:
        program.install(self._sql)
        self._known = False
        self._running: set[str] = set()  # idempotency keys of transfers under way in this life of the object
        self._driving: dict[str, asyncio.Task[None]] = {}
        self._telling: asyncio.Task[None] | None = None
        self._failures = 0  # of telling the warehouse, in a row
        self._wake_for_work(now_ms())

    @property
    def _zone(self) -> str:
        return self._names[2]

    def _require(self) -> None:
        if not self._known:
            self._known = bool(self._sql.rows("SELECT 1 FROM location LIMIT 1"))
        if not self._known:
            raise ProblemError("not-found", f"warehouse {self._names[1]!r} has no zone {self._zone!r}")

    # --- from the warehouse --------------------------------------------------------------------------------------

    @answer
    async def deliver(self, message: Any) -> None:
        """From WarehouseState alone: locations, items, settings, stock at the beginning."""
        zone_setup.take(self._sql, self._zone, message, now_ms())
        # The warehouse waits for this answer: told now, its summary is right when it goes on.
        await asyncio.shield(self._tell())

    @text_answer
    async def positions(self, text: str) -> str:  # noqa: ARG002 - as every RPC method
        """What is available where, as a JSON list: text all the way, for it can be long."""
        return f"[{reading.positions_text(self._sql)}]"

    # --- changing stock ------------------------------------------------------------------------------------------

    @text_answer
    async def post(self, text: str) -> str:
        """Two lines: {"author", "partial", "bytes", "key", "fingerprint", "instance", "trace_id"} (the last four when
        there is an idempotency key), and a StockOperations as it was sent, of so many bytes.

        → {"replayed", "answer": StockOutcome} or {"replayed": true, "problem"}. A first refusal is raised.
        """
        self._require()
        head_text, _, body = text.partition("\n")
        head = json.loads(head_text)
        key = _key(head)
        if key is not None and (kept := keys.find(self._sql, key)) is not None:
            return self._replayed(kept)
        now = now_ms()
        if self._post_whole(head, body, key, now):
            self._tell_soon(now)
            return f'{{"replayed":false,"answer":{answers.latest_text(self._sql)}}}'
        if head["bytes"] <= VALUE_BYTES:
            lines, path = [body], "$.lines"
        else:
            lines, path = chunks(json.loads(body)["lines"]), "$"

        def write() -> int:
            done = post(self._sql, lines, now=now, author=head["author"], partial=head["partial"], path=path)
            if key is not None:
                keys.keep(self._sql, key, now, posting=done.id)
            return done.id

        try:
            number = self._sql.transaction(write)
        except LinesRefused as refusal:
            problem = answers.refusal_problem(self._sql, refusal)
            if key is not None:
                self._keep_problem(key, problem, head, now)
            raise problem from None
        self._tell_soon(now)
        if key is not None or head["partial"]:
            self._wake(now + keys.HOUR_MS)
        return f'{{"replayed":false,"answer":{answers.posting_text(self._sql, number)}}}'

    def _post_whole(self, head: Mapping[str, Any], body: str, key: Key | None, now: int) -> bool:
        """The usual call, applied in one statement. False: not so usual, or lines are refused; nothing has changed."""
        if head["partial"] or head["bytes"] > VALUE_BYTES:
            return False
        author = head["author"]
        if key is None:
            return post_whole(self._sql, body, now=now, author=author, path="$.lines")

        def write() -> bool:
            done = post_whole(self._sql, body, now=now, author=author, path="$.lines")
            if done:
                keys.keep_latest(self._sql, key, now)
            return done

        done = self._sql.transaction(write)
        if done:
            self._wake(now + keys.HOUR_MS)
        return done

    def _keep_problem(self, key: Key, problem: ProblemError, head: Mapping[str, Any], now: int) -> None:
        document = {**problem.document(), "instance": head["instance"], "trace_id": head["trace_id"]}
        keys.keep(self._sql, key, now, answer=dumps(document))
        self._wake(now + keys.HOUR_MS)

    def _replayed(self, kept: keys.Kept) -> str:
        if kept.posting is not None:
            return f'{{"replayed":true,"answer":{answers.posting_text(self._sql, kept.posting)}}}'
        if kept.answer is None:
            raise ProblemError("idempotency-in-progress", "the first request with this key is still running")
        member = "problem" if kept.transfer is None else "answer"
        return f'{{"replayed":true,"{member}":{kept.answer}}}'

    # --- transfers -----------------------------------------------------------------------------------------------

    @text_answer
    async def transfer(self, text: str) -> str:
        """{"body": TransferCreate with its id, "author", and as in `post`} → as `post`, with a Transfer."""
        self._require()
        head = json.loads(text)
        body, key, now = head["body"], _key(head), now_ms()
        if key is not None and (kept := keys.find(self._sql, key)) is not None:
            if kept.answer is not None or kept.transfer is None or key.key in self._running:
                return self._replayed(kept)
            # Begun in an earlier life of the object, and nobody was answered.
            return self._first_answer(key, kept.transfer, now)

        def write() -> None:
            transfers.begin(*(self._sql, self._zone, body), fingerprint=head["content"], author=head["author"], now=now)
            if key is not None:
                keys.keep(self._sql, key, now, transfer=body["id"])

        try:
            self._sql.transaction(write)
        except LinesRefused as refusal:
            problem = answers.refusal_problem(self._sql, refusal)
            if key is not None:
                self._keep_problem(key, problem, head, now)
            raise problem from None
        self._wake(now + transfers.FIRST_PAUSE_MS)
        self._tell_soon(now)
        if key is None:
            await self._drive(body["id"])
            return self._first_answer(None, body["id"], now)
        self._wake(now + keys.HOUR_MS)
        self._running.add(key.key)
        try:
            await self._drive(body["id"])
            return self._first_answer(key, body["id"], now)
        finally:
            self._running.discard(key.key)

    def _first_answer(self, key: Key | None, transfer: str, now: int) -> str:
        document = dumps(transfers.read(self._sql, self._zone, transfer))
        if key is not None:
            keys.keep(self._sql, key, now, transfer=transfer, answer=document)
        return f'{{"replayed":false,"answer":{document}}}'

    @answer
    async def accept(self, message: Any) -> dict[str, Any]:
        """From another zone: pieces that have left there. See transfers.accept."""
        found = transfers.accept(self._sql, message, now_ms())
        self._tell_soon(now_ms())
        return found

    async def _drive(self, transfer: str) -> None:
        """Ask the target once; whoever else wants the same waits for the same answer."""
        task = self._driving.get(transfer)
        if task is None:
            task = self._driving[transfer] = asyncio.ensure_future(self._ask_target(transfer))
        await asyncio.shield(task)

    async def _ask_target(self, transfer: str) -> None:
        try:
            parcel = transfers.parcel(self._sql, self._zone, transfer)
            if parcel is None:
                return
            target, message = parcel
            stub = self.env.WAREHOUSE_ZONE.getByName(":".join((*self._names[:2], target)))
            found = unwrap(await asyncio.wait_for(stub.accept(message), TARGET_SECONDS))
            transfers.settle(self._sql, self._zone, transfer, found, now_ms())
            self._tell_soon(now_ms())
        except (ProblemError, JsException, TimeoutError) as fault:
            # Whether the target took it is not known: it is asked again, and knows what it answered.
            log("transfer-unanswered", object=":".join(self._names), transfer=transfer, error=repr(fault))
            transfers.postpone(self._sql, transfer, now_ms())
            self._wake_for_work(now_ms())
        finally:
            del self._driving[transfer]

    @answer
    async def get_transfer(self, payload: Any) -> dict[str, Any]:
        self._require()
        return transfers.read(self._sql, self._zone, payload["id"])

    @answer
    async def list_transfers(self, query: Any) -> list[Any]:
        self._require()
        return transfers.page(self._sql, self._zone, query["after"], query["limit"], query["state"])

    # --- reading -------------------------------------------------------------------------------------------------

    @answer
    async def summary(self, payload: Any) -> dict[str, Any]:  # noqa: ARG002
        self._require()
        return reading.summary(self._sql, self._zone)

    @answer
    async def line(self, payload: Any) -> dict[str, Any]:
        self._require()
        return reading.line(self._sql, self._zone, payload["location"], payload["sku"])

    @answer
    async def lines(self, query: Any) -> dict[str, Any]:
        """{"after", "limit", "location", "sku", "empty"} → {"lines", "ledger": its head}."""
        self._require()
        names = ("location", "sku", "empty")
        chosen = {name: query[name] for name in names}
        found = reading.lines(self._sql, self._zone, query["after"], query["limit"], **chosen)
        return {"lines": found, "ledger": reading.head(self._sql)}

    @answer
    async def ledger(self, query: Any) -> list[dict[str, Any]]:
        self._require()
        return reading.ledger(
            *(self._sql, query["after"], query["limit"]), location=query["location"], sku=query["sku"]
        )

    @answer
    async def audit(self, query: Any) -> dict[str, Any]:
        """{"after", "locations"} → a slice of the audit; see audit.check."""
        self._require()
        return audit.check(self._sql, query["after"], query["locations"])

    # --- telling the warehouse, and the alarm --------------------------------------------------------------------

    def _tell_soon(self, now: int) -> None:
        """Let the warehouse have the new events, without making the caller wait. The alarm stands by."""
        self._wake(now + RETRY_MS)
        self._tell(ANSWER_S)

    def _tell(self, pause: float = 0.0) -> asyncio.Task[None]:
        """The one task that sends events in order; it ends when none are left, or sending has failed."""
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell_warehouse(pause))
        return self._telling

    async def _tell_warehouse(self, pause: float) -> None:
        await asyncio.sleep(pause)
        warehouse = self.env.WAREHOUSE_STATE.getByName(":".join(self._names[:2]))
        try:
            while (batch := outbox.batch(self._sql, self._zone)) is not None:
                outbox.taken(self._sql, unwrap(await warehouse.zone_events(batch)))
                if len(batch) < GATHER_CHARACTERS and outbox.waiting(self._sql):
                    await asyncio.sleep(GATHER_S)
            self._failures = 0
        except (ProblemError, JsException) as fault:
            # Nothing is lost: what is not taken stays in the outbox, and the alarm brings it again.
            self._failures += 1
            log("events-untold", object=":".join(self._names), error=repr(fault))

    def _wake_for_work(self, now: int) -> None:
        """Set the alarm for whatever is left to be done."""
        times = [transfers.next_due(self._sql)]
        if outbox.waiting(self._sql):
            times.append(now + min(LONGEST_RETRY_MS, RETRY_MS << min(self._failures, 10)))
        if keys.any_kept(self._sql):
            times.append(now + keys.HOUR_MS)
        for at in times:
            if at is not None:
                self._wake(at)

    async def alarm(self, info: Any = None) -> None:  # noqa: ARG002
        self._wake_at = None
        keys.sweep(self._sql, now_ms())
        await asyncio.gather(*map(self._drive, transfers.due(self._sql, now_ms())), asyncio.shield(self._tell()))
        self._wake_for_work(now_ms())


def _key(head: Mapping[str, Any]) -> Key | None:
    return Key(head["key"], head["fingerprint"]) if head.get("key") else None
