"""Repeating a call that failed: exponential backoff with full jitter, within a budget and before the deadline.

Full jitter: the pause is drawn from [0, ceiling), so that callers which failed together do not come back together
(Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015). The budget keeps repeats a small share of all
calls, so that an upstream in trouble is not given several times its load (Beyer et al., "Site Reliability Engineering",
2016, chapter 21: a repeat costs one token, a call brings a tenth of one).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` in all; before attempt n + 1 the ceiling of the pause is `base` · 2^(n - 1) seconds, at most `cap`."""

    attempts: int = 3
    base: float = 0.05
    cap: float = 1.0

    def pause(self, failures: int, draw: float) -> float:
        """Seconds to wait after `failures` failures (1 or more); `draw` is uniform in [0, 1)."""
        return min(self.cap, self.base * 2.0 ** min(failures - 1, 32)) * draw


@dataclass(slots=True)
class RetryBudget:
    """Tokens for repeats. It starts full, so that a quiet caller may repeat too."""

    ratio: float = 0.1
    capacity: float = 10.0
    tokens: float = 10.0

    def called(self) -> None:
        """A first attempt was made."""
        self.tokens = min(self.capacity, self.tokens + self.ratio)

    def spend(self) -> bool:
        """Take the token of one repeat; False when there is none."""
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


def next_pause(
    failures: int,
    *,
    policy: RetryPolicy,
    budget: RetryBudget,
    deadline: float | None,
    now: float,
    draw: float,
    asked: float = 0.0,
) -> float | None:
    """The pause before another attempt, or None when there shall be none: too many attempts, the upstream asks
    (`asked`, from its Retry-After) for more patience than `cap`, the deadline comes first, or the budget is spent."""
    if failures >= policy.attempts or asked > policy.cap:
        return None
    pause = max(asked, policy.pause(failures, draw))
    if deadline is not None and now + pause >= deadline:
        return None
    return pause if budget.spend() else None
