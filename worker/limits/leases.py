"""The isolate's side of rate limiting: tokens lent ahead, so that a request rarely waits for the RateLimiter object."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.limits import LEASE_S, Policy

_CAPACITY = 4096


@dataclass(slots=True)
class Want:
    """What one request needs of one bucket. Not frozen, for speed: two are made for every request."""

    key: str
    policy: Policy
    cost: float
    critical: bool


@dataclass(slots=True)
class _Lease:
    id: str = ""
    lent: float = 0.0
    used: float = 0.0
    until: float = 0.0
    level: float = 0.0  # of the bucket, as last told, less what was used here since
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


class Leases:
    """Lent tokens per bucket. `take` decides from memory; `request` and `settle` frame the RPC when it cannot."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Lease] = OrderedDict()

    def take(self, wants: Sequence[Want], now: float) -> bool:
        """Take from what is lent; either every bucket gives, or none."""
        leases = []
        for want in wants:
            lease = self._held.get(want.key)
            if lease is None:
                lease = self._held[want.key] = _Lease()
            lease.count(want.cost, now)
            leases.append(lease)
        for want, lease in zip(wants, leases, strict=True):
            if lease.until <= now or lease.lent - lease.used < want.cost:
                return False
        for want, lease in zip(wants, leases, strict=True):
            lease.used += want.cost
            lease.level = max(0.0, lease.level - want.cost)
        return True

    def request(self, wants: Sequence[Want]) -> dict[str, Any]:
        """The payload of RateLimiter.exchange: reports of the leases at hand, and the wishes."""
        reports, wishes = [], []
        for want in wants:
            lease = self._held.setdefault(want.key, _Lease())
            if lease.id:
                reports.append([lease.id, lease.used])
                lease.id, lease.lent, lease.used, lease.until = "", 0.0, 0.0, 0.0
            policy = want.policy
            wishes.append(
                {
                    "key": want.key,
                    "policy": {
                        "name": policy.name,
                        "rate": policy.rate,
                        "burst": policy.burst,
                        "reserve": policy.reserve,
                    },
                    "cost": want.cost,
                    "critical": want.critical,
                    "wish": lease.wish(),
                }
            )
        return {"reports": reports, "wants": wishes}

    def settle(self, wants: Sequence[Want], answer: dict[str, Any], now: float) -> list[list[Any]]:
        """Keep what was lent. Returns reports [[lease, used]…] of leases that another request of this isolate had
        fetched meanwhile, and that this answer replaces."""
        replaced = []
        for want, given in zip(wants, answer["wants"], strict=True):
            lease = self._held.setdefault(want.key, _Lease())
            lease.level = given["level"]
            if given["lease"]:
                if lease.id:
                    replaced.append([lease.id, lease.used])
                lease.id, lease.lent, lease.used, lease.until = given["lease"], given["lent"], 0.0, now + LEASE_S
            self._held.move_to_end(want.key)
        while len(self._held) > _CAPACITY:
            _, dropped = self._held.popitem(last=False)
            if dropped.id:
                replaced.append([dropped.id, dropped.used])
        return replaced

    def over(self, wants: Sequence[Want], now: float) -> list[list[Any]]:
        """Reports of leases that have ended by `now`; they are given up."""
        reports = []
        for want in wants:
            lease = self._held.get(want.key)
            if lease is not None and lease.id and lease.until <= now:
                reports.append([lease.id, lease.used])
                lease.id, lease.lent, lease.used = "", 0.0, 0.0
        return reports

    def level(self, key: str) -> float:
        lease = self._held.get(key)
        return lease.level if lease else 0.0
