"""When the pieces of a pick face are needed, and when they are gone: the pace at which waves are picked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf


@dataclass(frozen=True, slots=True)
class Period:
    """Picks begin at `due_s` and have ended at `gone_s`. Seconds after start_at."""

    id: str
    due_s: float
    gone_s: float


# (seconds after start_at, pieces) in the order of time; None: evenly from the period's begin to its end.
Moments = tuple[tuple[float, int], ...] | None


class Picks:
    """One face's demand, its pieces numbered from 1 through all periods.

    Taken evenly, piece i of n is needed when (i - 1) / n of the period have passed and gone when i / n have. Pieces of an order
    whose time is known are needed and gone then.
    """

    __slots__ = ("_demand", "_moments", "_past", "_periods", "before")

    def __init__(self, periods: Sequence[Period], demand: Sequence[int], moments: Sequence[Moments]) -> None:
        self._periods, self._demand, self._moments = periods, demand, moments
        self.before = [0, *accumulate(demand)]  # pieces before each period
        # Periods may overlap: what is numbered before a piece is to be gone as well.
        ends = (period.gone_s if wanted else -inf for period, wanted in zip(periods, demand, strict=True))
        self._past = [-inf, *accumulate(ends, max)]

    def need(self, piece: int) -> float:
        """When this piece is needed; infinity for one that nobody asks for."""
        if piece > self.before[-1]:
            return inf
        t = bisect_left(self.before, max(1, piece)) - 1
        return self._time(t, piece - self.before[t], begun=1)

    def gone(self, piece: int) -> float:
        """When this piece and all before it are gone; 0 for none, infinity for one that nobody asks for."""
        if piece <= 0:
            return 0.0
        if piece > self.before[-1]:
            return inf
        t = bisect_left(self.before, piece) - 1
        return max(self._time(t, piece - self.before[t], begun=0), self._past[t])

    def _time(self, t: int, place: int, begun: int) -> float:
        period, moments = self._periods[t], self._moments[t]
        if moments is None:
            return period.due_s + (period.gone_s - period.due_s) * (place - begun) / self._demand[t]
        for at, pieces in moments:
            place -= pieces
            if place <= 0:
                return at
        raise AssertionError("the times of the picks add up to the period's demand")
