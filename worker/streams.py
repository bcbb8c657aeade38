"""Reading a body that nobody announced the length of, without ever holding more than its limit.

`request.bytes()` would collect all of it first, and an isolate has 128 MB.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from contracts.errors import ProblemError


def too_large(limit: int) -> ProblemError:
    return ProblemError("body-too-large", f"the body may hold {limit} bytes")


def is_platform_error(error: BaseException) -> bool:
    """Did the platform raise this (its exception's class exists inside Pyodide alone)?"""
    return type(error).__name__ == "JsException"


async def bounded(stream: Any, limit: int) -> AsyncIterator[Any]:
    """The chunks of a JavaScript stream. Raises body-too-large beyond `limit` bytes, malformed-body when it breaks off."""
    if not stream:
        return
    reader = stream.getReader()
    size = 0
    while True:
        try:
            part = await reader.read()
        except Exception as broken:
            if not is_platform_error(broken):
                raise
            raise broke_off() from broken
        if part.done:
            return
        size += int(part.value.byteLength)
        if size > limit:
            reader.releaseLock()
            raise too_large(limit)
        yield part.value


def broke_off() -> ProblemError:
    return ProblemError("malformed-body", "the body broke off before its end")


async def read_bounded(stream: Any, limit: int) -> bytes:
    return b"".join([chunk.to_bytes() async for chunk in bounded(stream, limit)])


async def whole(stream: Any, limit: int) -> tuple[Any, bytes]:
    """A body as a JavaScript buffer, and its SHA-256. It never enters Python. Raises body-too-large, malformed-body."""
    import js

    parts = js.Array.new()
    async for part in bounded(stream, limit):
        parts.push(part)
    content = await js.Blob.new(parts).arrayBuffer()
    digest: bytes = (await js.crypto.subtle.digest("SHA-256", content)).to_bytes()
    return content, digest


def copied(response: Any) -> tuple[Any, Any, str]:
    """A Response in two: itself for the client, a second stream of its body, and its media type."""
    raw = getattr(response, "js_object", response)
    kind = raw.headers.get("content-type")
    return raw, raw.clone().body, kind if isinstance(kind, str) else "application/octet-stream"


async def text_within(stream: Any, limit: int) -> str | None:
    """All of a stream as text; None, and the rest is let go, when it is longer than `limit` bytes."""
    if not stream:
        return ""
    reader, parts, size = stream.getReader(), [], 0
    while not (part := await reader.read()).done:
        size += int(part.value.byteLength)
        if size > limit:
            await reader.cancel()
            return None
        parts.append(part.value.to_bytes())
    return b"".join(parts).decode("utf-8", "replace")
