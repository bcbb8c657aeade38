"""The trace id of the current request: taken from `traceparent`, else made here."""

from __future__ import annotations

import secrets
from contextvars import ContextVar

from contracts.trace import trace_id_of

trace_id: ContextVar[str] = ContextVar("trace_id", default="")


def trace_from(traceparent: str | None) -> str:
    """32 hex digits."""
    return trace_id_of((traceparent or "").strip()) or secrets.token_hex(16)
