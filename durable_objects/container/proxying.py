"""Passing a request into the container and its answer out, as the JavaScript objects that they are.

Bodies never enter Python: they are piped between the platform's own streams. Python learns only that a body or a
WebSocket has ended, because an open one keeps the container awake.

A short answer of a known length is taken whole before it is passed on: that costs a third of a pipe (0.7 ms, measured on
workerd), and a container that dies in its middle has given no answer instead of half of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsException, create_once_callable, create_proxy

# Methods that may be sent twice with the effect of once (RFC 9110, 9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# 1005 and 1006 stand for "no status" and "abnormal"; a close frame may not carry them (RFC 6455, 7.4.1).
_UNSENDABLE = frozenset({1005, 1006, 1015})

SHORT_BYTES = 65_536


def plain_http(url: str) -> str:
    """The container's port speaks http: only; the way there is private."""
    return "http:" + url[6:] if url.startswith("https:") else url


def may_repeat(request: Any) -> bool:
    """May this request be sent a second time? Only without a body: a stream that has been sent is gone."""
    if request.body:
        return False
    return request.method in IDEMPOTENT or bool(request.headers.has("idempotency-key"))


async def send(port: Any, request: Any) -> Any:
    """The container's Response to a JavaScript Request. Raises JsException."""
    url = plain_http(request.url)
    return await (port.fetch(request) if url == request.url else port.fetch(url, request))


def is_short(response: Any, request: Any) -> bool:
    """Is the answer's whole body at most SHORT_BYTES long, as its length says? An encoded body is passed on as it is."""
    headers = response.headers
    length = headers.get("content-length")
    if not isinstance(length, str) or not length.isdigit() or int(length[:10]) > SHORT_BYTES:
        return False
    return request.method != "HEAD" and not headers.has("content-encoding")


async def whole(response: Any) -> Any:
    """The same response, its body read. Raises JsException when it ends too early."""
    return js.Response.new(await response.arrayBuffer(), response)


def tracked_body(response: Any, ended: Callable[[], None]) -> Any:
    """The same response, and `ended` is called once when its body has been read to the end or given up."""
    pipe = js.IdentityTransformStream.new()
    # A failure is no news: the reader went away, or the container did, which the reader has seen. The promise calls back
    # by itself: a future of the event loop would cost another 0.2 ms a request.
    done = create_once_callable(lambda *_: ended())
    response.body.pipeTo(pipe.writable).then(done, done)
    return js.Response.new(pipe.readable, response)


def tracked_web_socket(response: Any, active: Callable[[], None], ended: Callable[[], None]) -> Any:
    """A response whose WebSocket passes every message on, both ways; `ended` is called once when it closes."""
    inner = response.webSocket
    outer_client, outer = js.Object.values(js.WebSocketPair.new())
    listeners: list[tuple[Any, str, Any]] = []
    closed = False

    def finish() -> None:
        nonlocal closed
        if not closed:
            closed = True
            ended()
            for source, name, proxy in listeners:
                # Closing one side makes the other one tell that it has closed: nobody listens to that any more.
                source.removeEventListener(name, proxy)
                proxy.destroy()

    def relay(source: Any, target: Any) -> None:
        def message(event: Any) -> None:
            active()
            try:
                target.send(event.data)
            except JsException:
                _close(source, 1011, "the other side is gone")

        def close(event: Any) -> None:
            code = 1000 if event.code in _UNSENDABLE else event.code
            _close(target, code, event.reason)
            finish()

        def error(_event: Any) -> None:
            _close(target, 1011, "the other side failed")
            finish()

        for name, handler in (("message", message), ("close", close), ("error", error)):
            proxy = create_proxy(handler)
            listeners.append((source, name, proxy))
            source.addEventListener(name, proxy)

    for socket in (inner, outer):
        # Blobs, the standard's default, can only be read asynchronously, and messages could overtake each other.
        socket.binaryType = "arraybuffer"
        socket.accept()
    relay(inner, outer)
    relay(outer, inner)
    return js.Response.new(None, status=response.status, headers=response.headers, webSocket=outer_client)


def _close(socket: Any, code: int, reason: str) -> None:
    try:
        socket.close(code, reason)
    except JsException:
        return  # it has closed already
