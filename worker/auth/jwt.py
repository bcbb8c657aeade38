"""JSON Web Tokens of trusted issuers: HS256 by a shared secret, RS256 and ES256 by published keys (RFC 7519, RFC 8725).

Issuers stand in the variable JWT_ISSUERS, a JSON list of {issuer, audience, algorithm, tenant, secret | jwks_url, role_claim?,
default_role?}; `secret` names a secret binding. An issuer has one algorithm: a token cannot choose (no `none`, no key confusion).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from contracts.errors import ProblemError

SKEW_S = 60.0
MAX_CHARACTERS = 8192
ROLES = frozenset({"viewer", "operator", "admin"})
Algorithm = Literal["HS256", "RS256", "ES256"]
# (public key as JWK, algorithm, signed bytes, signature) → genuine?
Verifier = Callable[[dict[str, Any], str, bytes, bytes], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Issuer:
    issuer: str
    audience: str
    algorithm: Algorithm
    tenant: str  # whose users this issuer vouches for: never told by the token itself
    secret: str = ""  # HS256: the name of the secret binding
    jwks_url: str = ""
    role_claim: str = "role"
    default_role: str = ""  # for tokens without the claim; empty: refused

    def __post_init__(self) -> None:
        if self.algorithm not in ("HS256", "RS256", "ES256"):
            raise ValueError(f"issuer {self.issuer}: unknown algorithm {self.algorithm!r}")
        if bool(self.secret) != (self.algorithm == "HS256") or bool(self.jwks_url) == (self.algorithm == "HS256"):
            raise ValueError(f"issuer {self.issuer}: HS256 needs `secret`, the others `jwks_url`")


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing in it is proved yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def refused(detail: str) -> ProblemError:
    headers = {"www-authenticate": 'Bearer realm="storemax", error="invalid_token"'}
    return ProblemError("unauthenticated", detail, headers=headers)


def parse_issuers(text: str) -> dict[str, Issuer]:
    return {entry["issuer"]: Issuer(**entry) for entry in json.loads(text or "[]")}


def take_apart(text: str) -> Token:
    """Raises unauthenticated for what has not the form of a signed token."""
    parts = text.split(".")
    if len(parts) != 3 or len(text) > MAX_CHARACTERS:
        raise refused("the token is no signed JWT")
    try:
        header, claims = (json.loads(_decode(part)) for part in parts[:2])
        signature = _decode(parts[2])
    except (ValueError, binascii.Error, RecursionError):
        raise refused("the token is no signed JWT") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise refused("the token is no signed JWT")
    return Token(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def _decode(part: str) -> bytes:
    if not part.isascii() or "=" in part:
        raise ValueError("not base64url")
    return base64.b64decode(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4), validate=True)


def check_claims(token: Token, issuer: Issuer, now: float) -> tuple[str, str, float]:
    """(subject, role, expiry). Raises unauthenticated that says which claim is wrong."""
    if token.header.get("alg") != issuer.algorithm:
        raise refused("the token's algorithm is not the issuer's")
    if "crit" in token.header:
        raise refused("the token asks for extensions that are not known here")
    claims = token.claims
    audience = claims.get("aud")
    if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
        raise refused("the token is for another audience")
    expires = _instant(claims, "exp")
    if expires is None or expires + SKEW_S <= now:
        raise refused("the token has expired, or never does")
    for name in ("nbf", "iat"):
        begins = _instant(claims, name)
        if begins is not None and begins - SKEW_S > now:
            raise refused("the token is not valid yet")
    subject, role = claims.get("sub"), claims.get(issuer.role_claim, issuer.default_role)
    if not isinstance(subject, str) or not subject or len(subject) > 256:
        raise refused("the token names no subject")
    if role not in ROLES:
        raise refused("the token gives no role that is known here")
    return subject, str(role), expires + SKEW_S


def _instant(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(f"the token's {name} is no instant")
    return float(value)


def hs256_genuine(token: Token, secret: str) -> bool:
    right = hmac.new(secret.encode(), token.signed, hashlib.sha256).digest()
    return len(secret) >= 32 and hmac.compare_digest(right, token.signature)
