"""Published keys of issuers: cached, fetched anew when an unknown key id comes up (rotation), and kept when the issuer is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

TTL_S = 3600.0
STALE_S = 86_400.0
PAUSE_S = 30.0  # between two fetches of one address: made-up key ids must not make us hammer the issuer
Fetch = Callable[[str], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class _Set:
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")


class KeySets:
    def __init__(self) -> None:
        self._sets: dict[str, _Set] = {}

    async def find(self, url: str, kid: str, now: float, fetch: Fetch) -> dict[str, Any] | None:
        """The key `kid` of a set, or None. Raises what `fetch` raises when there is no usable copy."""
        held = self._sets.setdefault(url, _Set())
        wanted = kid not in held.keys or now - held.fetched > TTL_S
        if wanted and now - held.tried > PAUSE_S:
            held.tried = now
            try:
                found = await fetch(url)
            except Exception:  # whatever keeps the issuer away, keys that are known and not too old still serve
                if not held.keys or now - held.fetched > STALE_S:
                    raise
            else:
                held.keys = {str(key["kid"]): key for key in found.get("keys", ()) if key.get("kid")}
                held.fetched = now
        if now - held.fetched > STALE_S:
            return None
        return held.keys.get(kid)


KEY_SETS = KeySets()
