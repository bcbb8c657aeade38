"""A warehouse's events over WebSocket and as Server-Sent Events: the connections of state/subscribers.py.

WebSockets hibernate: the runtime keeps them while the object sleeps, with an attachment that holds filter and cursor, and
answers `ping` itself. Server-Sent Events are an answer that goes on, so an object with such a reader stays awake.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import js
from pyodide.ffi import JsException, create_proxy

from contracts.errors import Fault, ProblemError
from contracts.events import EventQuery
from contracts.rpc import dumps
from durable_objects.base import log, now_ms
from durable_objects.sqlite import Sql
from durable_objects.state import hub, subscribers
from durable_objects.state.subscribers import Filter, Subscriber, Subscribers

PAUSE_S = 0.02  # while a replay waits for its reader
MAX_EVENT_STREAMS = 500  # Server-Sent Events: each keeps a stream open in the object's memory
NORMAL, POLICY_VIOLATION = 1000, 1008  # RFC 6455, 7.4.1


class _SocketWire:
    broken: type[Exception] = JsException

    def frame(self, text: str, sequence: int) -> Any:  # noqa: ARG002
        return text


class _SocketSink:
    def __init__(self, socket: Any) -> None:
        self.wire: subscribers.Wire = SOCKETS
        self.socket = socket
        self.send = socket.send

    def waiting(self) -> int:
        return int(self.socket.bufferedAmount)

    def close(self, code: int, reason: str) -> None:
        self.socket.close(code, reason[:120])  # a close frame's reason holds 123 bytes


class _EventStreamWire:
    """`id` moves the browser's Last-Event-ID; a heartbeat has a name of its own, so `onmessage` sees events alone."""

    broken: type[Exception] = JsException

    def __init__(self) -> None:
        self._encoder: Any = None  # made when first needed: nothing of JavaScript may be made at import

    def frame(self, text: str, sequence: int) -> Any:
        if self._encoder is None:
            self._encoder = js.TextEncoder.new()
        name = "event: heartbeat\n" if text.startswith('{"type":"heartbeat"') else ""
        return self._encoder.encode(f"{name}id: {sequence}\ndata: {text}\n\n")


class _EventStreamSink:
    def __init__(self, stream: Any, ignore: Any) -> None:
        self.wire: subscribers.Wire = EVENT_STREAMS
        self.writer = stream.writable.getWriter()
        self._ignore = ignore

    def send(self, frame: Any) -> None:
        # A write that fails after the reader has left is told by writer.closed: nobody waits for each one.
        self.writer.write(frame).then(None, self._ignore)

    def waiting(self) -> int:
        free = self.writer.desiredSize  # null once the stream has failed
        return subscribers.WINDOW - int(free) if isinstance(free, int | float) else 0

    def close(self, code: int, reason: str) -> None:
        last = f"event: end\ndata: {dumps({'code': code, 'reason': reason})}\n\n"
        self.writer.write(js.TextEncoder.new().encode(last)).then(None, self._ignore)
        self.writer.close().then(None, self._ignore)


SOCKETS = _SocketWire()
EVENT_STREAMS = _EventStreamWire()


class EventStreams:
    """The live readers of one object. `context` is the platform's own DurableObjectState."""

    def __init__(self, context: Any, sql: Sql, name: str, warehouse: str, patience_s: float) -> None:
        self._context = context
        self._sql = sql
        self._name = name
        self._patience_s = patience_s
        self._readers = Subscribers(sql, warehouse, self._dropped, self._lagging)
        self._publishing = False
        self._ignore: Any = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._heartbeat_at: int | None = None
        if sockets := list(context.getWebSockets()):
            self._restore(sockets)

    def __len__(self) -> int:
        return len(self._readers)

    @property
    def heartbeat_at(self) -> int | None:
        """When the next heartbeat is due (ms); None without readers."""
        return (self._heartbeat_at or now_ms()) if len(self._readers) else None

    def publish(self) -> None:
        """Send new events: the first round at once, the rest with pauses in which bytes can leave."""
        if not self._publishing and self._readers.publish():
            self._publishing = True
            self._spawn(self._publish_rest())

    async def _publish_rest(self) -> None:
        try:
            await asyncio.sleep(0)
            while self._readers.publish():
                await asyncio.sleep(0)
        finally:
            self._publishing = False

    def heartbeat(self, now: int) -> None:
        """The heartbeat, when it is due."""
        if len(self._readers) and now >= (self._heartbeat_at or 0):
            self._heartbeat_at = now + subscribers.HEARTBEAT_MS
            self._readers.heartbeat(now)

    def open(self, request: Any) -> Any:
        """The Response that a reader's request gets. Raises ProblemError."""
        url = urlsplit(str(request.url))
        query = EventQuery.model_validate(dict(parse_qsl(url.query)))
        is_socket = str(request.headers.get("upgrade") or "").lower() == "websocket"
        last_seen = None if is_socket else request.headers.get("last-event-id")
        cursor = hub.head(self._sql) if query.cursor is None else query.cursor
        if isinstance(last_seen, str) and last_seen:
            cursor = _last_event_id(last_seen)
        wanted = self.filter_of(query)
        hub.check_cursor(self._sql, cursor)
        if self._heartbeat_at is None:
            self._heartbeat_at = now_ms() + subscribers.HEARTBEAT_MS
        return self._open_socket(wanted, cursor) if is_socket else self._open_stream(wanted, cursor)

    def filter_of(self, query: EventQuery) -> Filter:
        """Raises ProblemError invalid for a zone that the warehouse does not have."""
        known = [row[0] for row in self._sql.rows("SELECT id FROM zone ORDER BY id")]
        unknown = [zone for zone in query.zone_names if zone not in known]
        if unknown:
            detail = f"no zone {', '.join(map(repr, unknown))}; the warehouse has {', '.join(known)}"
            raise ProblemError("invalid", f"/query/zones: {detail}", errors=(Fault("/query/zones", detail),))
        return Filter(query.type_names, query.zone_names)

    def closed(self, socket: Any) -> None:
        """A WebSocket's end, as the platform tells it: the reader waits for our word that it may go."""
        self._end(socket, NORMAL, "bye")

    def refuse_message(self, socket: Any) -> None:
        """A reader has nothing to say but `ping`, which the runtime answers."""
        self._end(socket, POLICY_VIOLATION, "this stream takes no messages but ping")

    def _end(self, socket: Any, code: int, reason: str) -> None:
        self._readers.remove(json.loads(str(socket.deserializeAttachment()))["id"])
        with contextlib.suppress(JsException):  # it broke: nobody is there to be told
            socket.close(code, reason)

    # --- connections -------------------------------------------------------------------------------------------------

    def _open_socket(self, wanted: Filter, cursor: int) -> Any:
        pair = js.WebSocketPair.new()
        client, server = pair.object_values()
        reader = self._reader(_SocketSink(server), wanted, cursor)
        self._readers.add(reader)
        self._context.setWebSocketAutoResponse(js.WebSocketRequestResponsePair.new("ping", "pong"))
        self._context.acceptWebSocket(server)
        self._start(reader)
        return js.Response.new(None, status=101, webSocket=client)

    def _open_stream(self, wanted: Filter, cursor: int) -> Any:
        streams = sum(isinstance(reader.sink, _EventStreamSink) for reader in self._readers)
        if streams >= MAX_EVENT_STREAMS:
            detail = f"{MAX_EVENT_STREAMS} Server-Sent Events readers follow this warehouse: use a WebSocket"
            raise ProblemError("overloaded", detail, headers={"retry-after": "30"})
        if self._ignore is None:
            self._ignore = create_proxy(lambda _error: None)  # one for the object's whole life
        stream = js.IdentityTransformStream.new(highWaterMark=subscribers.WINDOW)
        sink = _EventStreamSink(stream, self._ignore)
        reader = self._reader(sink, wanted, cursor)
        self._readers.add(reader)
        self._spawn(self._watch(reader, sink))
        self._start(reader)
        init = {"headers": [["content-type", "text/event-stream"], ["cache-control", "no-store"]]}
        return js.Response.new(stream.readable, js.JSON.parse(json.dumps(init)))

    def _reader(self, sink: Any, wanted: Filter, cursor: int) -> Subscriber:
        return Subscriber(secrets.token_hex(8), sink, wanted, now_ms() + subscribers.LIFETIME_MS, cursor)

    def _start(self, reader: Subscriber) -> None:
        """The first events at once; the rest as fast as the reader takes them."""
        live = self._readers.step(reader)
        self._save(reader)
        if not live:
            self._spawn(self._replay(reader))

    async def _replay(self, reader: Subscriber) -> None:
        """Bring a reader to where it is live, as fast as it takes what it is sent."""
        stuck_s, before = 0.0, reader.sink.waiting()
        while stuck_s < self._patience_s:
            if before < subscribers.ROUND_BYTES:
                live = self._readers.step(reader)
                self._save(reader)
                if live:
                    self.publish()
                    return
            await asyncio.sleep(PAUSE_S)
            waiting = reader.sink.waiting()
            stuck_s = 0.0 if waiting < max(before, 1) else stuck_s + PAUSE_S
            before = waiting
        reason = f"too slow: nothing was read for {self._patience_s:g} s; come back with your cursor"
        self._readers.drop(reader, subscribers.TOO_SLOW, reason)

    def _lagging(self, reader: Subscriber) -> None:
        self._save(reader)
        self._spawn(self._replay(reader))

    async def _watch(self, reader: Subscriber, sink: _EventStreamSink) -> None:
        try:
            await sink.writer.closed
        except JsException:
            log("reader-left", object=self._name, kind="event-stream")
        self._readers.remove(reader.id)

    def _save(self, reader: Subscriber) -> None:
        if isinstance(reader.sink, _SocketSink):
            reader.sink.socket.serializeAttachment(subscribers.attachment(reader))

    def _restore(self, sockets: list[Any]) -> None:
        for socket in sockets:
            kept: Mapping[str, Any] = json.loads(str(socket.deserializeAttachment()))
            wanted = Filter(tuple(kept["types"]), tuple(kept["zones"]))
            reader = Subscriber(kept["id"], _SocketSink(socket), wanted, kept["until"], kept["cursor"])
            self._readers.restore(reader)
            if reader.cursor is not None:
                self._spawn(self._replay(reader))
        log("readers-restored", object=self._name, readers=len(sockets))
        self.publish()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _dropped(self, reader: Subscriber, reason: str) -> None:
        log("reader-dropped", object=self._name, reader=reader.id, reason=reason)


def _last_event_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        detail = "Last-Event-ID takes the id of an event that this stream sent"
        raise ProblemError("bad-request", detail, errors=(Fault("/header/last-event-id", detail),))
    return int(text)
