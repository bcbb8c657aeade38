"""The crash-loop breaker: a program that keeps dying is not started again for a while.

closed ──`limit` crashes within `window`──▶ open ──cooldown over──▶ half-open (one start is let through)
   ▲                                          ▲                         │ dies
   └────────── ready and alive ───────────────┴─────────────────────────┘ (the cooldown doubles)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Breaker:
    """An immutable value: each event gives the next one. Times are seconds since 1970."""

    limit: int = 5
    window: float = 120.0
    cooldown: float = 30.0
    max_cooldown: float = 300.0
    crashes: tuple[float, ...] = ()  # the last `limit` crash times
    open_until: float | None = None
    openings: int = 0

    def state(self, now: float) -> Literal["closed", "open", "half-open"]:
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"

    def recent(self, now: float) -> int:
        return sum(1 for at in self.crashes if now - at <= self.window)

    def wait(self, now: float) -> float:
        """Seconds until a start is allowed."""
        return max(0.0, self.open_until - now) if self.open_until is not None else 0.0

    def crashed(self, now: float) -> Breaker:
        crashes = (*self.crashes, now)[-self.limit :]
        after = replace(self, crashes=crashes)
        if self.state(now) == "closed" and after.recent(now) < self.limit:
            return after
        pause = min(self.max_cooldown, self.cooldown * 2.0 ** min(self.openings, 16))
        return replace(after, open_until=now + pause, openings=self.openings + 1)

    def proved(self) -> Breaker:
        """The program has been ready for long enough to call it alive."""
        return replace(self, crashes=(), open_until=None, openings=0)
