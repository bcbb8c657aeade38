"""Published keys of issuers: cached, fetched anew when an unknown key id comes up (rotation), and kept when the issuer is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from contracts.errors import ProblemError

TTL_S = 3600.0
STALE_S = 86_400.0
# Fetches of one address: a few at once, so that a key that was rotated a moment ago is found; then one in PAUSE_S, for
# made-up key ids must not make us hammer the issuer.
AT_ONCE = 4
PAUSE_S = 30.0
Fetch = Callable[[str], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class _Set:
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    fetched: float = float("-inf")
    fetches: float = AT_ONCE  # that may be made now
    counted: float = float("-inf")  # when `fetches` was last brought up to date

    def may_fetch(self, now: float) -> bool:
        self.fetches = min(AT_ONCE, self.fetches + max(0.0, now - self.counted) / PAUSE_S)
        self.counted = now
        if self.fetches < 1:
            return False
        self.fetches -= 1
        return True


class KeySets:
    def __init__(self) -> None:
        self._sets: dict[str, _Set] = {}

    async def find(self, url: str, kid: str, now: float, fetch: Fetch) -> dict[str, Any] | None:
        """The key `kid` of a set, or None when the issuer does not publish it. Raises ProblemError unavailable when there is
        no usable copy."""
        held = self._sets.setdefault(url, _Set())
        if (kid not in held.keys or now - held.fetched > TTL_S) and held.may_fetch(now):
            try:
                found = await fetch(url)
            except ProblemError:  # keys that are known and not too old still serve
                if now - held.fetched > STALE_S:
                    raise
            else:
                held.keys = _by_id(found)
                held.fetched = now
        if now - held.fetched > STALE_S:
            raise ProblemError("unavailable", "the issuer's keys cannot be fetched", headers={"retry-after": "30"})
        return held.keys.get(kid)


def _by_id(found: Any) -> dict[str, dict[str, Any]]:
    listed = found.get("keys") if isinstance(found, dict) else None
    keys = [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
    return {str(key["kid"]): key for key in keys if key.get("kid")}


KEY_SETS = KeySets()
