"""A circuit breaker per upstream: when most calls of the last seconds failed, further ones are refused at once.

closed ──`failure_rate` of at least `minimum` calls within `window`──▶ open ──`pause` over──▶ half-open (one probe)
   ▲                                                                    ▲                        │ fails
   └───────────── the probe succeeds ──────────────────────────────────┴────────────────────────┘ (the pause doubles)

(Nygard, "Release It!", 2nd ed., 2018, chapter 5; the rolling window as in Netflix Hystrix.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["closed", "open", "half-open"]
Outcome = Literal["ok", "failed", "neutral"]  # neutral: says nothing about the upstream (a full one, a caller who left)
SLOTS = 10  # the window moves in tenths of itself


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Seconds; `failure_rate` is a share."""

    window: float = 10.0
    minimum: int = 10
    failure_rate: float = 0.5
    pause: float = 2.0
    max_pause: float = 60.0
    probe_timeout: float = 30.0  # a probe that nobody reports by then is taken as lost, and another may go


@dataclass(slots=True)
class Breaker:
    """Times are seconds of the caller's clock. Each admitted call must be reported with `record` exactly once."""

    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    openings: int = 0  # in a row
    open_until: float | None = None
    used_at: float = 0.0
    _probing_since: float | None = None
    _calls: list[int] = field(default_factory=lambda: [0] * SLOTS)
    _failures: list[int] = field(default_factory=lambda: [0] * SLOTS)
    _slot: int = 0  # number of the newest slot since the epoch

    def state(self, now: float) -> State:
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"

    def wait(self, now: float) -> float:
        """Seconds until a call may pass; 0 when it may."""
        if self.open_until is None:
            return 0.0
        if now < self.open_until:
            return self.open_until - now
        if self._probing_since is not None and now - self._probing_since < self.policy.probe_timeout:
            return 1.0  # the probe's outcome is expected soon
        return 0.0

    def admit(self, now: float) -> bool:
        """May a call be made now? In the half-open state one is let through, and the others wait for its outcome."""
        self.used_at = now
        if self.open_until is None:
            return True
        if self.wait(now) > 0:
            return False
        self._probing_since = now
        return True

    def record(self, outcome: Outcome, now: float) -> bool:
        """What became of an admitted call. True when this changed the state."""
        if self.open_until is not None:
            return self._after_probe(outcome, now)
        if outcome == "neutral":
            return False
        self._advance(now)
        place = self._slot % SLOTS
        self._calls[place] += 1
        self._failures[place] += outcome == "failed"
        calls, failures = sum(self._calls), sum(self._failures)
        if calls < self.policy.minimum or failures < self.policy.failure_rate * calls:
            return False
        self._open(now)
        return True

    def failure_rate(self, now: float) -> float:
        """The share of failures within the window; 0 without calls."""
        self._advance(now)
        calls = sum(self._calls)
        return sum(self._failures) / calls if calls else 0.0

    def _after_probe(self, outcome: Outcome, now: float) -> bool:
        if self._probing_since is None:
            return False  # a call from before the opening: its outcome is old news
        self._probing_since = None
        if outcome == "ok":
            self.open_until, self.openings = None, 0
            self._calls, self._failures = [0] * SLOTS, [0] * SLOTS
            return True
        if outcome == "failed":
            self._open(now)
            return True
        return False

    def _open(self, now: float) -> None:
        pause = min(self.policy.max_pause, self.policy.pause * 2.0 ** min(self.openings, 16))
        self.openings += 1
        self.open_until = now + pause
        self._probing_since = None

    def _advance(self, now: float) -> None:
        slot = int(now / self.policy.window * SLOTS)
        passed = slot - self._slot
        if passed <= 0:
            return
        for number in range(min(passed, SLOTS)):
            place = (slot - number) % SLOTS
            self._calls[place] = self._failures[place] = 0
        self._slot = slot
