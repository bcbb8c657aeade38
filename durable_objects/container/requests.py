"""A request's way through the container: have it ready, send it, and know what a failure means.

A state that says healthy may be wrong by a moment. So the failure decides: the state is corrected, and a request that
may be repeated is sent once more, to a new incarnation.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import js
from pyodide.ffi import JsException

from durable_objects.container import proxying
from durable_objects.container.faults import ContainerFault, Replaced, RuntimeFault
from durable_objects.container.js_runtime import LAST_WORDS_HEADER, aborted, fault_of, js_object
from durable_objects.container.meanings import Meaning

_BROKEN = frozenset({Meaning.DISCONNECTED, Meaning.NOT_LISTENING, Meaning.NOT_RUNNING, Meaning.NO_INSTANCE})


class Requests:
    """Those of one object."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._life, self._record, self._activity = owner._lifecycle, owner._record, owner._activity

    async def serve(self, request: Any, port: int) -> Any:
        """The container's JavaScript Response to a JavaScript Request, or what the object answers in its place."""
        try:
            if not self._life.ready:
                await self._make_ready(port)
            return await self._exchange(request, port)
        except ContainerFault as fault:
            return self._owner._refuse(fault)

    async def _make_ready(self, port: int) -> None:
        self._activity.begin(time.time())
        try:
            await self._life.starting.start_and_wait(self._owner._check_for_port(port))
        finally:
            self._activity.end(time.time())

    async def _exchange(self, request: Any, port: int) -> Any:
        repeatable = proxying.may_repeat(request)
        self._activity.begin(time.time())
        self._owner._load_changed(self._activity.in_flight)
        ended = _once(self._ended)
        try:
            try:
                response, open_body = await self._send(request, port)
            except RuntimeFault as fault:
                response, open_body = await self._after_failure(fault, request, port, repeatable)
            if response.webSocket:
                return proxying.tracked_web_socket(response, self._owner.renew_activity_timeout, ended)
            if open_body:
                return proxying.tracked_body(response, ended)
        except BaseException:
            ended()
            raise
        ended()
        return response

    async def _send(self, request: Any, port: int) -> tuple[Any, bool]:
        """The container's response, and whether its body is still to be read."""
        incarnation = self._record.state.incarnation
        response = await _told(proxying.send(self._owner._runtime.raw.getTcpPort(port), request))
        headers = response.headers
        if headers.has(LAST_WORDS_HEADER):
            self._life.watch.last_words = str(await response.text())
            raise RuntimeFault("Network connection lost: the program has ended")
        if self._owner.incarnation_header:
            stamp = headers.get(self._owner.incarnation_header)
            if stamp and not self._life.watch.recognise(str(stamp), incarnation):
                raise Replaced(f"the answer came from incarnation {stamp}, not from {incarnation} that was asked")
        open_body = bool(response.body)
        if open_body and proxying.is_short(response, request):
            response, open_body = await _told(proxying.whole(response)), False
        self._record.proved()
        return response, open_body

    async def _after_failure(self, fault: RuntimeFault, request: Any, port: int, repeatable: bool) -> tuple[Any, bool]:
        """The state said healthy and the container did not answer: see whether it lives, and restart it once."""
        if fault.meaning not in _BROKEN:
            raise ContainerFault(f"Error proxying request to container: {fault}")
        # Recording the end takes a moment: monitor() speaks after the connection broke.
        alive = await self._life.watch.check_alive()
        if not repeatable:
            raise ContainerFault("Container suddenly disconnected, try again", retry_after=None if alive else 1.0)
        await self._life.starting.start_and_wait(self._owner._check_for_port(port))
        try:
            return await self._send(request, port)
        except RuntimeFault as again:
            raise ContainerFault(f"Error proxying request to container: {again}") from again

    def _ended(self) -> None:
        self._activity.end(time.time())
        self._owner._load_changed(self._activity.in_flight)


async def _told(answer: Awaitable[Any]) -> Any:
    """What the container gives, or its failure as RuntimeFault; a caller that went away stays a JsException."""
    try:
        return await answer
    except JsException as error:
        if aborted(error):
            raise
        raise fault_of(error) from error


def refusal(fault: ContainerFault) -> Any:
    """The plain answer to a request that the container could not serve."""
    headers = {"content-type": "text/plain;charset=UTF-8"}
    if fault.retry_after is not None:
        headers["retry-after"] = str(max(1, round(fault.retry_after)))
    return js.Response.new(str(fault), js_object({"status": fault.status, "headers": headers}))


def _once(call: Callable[[], None]) -> Callable[[], None]:
    called = False

    def wrapper() -> None:
        nonlocal called
        if not called:
            called = True
            call()

    return wrapper
