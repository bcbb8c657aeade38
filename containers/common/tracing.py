"""The trace id of the current request: taken from `traceparent` (W3C Trace Context), else made here."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$")

trace_id: ContextVar[str] = ContextVar("trace_id", default="")


def trace_from(traceparent: str | None) -> str:
    """32 hex digits. A header that breaks the standard is ignored, as the standard says, and a new trace begins."""
    match = _TRACEPARENT.match((traceparent or "").strip())
    if match and not traceparent.startswith("ff") and set(match[1]) != {"0"} and set(match[2]) != {"0"}:  # type: ignore[union-attr]
        return match[1]
    return secrets.token_hex(16)
