"""Rate limits as data: what a bucket allows, and the arithmetic of a token bucket with post-paid leases.

A bucket holds at most `burst` tokens and gains `rate` per second. The last `reserve` share of it is for critical
requests alone. An isolate that sees steady traffic is lent tokens ahead (a lease), so that it need not ask for each
request. Lent tokens are not taken out of the bucket until the isolate reports them as used. Two facts follow:

1. **A client that stays under its rate is never refused.** Only tokens that were really used leave the bucket, so its
   level is never below the level of an exact bucket.
2. **Over-admission is bounded.** What an exact bucket would have refused is at most what was lent and not yet reported:
   `burst * LENDING` tokens. In any span of t seconds a client gets at most burst + rate * t + burst * LENDING tokens.
   Only an isolate that is killed before it reports adds to that: what it held is forgiven after FORGIVE_S, at most
   `burst * LENDING` each time, because taking it as used would break fact 1.
"""

from __future__ import annotations

from dataclasses import dataclass

LENDING = 0.25  # share of the burst that may be lent and unreported at any moment
LEASE_S = 2.0  # an isolate may use lent tokens this long
FORGIVE_S = 10.0  # a lease that nobody reported by then died with its isolate


@dataclass(frozen=True, slots=True)
class Policy:
    """What one kind of bucket allows."""

    name: str
    rate: float  # tokens per second
    burst: float  # tokens
    reserve: float = 0.1  # share of the burst for critical requests alone

    @property
    def usable(self) -> float:
        """The burst that a normal request sees."""
        return self.burst * (1 - self.reserve)

    def header(self) -> str:
        """One member of the RateLimit-Policy header: quota q per window w seconds (draft-ietf-httpapi-ratelimit-headers)."""
        window = max(1, round(self.usable / self.rate))
        return f'"{self.name}";q={int(self.usable)};w={window}'


@dataclass(slots=True)
class Bucket:
    """The truth about one client. Times are seconds of the owner's clock."""

    policy: Policy
    level: float
    at: float
    lent: float = 0.0  # tokens in leases that were not reported yet

    @classmethod
    def full(cls, policy: Policy, now: float) -> Bucket:
        return cls(policy, policy.burst, now)

    def refill(self, now: float) -> None:
        if now > self.at:
            self.level = min(self.policy.burst, self.level + (now - self.at) * self.policy.rate)
            self.at = now

    def floor(self, critical: bool) -> float:
        """The level that this request may not go below."""
        return 0.0 if critical else self.policy.burst * self.policy.reserve

    def take(self, cost: float, critical: bool, now: float) -> bool:
        """Take `cost` tokens if they are there."""
        self.refill(now)
        if self.level - cost < self.floor(critical):
            return False
        self.level -= cost
        return True

    def lend(self, wish: float, now: float) -> float:
        """Lend up to `wish` tokens: within LENDING, and only what the bucket could pay if all that is lent were used."""
        self.refill(now)
        spare = self.level - self.floor(False) - self.lent
        granted = max(0.0, min(wish, spare, self.policy.burst * LENDING - self.lent))
        granted = float(int(granted))
        self.lent += granted
        return granted

    def report(self, granted: float, used: float, now: float) -> None:
        """A lease is over: what was used leaves the bucket. The level may fall below the floor, never far (see above)."""
        self.refill(now)
        self.lent = max(0.0, self.lent - granted)
        self.level -= used

    def wait(self, cost: float, critical: bool, now: float) -> float:
        """Seconds until `cost` tokens will be there; infinite when they never will."""
        self.refill(now)
        if cost > self.policy.burst - self.floor(critical):
            return float("inf")
        return max(0.0, (cost + self.floor(critical) - self.level) / self.policy.rate)
