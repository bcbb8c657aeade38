"""The isolate's memory of credentials that were verified: bounded, and short-lived so that a revocation is soon seen."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from contracts.errors import ProblemError
from worker.call import Principal

TTL_S = 15.0  # a revoked key or session is refused everywhere after at most this long
REFUSED_TTL_S = 5.0


@dataclass(frozen=True, slots=True)
class _Entry:
    principal: Principal | ProblemError
    until: float


class PrincipalCache:
    """Least recently used first out. Keys are digests: the memory holds no credential."""

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @staticmethod
    def digest(credential: str) -> bytes:
        return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).digest()

    def get(self, digest: bytes, now: float) -> Principal | None:
        """The principal, or None when it must be verified (again). Raises the ProblemError of a fresh refusal."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if entry.until <= now:
            del self._entries[digest]
            return None
        self._entries.move_to_end(digest)
        if isinstance(entry.principal, ProblemError):
            refusal = entry.principal  # a fresh copy: one exception object raised again and again grows its traceback
            raise ProblemError(refusal.code, refusal.detail, headers=refusal.headers)
        return entry.principal

    def put(self, digest: bytes, principal: Principal | ProblemError, now: float, expires: float | None = None) -> None:
        """Remember a verification, or a refusal, until its time is over or the credential expires."""
        ttl = REFUSED_TTL_S if isinstance(principal, ProblemError) else TTL_S
        until = now + ttl if expires is None else min(now + ttl, expires)
        self._entries[digest] = _Entry(principal, until)
        self._entries.move_to_end(digest)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def forget_key(self, tenant: str, key_id: str) -> None:
        """Drop everything that rests on an API key: called when this isolate revokes or rotates it."""
        stale = [
            digest
            for digest, entry in self._entries.items()
            if isinstance(entry.principal, Principal)
            and (entry.principal.tenant, entry.principal.key_id) == (tenant, key_id)
        ]
        for digest in stale:
            del self._entries[digest]

    def forget(self, digest: bytes) -> None:
        self._entries.pop(digest, None)


PRINCIPALS = PrincipalCache()
