"""Trace ids in the form of W3C Trace Context (`traceparent: 00-<trace>-<span>-<flags>`), read and written in one place."""

from __future__ import annotations

import random
import re

HEADER = "traceparent"
_FORM = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$")
_generator: random.Random | None = None


def trace_id_of(header: str | None) -> str | None:
    """The trace id of a well-formed header, else None: a header that breaks the standard is ignored, as it demands."""
    if not header:
        return None
    match = _FORM.match(header)
    if match is None or header.startswith("ff") or match.group(1) == "0" * 32 or match.group(2) == "0" * 16:
        return None
    return match.group(1)


def _random() -> random.Random:
    # Seeded at first use: in a Worker no entropy may be read while the module loads. Ids must be unique, not secret.
    global _generator
    if _generator is None:
        _generator = random.Random()
    return _generator


def new_trace_id() -> str:
    return f"{_random().getrandbits(128) | 1:032x}"


def traceparent(trace_id: str) -> str:
    """The header for a call onward: the same trace, a span of its own."""
    return f"00-{trace_id}-{_random().getrandbits(64) | 1:016x}-01"
