"""The isolate's side of rate limiting: tokens lent ahead, so that a request rarely waits for the RateLimiter object.

A lease is renewed in the background while the old one still serves, so steady traffic never waits. A refusal is remembered
for as long as the object said that there will be nothing: a client that floods costs no hop either.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.limits import LEASE_S, Policy
from contracts.trace import new_trace_id

_CAPACITY = 4096
_RENEWAL_S = 1.0  # a renewal that has not come back by then is lost


@dataclass(slots=True)
class Want:
    """What one request needs of one bucket. Not frozen, for speed: two are made for every request."""

    key: str
    policy: Policy
    cost: float
    critical: bool


@dataclass(slots=True)
class _Lease:
    left: float = 0.0  # tokens that may be used here
    until: float = 0.0
    used: float = 0.0  # and not told to the object
    total: float = 0.0  # used ever: tells what was used while an exchange was on its way
    settled: float = -1.0  # `total` when the newest settled exchange was sent
    level: float = 0.0  # of the bucket, as last told, less what was used here since
    renewing_until: float = 0.0
    refused_until: float = 0.0
    refused_cost: float = 0.0
    refused_critical: bool = False
    second: int = 0  # demand is counted per second
    demand: float = 0.0
    demand_before: float = 0.0

    def count(self, cost: float, now: float) -> None:
        second = int(now)
        if second != self.second:
            self.demand_before = self.demand if second == self.second + 1 else 0.0
            self.second, self.demand = second, 0.0
        self.demand += cost

    def wish(self) -> float:
        """Tokens for about as long as a lease lasts; nothing for a client that comes now and then."""
        expected = max(self.demand, self.demand_before)
        return float(int(expected * LEASE_S)) if expected >= 3 else 0.0


class Exchange:
    """One question to the object, from the moment it is sent to the moment when it is settled or has failed."""

    def __init__(
        self, wants: Sequence[Want], leases: Sequence[_Lease], now: float, isolate: str, *, paying: bool
    ) -> None:
        self._wants, self._leases, self._now = wants, leases, now
        self._told = [lease.used for lease in leases]
        self._sent = [lease.total for lease in leases]
        self.payload: dict[str, Any] = {
            "isolate": isolate,
            "reports": [],
            "wants": [
                {
                    "key": want.key,
                    "policy": {
                        "name": want.policy.name,
                        "rate": want.policy.rate,
                        "burst": want.policy.burst,
                        "reserve": want.policy.reserve,
                    },
                    "cost": want.cost if paying else 0.0,
                    "critical": want.critical,
                    "wish": lease.wish(),
                    "used": lease.used,
                }
                for want, lease in zip(wants, leases, strict=True)
            ],
        }
        for lease in leases:
            lease.used = 0.0

    def settle(self, answer: dict[str, Any]) -> None:
        """Keep what was lent, less what was used here while the answer was on its way."""
        for want, lease, sent, given in zip(self._wants, self._leases, self._sent, answer["wants"], strict=True):
            if sent >= lease.settled:  # of two answers that cross, the one to the later question counts
                lease.settled = sent
                lease.left = max(0.0, given["lent"] - (lease.total - sent))
                lease.until = self._now + LEASE_S
                lease.level = given["level"]
            lease.renewing_until = 0.0
            if given["wait"] > 0:
                # From the moment of asking, which is earlier than the object's: nobody is refused a moment too long.
                lease.refused_until = self._now + given["wait"]
                lease.refused_cost, lease.refused_critical = want.cost, want.critical

    def failed(self) -> None:
        """The object did not answer: what it was told it must be told again."""
        for lease, told in zip(self._leases, self._told, strict=True):
            lease.used += told
            lease.renewing_until = 0.0


class Leases:
    """Lent tokens per bucket. `take` decides from memory; an Exchange is the question to the object when it cannot."""

    def __init__(self, isolate: str = "") -> None:
        self.isolate = isolate  # names this isolate to the object
        self._held: OrderedDict[str, _Lease] = OrderedDict()

    def take(self, wants: Sequence[Want], now: float) -> bool:
        """Take from what is lent; either every bucket gives, or none."""
        leases = []
        for want in wants:
            lease = self._held.get(want.key)
            if lease is None:
                lease = self._add(want.key)
            else:
                self._held.move_to_end(want.key)
            lease.count(want.cost, now)
            leases.append(lease)
        for want, lease in zip(wants, leases, strict=True):
            if lease.until <= now or lease.left < want.cost:
                return False
        for want, lease in zip(wants, leases, strict=True):
            lease.left -= want.cost
            lease.used += want.cost
            lease.total += want.cost
            lease.level = max(0.0, lease.level - want.cost)
        return True

    def refused(self, wants: Sequence[Want], now: float) -> list[tuple[Want, float]]:
        """The buckets that are known to have nothing for this request, with the seconds until they may have."""
        known = []
        for want in wants:
            lease = self._held.get(want.key)
            if lease is None or lease.refused_until <= now or want.cost < lease.refused_cost:
                continue
            if lease.refused_critical or not want.critical:
                known.append((want, lease.refused_until - now))
        return known

    def due(self, wants: Sequence[Want], now: float) -> bool:
        """Is it time to renew these leases? Says so once, until the renewal has come back or is lost."""
        leases = [self._held[want.key] for want in wants]
        if any(lease.renewing_until > now for lease in leases):
            return False
        if all(lease.until - now > LEASE_S / 2 and lease.left * 4 > lease.wish() for lease in leases):
            return False
        for lease in leases:
            lease.renewing_until = now + _RENEWAL_S
        return True

    def ask(self, wants: Sequence[Want], now: float, *, paying: bool) -> Exchange:
        """Begin an exchange. `paying`: for this request's own tokens too; otherwise only for tokens ahead."""
        if not self.isolate:  # at first use: no entropy may be read while the module loads
            self.isolate = new_trace_id()
        leases = [self._held.get(want.key) or self._add(want.key) for want in wants]
        return Exchange(wants, leases, now, self.isolate, paying=paying)

    def over(self, wants: Sequence[Want], now: float) -> list[list[Any]]:
        """Reports [[key, used]…] of leases that have ended by `now`; they are given up."""
        reports: list[list[Any]] = []
        for want in wants:
            lease = self._held.get(want.key)
            if lease is not None and lease.until <= now and (lease.used or lease.left):
                reports.append([want.key, lease.used])
                lease.left = lease.used = 0.0
        return reports

    def level(self, key: str) -> float:
        lease = self._held.get(key)
        return lease.level if lease else 0.0

    def _add(self, key: str) -> _Lease:
        if len(self._held) >= _CAPACITY:
            oldest, held = next(iter(self._held.items()))
            if not held.used and not held.left:  # nothing that the object must still be told
                del self._held[oldest]
        lease = self._held[key] = _Lease()
        return lease
