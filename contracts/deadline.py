"""Deadlines: a caller says until when an answer is of use, and no part of the chain works past that.

`X-Deadline` holds either seconds since the epoch ("1795480260.5") or a span from now ("+2.5"). It is passed on as an
instant, so that every hop knows the same moment.
"""

from __future__ import annotations

import re

from contracts.errors import Fault, ProblemError

HEADER = "x-deadline"
MAX_SPAN_S = 3600.0
_FORM = re.compile(r"^(\+?)(\d{1,12}(?:\.\d{1,6})?)$")


def parse(text: str | None, now: float, most: float = MAX_SPAN_S) -> float | None:
    """The deadline in seconds since the epoch, at most `most` seconds away; None without a header.

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
        raise passed("had passed when the request arrived")
    return min(moment, now + most)


def written(deadline: float) -> str:
    """The header's value for a call onward."""
    return f"{deadline:.3f}"


def passed(when: str = "passed before the answer was ready") -> ProblemError:
    return ProblemError("deadline-exceeded", f"the deadline {when}")
