"""Signatures of webhook deliveries, as in Standard Webhooks 1.0 (standardwebhooks.com): any of its libraries verifies them.

`webhook-signature: v1,<base64 of HMAC-SHA256 over "{webhook-id}.{webhook-timestamp}.{body}">`, with the secret
`whsec_<base64 of the key>`. Several signatures may stand in the header, separated by blanks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
TOLERANCE_S = 300


def new_secret(entropy: bytes) -> str:
    """A secret from 24 to 64 random bytes."""
    if not 24 <= len(entropy) <= 64:
        raise ValueError("a webhook's secret takes 24 to 64 random bytes")
    return PREFIX + base64.b64encode(entropy).decode()


def sign(secret: str, identity: str, now: float, body: str) -> dict[str, str]:
    """The three headers of a delivery. `now`: seconds since the epoch."""
    timestamp = str(int(now))
    return {ID: identity, TIMESTAMP: timestamp, SIGNATURE: _signature(secret, identity, timestamp, body)}


def verify(secret: str, headers: Mapping[str, str], body: str, now: float) -> bool:
    """Did the holder of the secret send this body, at most five minutes ago? `headers` has lower-case names."""
    identity, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp[:18])) > TOLERANCE_S:
        return False
    right = _signature(secret, identity, timestamp, body)
    given = headers.get(SIGNATURE, "").split(" ")
    return any(hmac.compare_digest(right.encode(), one.encode()) for one in given)


def _signature(secret: str, identity: str, timestamp: str, body: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{identity}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
