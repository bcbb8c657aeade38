"""Instants: whole milliseconds since the epoch inside the objects, RFC 3339 text outside."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(milliseconds: int) -> str:
    """`2026-11-24T08:30:00.250Z`."""
    instant = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(milliseconds: int) -> str:
    """The UTC day, `2026-11-24`."""
    return iso(milliseconds)[:10]
