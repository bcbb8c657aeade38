"""Answers of one JSON object a line, as work goes on, with heartbeats while it is silent.

A problem after the first line can no longer change the status; it is the last line: {"type": "problem", "problem": …}.
A stream that ends without its "summary", "result" or "problem" line was broken off.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from containers.common.logs import log, log_exception
from containers.common.problems import internal
from containers.common.tracing import trace_id
from contracts.errors import ProblemError

MEDIA_TYPE = "application/x-ndjson"
HEARTBEAT_S = 5.0


def ndjson_response(source: AsyncIterator[Mapping[str, Any]], heartbeat_s: float = HEARTBEAT_S) -> StreamingResponse:
    """Stream `source`. Its first item is not awaited here: refuse bad input before calling this."""
    return StreamingResponse(_lines(source, heartbeat_s), media_type=MEDIA_TYPE)


class _DuplexResponse(StreamingResponse):
    """Answers while the request's body is still being read.

    Starlette watches for a disconnect by taking messages from `receive`, and would take the body's away from whoever
    reads it. Here the reader of the body is the one who learns of a disconnect.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await self.stream_response(send)


def duplex_ndjson_response(
    source: AsyncIterator[Mapping[str, Any]], heartbeat_s: float = HEARTBEAT_S
) -> StreamingResponse:
    """As `ndjson_response`, for a source that reads the request's body as it goes."""
    return _DuplexResponse(_lines(source, heartbeat_s), media_type=MEDIA_TYPE)


def line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


async def _lines(source: AsyncIterator[Mapping[str, Any]], heartbeat_s: float) -> AsyncIterator[bytes]:
    pending: asyncio.Future[Mapping[str, Any]] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(_next(source))
            done, _ = await asyncio.wait({pending}, timeout=heartbeat_s)
            if not done:
                yield line({"type": "heartbeat"})
                continue
            item, pending = pending.result(), None
            yield line(item)
    except StopAsyncIteration:
        return
    except ClientDisconnect:
        log("stream.client_left", level="warning")  # nobody is there to be told
    except ProblemError as problem:
        yield line({"type": "problem", "problem": problem.document() | {"trace_id": trace_id.get()}})
    except Exception as error:  # noqa: BLE001 - the stream has begun: this line is the only way to tell
        log_exception("stream.failed", error)
        yield line({"type": "problem", "problem": internal().document() | {"trace_id": trace_id.get()}})
    finally:
        if pending is not None:
            pending.cancel()


async def _next(source: AsyncIterator[Mapping[str, Any]]) -> Mapping[str, Any]:
    return await source.__anext__()
