"""Pauses that grow: between looks at a port that is not open yet, and between starts of a program that dies.

Full jitter: a pause is drawn between zero and the growing ceiling, so that many containers that died together do not
start together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """`base` · `factor`^n seconds, at most `cap`."""

    base: float
    factor: float
    cap: float

    def ceiling(self, attempt: int) -> float:
        """The longest pause after `attempt` failures (0 failures: no pause)."""
        if attempt <= 0:
            return 0.0
        # The exponent is bounded: 2.0 ** 2000 would overflow before `cap` could help.
        return min(self.cap, self.base * self.factor ** min(attempt - 1, 64))

    def pause(self, attempt: int, draw: float) -> float:
        """A pause after `attempt` failures; `draw` is uniform in [0, 1)."""
        return self.ceiling(attempt) * draw

    def pauses(self) -> Iterator[float]:
        """The ceilings in order, without end."""
        attempt = 1
        while True:
            yield self.ceiling(attempt)
            attempt += 1


# Starts after a crash: 0.5 s, 1 s, 2 s … 30 s.
RESTARTS = Backoff(base=0.5, factor=2.0, cap=30.0)


# Looks at a port while the program starts. A light program listens within 100 ms, so the first looks are dense; after
# about a second they settle at an interval, by default 300 ms, which the npm class uses throughout.
def looks(interval: float) -> Backoff:
    return Backoff(base=min(0.02, interval), factor=1.5, cap=interval)
