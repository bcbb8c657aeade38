"""Instants cross borders as RFC 3339 UTC text; inside, they are seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """ "2026-11-24T00:30:00Z"."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def optional(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)
