"""The one ASGI layer that every request of an agent passes: trace, protocol, identity, admission, size, log, metrics.

It is plain ASGI, so that bodies stream through it both ways untouched. Operational paths (/health, /ready, /metrics)
pass without identity and are answered while the agent drains.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from containers.common import limits
from containers.common.identity import identify
from containers.common.lifecycle import Lifecycle
from containers.common.logs import log, log_exception
from containers.common.metrics import Counter, Histogram
from containers.common.problems import internal, problem_response
from containers.common.protocols import PROTOCOL_SCOPE_KEY
from containers.common.settings import Settings
from containers.common.tracing import trace_from, trace_id
from contracts import deadline as deadlines
from contracts import protocol
from contracts.deadline import passed
from contracts.errors import ProblemError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DEADLINE_KEY = "storemax.deadline"  # in the scope: seconds since the epoch, or None
MAX_DEADLINE_S = 90_000.0  # jobs may take a day
OPERATIONAL = frozenset({"/health", "/ready", "/metrics"})
_MIB = 1024 * 1024


@dataclass(eq=False)
class Gate:
    app: App
    agent: str
    settings: Settings
    lifecycle: Lifecycle
    requests: Counter
    seconds: Histogram
    protocols: tuple[int, ...] = protocol.SUPPORTED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        token = trace_id.set(trace_from(headers.get("traceparent")))
        passage = _Passage(self, scope, receive, send, headers)
        try:
            await passage.run()
        finally:
            trace_id.reset(token)


class _Passage:
    """One request on its way through."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str]) -> None:
        self.gate, self.scope, self._receive, self._send, self.headers = gate, scope, receive, send, headers
        self.status = 0
        self.received = 0
        self.limit = int(gate.settings.max_body_mb * _MIB)
        self.begun = time.perf_counter()
        self.protocol = gate.protocols[0]
        self.deadline: float | None = None

    async def run(self) -> None:
        operational = self.scope["path"] in OPERATIONAL
        entered = False
        try:
            if not operational:
                self._admit()
                self.gate.lifecycle.enter()
                entered = True
            await self._within_deadline()
        except ProblemError as problem:
            await self._answer(problem)
        except Exception as error:  # the process' outermost layer: log, answer 500, keep serving others
            log_exception("request.failed", error, method=self.scope.get("method", "WS"), path=self.scope["path"])
            if self.status:
                raise  # the answer has begun: breaking it off is the only honest end
            await self._answer(internal())
        finally:
            if entered:
                self.gate.lifecycle.leave()
            self._record(operational)

    async def _within_deadline(self) -> None:
        """The work itself, given up when nobody wants its answer any more."""
        if self.deadline is None:
            await self.gate.app(self.scope, self.receive, self.send)
            return
        try:
            async with asyncio.timeout(self.deadline - time.time()) as limit:
                await self.gate.app(self.scope, self.receive, self.send)
        except TimeoutError:
            if limit.expired():
                raise passed() from None
            raise

    def _admit(self) -> None:
        gate = self.gate
        now = time.time()
        self.deadline = deadlines.parse(self.headers.get(deadlines.HEADER), now, most=MAX_DEADLINE_S)
        self.scope[DEADLINE_KEY] = self.deadline
        self.protocol = protocol.negotiate(self.headers.get(protocol.HEADER), gate.protocols)
        self.scope[PROTOCOL_SCOPE_KEY] = self.protocol
        identify(gate.settings, self.scope, self.headers)  # type: ignore[arg-type]
        if gate.lifecycle.draining:
            raise ProblemError(
                "unavailable",
                "this instance is stopping and takes no new work; send the request again, another instance takes it",
                headers={"Retry-After": "1"},
            )
        most = gate.settings.max_concurrent
        if most and gate.lifecycle.in_flight >= most:
            raise ProblemError("overloaded", f"this instance already works on {most} requests", headers=_RETRY)
        if limits.memory_left_mb() <= 0:
            raise ProblemError("overloaded", "this instance has no memory left for new work", headers=_RETRY)
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > self.limit:
            raise self._too_large()

    def _too_large(self) -> ProblemError:
        megabytes = self.gate.settings.max_body_mb
        return ProblemError(
            "body-too-large", f"the body is larger than {megabytes:g} MiB", extra={"limit_mb": megabytes}
        )

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            if self.received > self.limit:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._stamps()]
        elif message["type"] == "websocket.accept":
            self.status = 101
            message["headers"] = [*message.get("headers", ()), *self._stamps()]
        await self._send(message)

    def _stamps(self) -> list[tuple[bytes, bytes]]:
        """Which instance answered, in which protocol, under which trace."""
        pairs = {
            "x-storemax-agent": self.gate.agent,
            "x-storemax-incarnation": self.gate.settings.incarnation,
            protocol.HEADER: str(self.protocol),
            protocol.SUPPORTED_HEADER: protocol.offer(self.gate.protocols),
            "x-storemax-trace": trace_id.get(),
        }
        return [(name.encode(), value.encode("latin-1", "replace")) for name, value in pairs.items()]

    async def _answer(self, problem: ProblemError) -> None:
        if self.status:
            log("request.broken_off", level="warning", code=problem.code, path=self.scope["path"])
            raise problem
        if self.scope["type"] == "websocket" and "websocket.http.response" not in self.scope.get("extensions", {}):
            await self._send({"type": "websocket.close", "code": 1013, "reason": problem.code})
            return
        await problem_response(problem)(self.scope, self.receive, self.send)

    def _record(self, operational: bool) -> None:
        took = time.perf_counter() - self.begun
        known: str = self.scope["path"] if operational else "unmatched"
        route = str(getattr(self.scope.get("route"), "path", known))
        method = str(self.scope.get("method", "WS"))
        self.gate.requests.add(method, route, str(self.status or 499))
        self.gate.seconds.observe(took, route)
        if not operational:  # probes come every few seconds and say nothing new: counted, not logged
            log(
                "request",
                method=method,
                route=route,
                status=self.status or 499,
                ms=round(took * 1000, 1),
                body_bytes=self.received,
            )


_RETRY = {"Retry-After": "2"}
