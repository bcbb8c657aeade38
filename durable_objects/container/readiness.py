"""Readiness checks that compose: a check says None when it holds, or in words what it still waits for.

    readiness = All(Port(9000), Http(8000, "/ready"))

A port that answers HTTP with any status is open. `Http` also wants the status to be in a range, so that a program may
listen early and say when it is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from durable_objects.container.faults import RuntimeFault
from durable_objects.container.meanings import Meaning


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a port gave: the status, and the first characters of the body if it was no success."""

    status: int
    text: str = ""
    last_words: bool = False  # the text is the log of a program that has ended (docs/container.md, last words)


# (port, path without leading slash or host/path, timeout in seconds) → Look; raises RuntimeFault or TimeoutError
Probe = Callable[[int, str, float], Awaitable[Look]]


class Check(Protocol):
    @property
    def ports(self) -> tuple[int, ...]: ...

    async def waits_for(self, probe: Probe, timeout: float) -> str | None: ...


async def _look(probe: Probe, port: int, path: str, timeout: float) -> Look | str:
    try:
        seen = await probe(port, path, timeout)
        # Somebody else answers for a program that has ended.
        return f"the program has ended: {seen.text.strip()[-200:]}" if seen.last_words else seen
    except TimeoutError:
        return f"port {port} accepted a connection and did not answer within {timeout:g} s"
    except RuntimeFault as fault:
        if fault.meaning in (Meaning.NOT_LISTENING, Meaning.DISCONNECTED, Meaning.UNKNOWN):
            return f"port {port} is not open ({fault})"
        raise


@dataclass(frozen=True, slots=True)
class Port:
    """Holds when the port answers HTTP, with whatever status. `endpoint` is the host and path that is asked."""

    port: int
    endpoint: str = "ping"

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.port,)

    async def waits_for(self, probe: Probe, timeout: float) -> str | None:
        seen = await _look(probe, self.port, self.endpoint, timeout)
        return seen if isinstance(seen, str) else None


@dataclass(frozen=True, slots=True)
class Http:
    """Holds when `GET path` on the port answers with a status in [low, high)."""

    port: int
    path: str
    low: int = 200
    high: int = 300

    @property
    def ports(self) -> tuple[int, ...]:
        return (self.port,)

    async def waits_for(self, probe: Probe, timeout: float) -> str | None:
        seen = await _look(probe, self.port, "container" + self.path, timeout)
        if isinstance(seen, str):
            return seen
        if self.low <= seen.status < self.high:
            return None
        said = f": {seen.text.strip()[:200]}" if seen.text.strip() else ""
        return f"GET {self.path} on port {self.port} answers {seen.status}{said}"


class All:
    """Holds when every check holds; they are asked at the same time."""

    def __init__(self, *checks: Check) -> None:
        self.checks = checks

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(port for check in self.checks for port in check.ports))

    async def waits_for(self, probe: Probe, timeout: float) -> str | None:
        answers = await asyncio.gather(*(check.waits_for(probe, timeout) for check in self.checks))
        waits = [answer for answer in answers if answer is not None]
        return "; ".join(waits) or None


class Any:
    """Holds when one of the checks holds."""

    def __init__(self, *checks: Check) -> None:
        self.checks = checks

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(port for check in self.checks for port in check.ports))

    async def waits_for(self, probe: Probe, timeout: float) -> str | None:
        answers = await asyncio.gather(*(check.waits_for(probe, timeout) for check in self.checks))
        if not answers or None in answers:
            return None
        return " or ".join(answer for answer in answers if answer is not None)
