"""The book of a tenant's token buckets, and of what isolates hold of them: each has at most one lease per bucket.

An isolate that sees steady traffic is lent tokens ahead. At each exchange it tells how many it has used since the last one;
those leave the bucket. What is lent and not used stays with the isolate, and never left the bucket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts.limits import FORGIVE_S, Bucket, Policy

MAX_WAIT_S = 86_400.0
Load = Callable[[str], tuple[float, float] | None]  # a bucket's stored (level, at)


@dataclass(slots=True)
class _Lease:
    left: float  # lent, and not told as used
    until: float  # who has not come back by then is dead


class Book:
    def __init__(self, load: Load) -> None:
        self._load = load
        self.buckets: dict[str, Bucket] = {}
        self._leases: dict[tuple[str, str], _Lease] = {}  # (isolate, bucket's key)

    def exchange(self, payload: dict[str, Any], now: float) -> tuple[dict[str, Any], set[str]]:
        """Decide what an isolate asks for. Either every bucket gives its tokens, or none does.

        payload: {isolate, reports: [[key, used]…] of leases that are over, wants: [{key, policy: {name, rate, burst, reserve},
        cost, critical, wish, used}…]}; `cost` 0 asks for tokens ahead alone. The answer, {admitted, wants: [{level, wait,
        lent}…]} in the order of the wishes (`lent`: all that the isolate now holds), and the keys whose buckets changed.
        """
        isolate = str(payload.get("isolate", ""))
        self._forgive(now)
        touched = {self._end(isolate, str(key), float(used), now) for key, used in payload.get("reports", ())}
        pairs = [(self._bucket(want["key"], Policy(**want["policy"]), now), want) for want in payload.get("wants", ())]
        for bucket, want in pairs:
            self._tell(isolate, bucket, want, now)
        waits = [bucket.wait(want["cost"], want["critical"], now) for bucket, want in pairs]
        admitted = not any(waits)
        results = []
        for (bucket, want), wait in zip(pairs, waits, strict=True):
            if admitted:
                bucket.take(want["cost"], want["critical"], now)
            lent = self._lend(isolate, bucket, want, now)
            touched.add(want["key"])
            left = max(0.0, bucket.level - bucket.floor(want["critical"]))
            results.append({"level": left, "wait": min(wait, MAX_WAIT_S), "lent": lent})
        return {"admitted": admitted, "wants": results}, touched - {""}

    def sweep(self, now: float) -> None:
        """Forget buckets that are full again."""
        held = {key for _, key in self._leases}
        for key, bucket in list(self.buckets.items()):
            bucket.refill(now)
            if bucket.level >= bucket.policy.burst and key not in held:
                del self.buckets[key]

    def _bucket(self, key: str, policy: Policy, now: float) -> Bucket:
        bucket = self.buckets.get(key)
        if bucket is None:
            stored = self._load(key)
            bucket = Bucket(policy, *stored) if stored else Bucket.full(policy, now)
            self.buckets[key] = bucket
        bucket.policy = policy
        return bucket

    def _tell(self, isolate: str, bucket: Bucket, want: dict[str, Any], now: float) -> None:
        """Used tokens leave the bucket, also when the lease is not known any more (the object was restarted meanwhile)."""
        used = float(want.get("used", 0.0))
        lease = self._leases.get((isolate, want["key"]))
        if lease is None:
            bucket.report(0.0, used, now)
            return
        told = min(used, lease.left)
        lease.left -= told
        bucket.report(told, used, now)

    def _lend(self, isolate: str, bucket: Bucket, want: dict[str, Any], now: float) -> float:
        """What the isolate holds from here on: as much as it wishes, where that can be had."""
        lease = self._leases.get((isolate, want["key"]))
        left = lease.left if lease else 0.0
        left += bucket.lend(want["wish"] - left, now)
        if left or lease:
            self._leases[isolate, want["key"]] = _Lease(left, now + FORGIVE_S)
        return left

    def _end(self, isolate: str, key: str, used: float, now: float) -> str:
        lease = self._leases.pop((isolate, key), None)
        bucket = self.buckets.get(key)
        if bucket is None:  # restarted since, and nobody has come: what was used has long been refilled
            return ""
        bucket.report(lease.left if lease else 0.0, used, now)
        return key

    def _forgive(self, now: float) -> None:
        for isolate, key in [name for name, lease in self._leases.items() if lease.until <= now]:
            self.buckets[key].report(self._leases.pop((isolate, key)).left, 0.0, now)
