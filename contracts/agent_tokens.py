"""Agent tokens: what an agent calls back with. The gateway makes one for each piece of work that it hands over.

`smx_at.<claims>.<signature>`: JSON claims in base64url, and an HMAC-SHA256 over them with the installation's signing key.
A token acts for one tenant (and its warehouses, if the client's own credentials were bound to some), as role `agent`, and
ends by itself; the gateway checks it without asking anybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.errors import ProblemError

HEADER = "x-storemax-callback-token"  # in which the gateway hands it to the agent
PREFIX = "smx_at."
LIFETIME_S = 900
MAX_LIFETIME_S = 3600
MAX_CHARACTERS = 4096
CLOCK_SKEW_S = 5.0
_DOMAIN = b"storemax-agent-token-v1\n"  # the key signs identity headers too: one must never pass for the other


@dataclass(frozen=True, slots=True)
class AgentToken:
    tenant: str
    subject: str  # "agent:<type>:<session>"
    warehouses: frozenset[str] | None
    expires: float  # seconds since the epoch


def make(
    key: str, *, tenant: str, subject: str, warehouses: frozenset[str] | None, now: float, lifetime_s: int = LIFETIME_S
) -> str:
    """A token. Raises ValueError on an empty key or a lifetime over an hour."""
    if not key or not 0 < lifetime_s <= MAX_LIFETIME_S:
        raise ValueError(f"a signing key is needed, and a lifetime within 1..{MAX_LIFETIME_S} s")
    claims = {"t": tenant, "s": subject, "e": int(now) + lifetime_s}
    if warehouses is not None:
        claims["w"] = sorted(warehouses)
    body = _encode(json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode())
    return f"{PREFIX}{body}.{_encode(_signature(key, body))}"


def verify(keys: Sequence[str], token: str, now: float) -> AgentToken:
    """The token's claims, when one of `keys` (the current one, then the previous one) signed them and they are not over.

    Raises ProblemError "unauthenticated".
    """
    body, _, signature = token.removeprefix(PREFIX).partition(".")
    given = _decode(signature) if len(token) <= MAX_CHARACTERS and token.startswith(PREFIX) else b""
    genuine = False
    for key in keys:  # no early exit: the time must not tell which key matched
        genuine |= bool(key) and hmac.compare_digest(_signature(key, body), given)
    if not genuine:
        raise ProblemError("unauthenticated", "this is no agent token of this installation")
    claims: dict[str, Any] = json.loads(_decode(body))
    expires = float(claims["e"])
    if not now - CLOCK_SKEW_S <= expires <= now + MAX_LIFETIME_S + CLOCK_SKEW_S:
        raise ProblemError("unauthenticated", "the agent token has expired")
    warehouses = claims.get("w")
    return AgentToken(claims["t"], claims["s"], None if warehouses is None else frozenset(warehouses), expires)


def _signature(key: str, body: str) -> bytes:
    return hmac.new(key.encode(), _DOMAIN + body.encode("utf-8", "replace"), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return b""
