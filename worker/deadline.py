"""Deadlines: a caller says until when an answer is of use, and no part of the chain works past that.

`X-Deadline` holds either seconds since the epoch ("1795480260.5") or a span from now ("+2.5"). It is passed on as an
instant, so that every hop knows the same moment.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import TypeVar

from contracts.errors import Fault, ProblemError

HEADER = "x-deadline"
MAX_SPAN_S = 3600.0
_FORM = re.compile(r"^(\+?)(\d{1,12}(?:\.\d{1,6})?)$")
T = TypeVar("T")


def parse(text: str | None, now: float) -> float | None:
    """The deadline in seconds since the epoch, at most an hour away; None without a header.

    Raises bad-request for a text that is no deadline, deadline-exceeded when it has passed already.
    """
    if not text:
        return None
    match = _FORM.match(text.strip())
    if match is None:
        detail = "X-Deadline is seconds since the epoch, or +seconds from now"
        raise ProblemError("bad-request", detail, errors=(Fault("/header/x-deadline", detail),))
    value = float(match.group(2))
    moment = now + value if match.group(1) else value
    if moment <= now:
        raise ProblemError("deadline-exceeded", "the deadline had passed when the request arrived")
    return min(moment, now + MAX_SPAN_S)


async def before(deadline: float | None, now: float, work: Awaitable[T]) -> T:
    """The result of `work`, given up at the deadline. Raises deadline-exceeded."""
    if deadline is None:
        return await work
    try:
        return await asyncio.wait_for(work, max(0.0, deadline - now))
    except TimeoutError:
        raise ProblemError("deadline-exceeded", "the deadline passed before the answer was ready") from None
