"""The session cookie. `__Host-` binds it to this host, path / and TLS; over plain HTTP (development) it has another name."""

from __future__ import annotations

SECURE_NAME = "__Host-smx_session"
PLAIN_NAME = "smx_session"


def read(cookie_header: str, *, secure: bool) -> str | None:
    """The session's secret from a Cookie header; None when it is absent or sent twice (a planted one hides the true one)."""
    wanted = SECURE_NAME if secure else PLAIN_NAME
    values = [
        value.strip()
        for name, separator, value in (part.partition("=") for part in cookie_header.split(";"))
        if separator and name.strip() == wanted
    ]
    return values[0] if len(values) == 1 and values[0] else None


def write(secret: str, *, secure: bool, max_age_s: int) -> str:
    """A Set-Cookie value; an empty secret with max_age_s=0 removes the cookie."""
    name = SECURE_NAME if secure else PLAIN_NAME
    flags = "; Secure" if secure else ""
    return f"{name}={secret}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{flags}"
