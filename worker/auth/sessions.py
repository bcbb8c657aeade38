"""Login sessions in KV: what a browser holds is a random secret; what is stored is under the secret's hash."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from contracts.rpc import dumps
from worker.call import Principal

LIFETIME_S = 12 * 3600
_PREFIX = "session:"


@dataclass(frozen=True, slots=True)
class Session:
    """One login. It rests on an API key: when that is revoked, the session ends too."""

    principal: Principal
    expires: float  # seconds since the epoch


def storage_key(secret: str) -> str:
    return _PREFIX + hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(secret: str) -> str:
    """Bound to the session: whoever cannot read the HttpOnly cookie cannot make it."""
    return hmac.new(secret.encode(), b"storemax-csrf-v1", hashlib.sha256).hexdigest()


async def create(kv: Any, secret: str, principal: Principal, now: float) -> Session:
    """Store a session for `principal` under the secret's hash. KV itself forgets it when it expires."""
    expires = now + LIFETIME_S
    record = {
        "tenant": principal.tenant,
        "subject": principal.subject,
        "role": principal.role,
        "warehouses": None if principal.warehouses is None else sorted(principal.warehouses),
        "key_id": principal.key_id,
        "expires": expires,
    }
    await kv.put(storage_key(secret), dumps(record), expirationTtl=LIFETIME_S)
    return Session(_principal(record, secret), expires)


async def load(kv: Any, secret: str, now: float) -> Session | None:
    """The session of a secret, or None when there is none or it has expired."""
    text = await kv.get(storage_key(secret))
    if not isinstance(text, str):
        return None
    record = json.loads(text)
    if record["expires"] <= now:
        return None
    return Session(_principal(record, secret), record["expires"])


async def end(kv: Any, secret: str) -> None:
    await kv.delete(storage_key(secret))


def _principal(record: dict[str, Any], secret: str) -> Principal:
    warehouses = record["warehouses"]
    return Principal(
        record["tenant"],
        record["subject"],
        record["role"],
        None if warehouses is None else frozenset(warehouses),
        via="session",
        key_id=record["key_id"],
        csrf=csrf_token(secret),
    )
