"""Conditional requests (RFC 9110, 13): If-None-Match against an entity tag, compared weakly."""

from __future__ import annotations


def matches(condition: str, etag: str) -> bool:
    """Does an If-None-Match header name this tag? `*` names any."""
    if not etag:
        return False
    if condition.strip() == "*":
        return True
    plain = etag.removeprefix("W/")
    return any(part.strip().removeprefix("W/") == plain for part in condition.split(","))
