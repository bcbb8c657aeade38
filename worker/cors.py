"""CORS and the security headers of every answer."""

from __future__ import annotations

from worker.settings import Settings

# An API answers data: nothing in it may run, be framed, sniffed or sent on as a referrer.
SECURITY: tuple[tuple[str, str], ...] = (
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("cross-origin-resource-policy", "same-origin"),
)
# Reports and the API reference: pages of our own, with styles in the page, and nothing from anywhere else.
HTML_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
_ALLOW_HEADERS = "authorization, content-type, idempotency-key, if-match, if-none-match, x-csrf-token, x-deadline, x-session-id, traceparent"
_EXPOSE_HEADERS = "etag, location, ratelimit, ratelimit-policy, retry-after, x-trace-id, x-cache, link"


def origin_headers(origin: str | None, own: str, settings: Settings) -> dict[str, str]:
    """What an answer to a request from `origin` carries. An origin that is not allowed gets nothing: the browser refuses."""
    if origin is None or origin == own:
        return {}
    if origin in settings.cors_origins:
        return {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": _EXPOSE_HEADERS,
            "vary": "Origin",
        }
    if settings.any_origin:
        return {"access-control-allow-origin": "*", "access-control-expose-headers": _EXPOSE_HEADERS}
    return {"vary": "Origin"}


def preflight_headers(allowed: list[str]) -> dict[str, str]:
    """The further headers of an answer to OPTIONS."""
    methods = ", ".join(allowed)
    return {
        "allow": methods,
        "access-control-allow-methods": methods,
        "access-control-allow-headers": _ALLOW_HEADERS,
        "access-control-max-age": "600",
    }
