"""What a failed call says about its upstream, and whether the call may be made again.

The platform marks its own errors: `remote` when the object's code raised it, `retryable` when the call may be repeated,
`overloaded` when it must not be (Cloudflare, "Durable Objects: Error handling").
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from contracts.errors import ProblemError
from durable_objects.resilience.breaker import Outcome

# The upstream answered, and its answer is that something behind it is broken or too slow.
_BROKEN = frozenset({"internal", "agent-failed", "unavailable", "deadline-exceeded"})
# The upstream lives and cannot take more: neither a failure nor a success.
_FULL = frozenset({"overloaded", "no-capacity", "rate-limited"})


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    repeatable: bool
    platform: bool = False  # the call may never have arrived, or its answer was lost: the object's code said nothing
    retry_after: float = 0.0


def judge(error: BaseException) -> Verdict:
    if isinstance(error, ProblemError):
        if error.code in _FULL:
            return Verdict("neutral", repeatable=False)
        if error.code not in _BROKEN:
            return Verdict("ok", repeatable=False)
        return Verdict("failed", repeatable=error.code == "unavailable", retry_after=_seconds(error))
    if isinstance(error, (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)):
        return Verdict("neutral", repeatable=False)
    if _flag(error, "overloaded"):
        return Verdict("failed", repeatable=False, platform=True)
    remote = _flag(error, "remote") and not _flag(error, "retryable")
    platform = not remote and (isinstance(error, (OSError, TimeoutError)) or _of_platform(error))
    return Verdict("failed", repeatable=platform, platform=platform)


def _flag(error: BaseException, name: str) -> bool:
    return getattr(error, name, None) is True


def _of_platform(error: BaseException) -> bool:
    return type(error).__name__ == "JsException"  # its class can be imported inside Pyodide alone


def _seconds(problem: ProblemError) -> float:
    text = next((value for name, value in problem.headers.items() if name.lower() == "retry-after"), "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
