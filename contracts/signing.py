"""The identity that the edge passes on to an agent, in headers that only the holder of the signing key can make.

HMAC-SHA256 over method, path (with its query), tenant, subject, role and expiry. The edge signs each forwarded request
for about a minute; the agent verifies before it reads the body. The body itself is not covered: it streams, and it
travels on the platform's private link. Pure Python: the same code runs under Pyodide and CPython.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from contracts.errors import ProblemError

TENANT = "x-storemax-tenant"
SUBJECT = "x-storemax-subject"
ROLE = "x-storemax-role"
EXPIRES = "x-storemax-expires"
SIGNATURE = "x-storemax-signature"
SIGNED_HEADERS = (TENANT, SUBJECT, ROLE, EXPIRES, SIGNATURE)

ROLES = frozenset({"viewer", "operator", "admin", "agent"})
DEFAULT_LIFETIME_S = 60
MAX_LIFETIME_S = 3600  # a signature that claims to live longer was not made by the edge's code
CLOCK_SKEW_S = 5

_SCHEME = "v1="


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a user, an API key or an agent (`subject`) of one tenant, in one role."""

    tenant: str
    subject: str
    role: str


def sign(
    key: str, *, method: str, path: str, identity: Identity, now: float, lifetime_s: int = DEFAULT_LIFETIME_S
) -> dict[str, str]:
    """The five headers for one request. `path` is the request target as the agent sees it, "/sync?kind=orders".

    `now` is seconds since the epoch. Raises ValueError on an empty key, an unknown role or a lifetime over an hour.
    """
    if not key:
        raise ValueError("the signing key is empty")
    if identity.role not in ROLES:
        raise ValueError(f"unknown role {identity.role!r}; known are {sorted(ROLES)}")
    if not 0 < lifetime_s <= MAX_LIFETIME_S:
        raise ValueError(f"lifetime_s must lie within 1..{MAX_LIFETIME_S}")
    # Percent-encoding keeps header values printable ASCII and, in the signed text, free of the separator.
    tenant, subject = quote(identity.tenant, safe=""), quote(identity.subject, safe="")
    expires = str(int(now) + lifetime_s)
    digest = _digest(key, method, path, tenant, subject, identity.role, expires)
    return {TENANT: tenant, SUBJECT: subject, ROLE: identity.role, EXPIRES: expires, SIGNATURE: _SCHEME + digest}


def verify(keys: Sequence[str], *, method: str, path: str, headers: Mapping[str, str], now: float) -> Identity:
    """The identity, when one of `keys` (the current one, then the previous one) signed it and it has not expired.

    `headers` has lower-case names. Raises ProblemError "unauthenticated", which says what is wrong but never what the
    right signature would have been.
    """
    missing = [name for name in SIGNED_HEADERS if not headers.get(name)]
    if missing:
        raise ProblemError("unauthenticated", f"signed identity headers are missing: {', '.join(missing)}")
    tenant, subject, role, expires = (headers[name] for name in SIGNED_HEADERS[:4])
    given = headers[SIGNATURE].removeprefix(_SCHEME).encode()
    genuine = False
    for key in keys:  # no early exit: the time must not tell which key matched
        right = _digest(key, method, path, tenant, subject, role, expires).encode()
        genuine |= bool(key) and hmac.compare_digest(given, right)
    if not genuine:
        raise ProblemError("unauthenticated", "the signature of the identity headers does not match this request")
    if not (expires.isascii() and expires.isdigit()) or not now - CLOCK_SKEW_S <= int(expires) <= now + MAX_LIFETIME_S:
        raise ProblemError("unauthenticated", "the signature of the identity headers has expired")
    if role not in ROLES:
        raise ProblemError("unauthenticated", "the role in the identity headers is not known")
    return Identity(unquote(tenant), unquote(subject), role)


def _digest(key: str, method: str, path: str, tenant: str, subject: str, role: str, expires: str) -> str:
    text = "\n".join(("storemax-identity-v1", method.upper(), path, tenant, subject, role, expires))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
