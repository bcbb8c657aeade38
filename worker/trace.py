"""Trace ids: the caller's `traceparent` (W3C Trace Context) is honoured and passed on; otherwise the gateway makes one."""

from __future__ import annotations

import random
import re

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$")
_generator: random.Random | None = None


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id of a well-formed header, else None."""
    if not traceparent:
        return None
    match = _TRACEPARENT.match(traceparent)
    if match is None or traceparent.startswith("ff") or match.group(1) == "0" * 32:
        return None
    return match.group(1)


def _random() -> random.Random:
    # Seeded at first use: no entropy may be read while the module loads. Ids must be unique, not secret.
    global _generator
    if _generator is None:
        _generator = random.Random()
    return _generator


def new_trace_id() -> str:
    return f"{_random().getrandbits(128) | 1:032x}"


def traceparent(trace_id: str) -> str:
    """The header for a call onward: the same trace, a span of its own."""
    return f"00-{trace_id}-{_random().getrandbits(64) | 1:016x}-01"
