"""The parts of a request's URL."""

from __future__ import annotations


def split_url(url: str) -> tuple[str, str, str]:
    """(scheme://host, path, query) of an absolute URL that the platform has normalized."""
    start = url.find("/", url.find("://") + 3)
    origin, target = (url, "/") if start < 0 else (url[:start], url[start:])
    target, _, _ = target.partition("#")
    path, _, query = target.partition("?")
    return origin, path, query
