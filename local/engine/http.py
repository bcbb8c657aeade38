"""A small HTTP/1.1 server on asyncio streams.

The usual servers and parsers do not fit: a connection must be handed over as raw bytes after CONNECT (the
sidecar), and workerd's CONNECT comes without the Host header that RFC 9112 asks for. The clients are few
and known: workerd, wrangler, and the `docker` stand-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

CHUNK = 256 * 1024
MAX_HEAD = 64 * 1024
REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path as sent, still percent-encoded: a name may hold an encoded slash."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON; None for an empty one. Raises ValueError for anything else."""
        return json.loads(self.body) if self.body.strip() else None


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "application/json"

    @classmethod
    def json(cls, status: int, value: Any) -> Response:
        return cls(status, json.dumps(value).encode())

    @classmethod
    def text(cls, status: int, value: str) -> Response:
        return cls(status, value.encode(), "text/plain; charset=utf-8")


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


@dataclass(frozen=True)
class Hijack:
    """Answer, then give the connection to `talk(reader, writer, bytes already read)`."""

    status: int
    talk: Talk
    headers: tuple[tuple[str, str], ...] = field(default=())


Handler = Callable[[Request], Awaitable[Response | Hijack]]


class MalformedRequestError(Exception):
    """What arrived is not an HTTP/1.1 request."""


class _Incoming:
    """What a connection receives, with what has been read ahead of its use."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.ahead = b""

    async def more(self) -> bool:
        """Read on; False at the end of the stream."""
        data = await self.reader.read(CHUNK)
        self.ahead += data
        return bool(data)

    async def until(self, mark: bytes) -> bytes | None:
        """All up to and with `mark`; None when the stream ends before anything came."""
        while (end := self.ahead.find(mark)) < 0:
            if len(self.ahead) > MAX_HEAD:
                raise MalformedRequestError("the head of the request is too long")
            if not await self.more():
                if self.ahead:
                    raise MalformedRequestError("the request ends too soon")
                return None
        end += len(mark)
        found, self.ahead = self.ahead[:end], self.ahead[end:]
        return found

    async def exactly(self, size: int) -> bytes:
        parts, missing = [self.ahead[:size]], size - len(self.ahead)
        self.ahead = self.ahead[size:]
        if missing > 0:
            try:
                parts.append(await self.reader.readexactly(missing))
            except asyncio.IncompleteReadError as problem:
                raise MalformedRequestError("the request ends too soon") from problem
        return b"".join(parts)


async def serve_connection(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection until either side ends it. A handler is cancelled when its client goes away."""
    incoming = _Incoming(reader)
    try:
        while (request := await _read_request(incoming)) is not None:
            answer = await _answer_or_hang_up(handler(request), incoming)
            if answer is None:
                return
            if isinstance(answer, Hijack):
                writer.write(_head(answer.status, answer.headers))
                await writer.drain()
                await answer.talk(reader, writer, incoming.ahead)
                return
            writer.write(_head(answer.status, _describe(answer)) + (b"" if request.method == "HEAD" else answer.body))
            await writer.drain()
            if request.headers.get("connection", "").lower() == "close":
                return
    except MalformedRequestError as problem:
        answer = Response.text(400, str(problem))
        writer.write(_head(400, (*_describe(answer), ("Connection", "close"))) + answer.body)
    except ConnectionError:
        return  # the client left in the middle of an answer: nobody is there to be told
    finally:
        await close(writer)


async def _read_request(incoming: _Incoming) -> Request | None:
    """The next request; None at the end of the connection. A CONNECT without a Host header, as workerd's, is fine."""
    head = await incoming.until(b"\r\n\r\n")
    if head is None:
        return None
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise MalformedRequestError(f"not a request: {first[:100]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise MalformedRequestError(f"not a header: {line[:100]!r}")
        headers[name.lower()] = value.strip()
    return Request(words[0], words[1], headers, await _read_body(incoming, headers))


async def _read_body(incoming: _Incoming, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts: list[bytes] = []
        while True:
            line = await incoming.until(b"\r\n") or b""
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise MalformedRequestError(f"not the size of a chunk: {line[:100]!r}") from None
            parts.append(await incoming.exactly(size))
            await incoming.until(b"\r\n")
            if size == 0:
                return b"".join(parts)
    length = headers.get("content-length", "0")
    if not length.isdigit():
        raise MalformedRequestError(f"not a length: {length[:100]!r}")
    return await incoming.exactly(int(length))


async def _answer_or_hang_up(work: Awaitable[Response | Hijack], incoming: _Incoming) -> Response | Hijack | None:
    """The handler's answer, or None when the client closed the connection before it came."""
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(incoming.more())
    try:
        while not task.done():
            await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done() and not task.done():
                if not watch.result():
                    return None
                watch = asyncio.ensure_future(incoming.more())
        return task.result()
    finally:
        for pending in (task, watch):
            pending.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


def _describe(answer: Response) -> tuple[tuple[str, str], ...]:
    if answer.status in (204, 304):
        return ()
    kind = (("Content-Type", answer.content_type),) if answer.body else ()
    return (("Content-Length", str(len(answer.body))), *kind)


def _head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy bytes until the end of `reader`, then pass the end on (half-close)."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        with contextlib.suppress(OSError):  # the other side is gone already: there is no end to pass on
            writer.write_eof()


async def tunnel(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Join two connections until both directions have ended, or one of them broke."""
    ways = [asyncio.ensure_future(pump(reader, far_writer)), asyncio.ensure_future(pump(far_reader, writer))]
    try:
        await asyncio.gather(*ways)
    except ConnectionError:
        return  # a reset on one side ends the tunnel; closing below tells the other
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await close(far_writer)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):  # closing a connection that the other side reset
        await writer.wait_closed()


def decode(segment: str) -> str:
    return unquote(segment)
