"""RateLimiter `{tenant}`: the truth of a tenant's token buckets, and of the leases that isolates hold on them."""

from __future__ import annotations

import json
import time
from typing import Any

from workers import DurableObject

from contracts.limits import FORGIVE_S, Bucket, Policy
from contracts.rpc import answer
from durable_objects.sqlite import ObjectSql

_SWEEP_S = 600.0


class RateLimiter(DurableObject):  # type: ignore[misc]
    """One RPC decides all buckets that a request touches: either every one gives its tokens, or none does."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._sql = ObjectSql(ctx._ctx.storage)
        self._sql.run(
            "CREATE TABLE IF NOT EXISTS bucket (key TEXT PRIMARY KEY, level REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID"
        )
        self._buckets: dict[str, Bucket] = {}
        self._leases: dict[str, tuple[str, float, float]] = {}  # id → (bucket's key, tokens lent, when it is forgiven)
        self._number = 0
        self._swept = 0.0

    @answer
    async def exchange(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Reports of leases that are over, and wishes for tokens.

        payload: {reports: [[lease, used]…], wants: [{key, policy: {name, rate, burst, reserve}, cost, critical, wish}…]}
        answer: {admitted, wants: [{level, wait, lease, lent}…]} in the order of the wishes.
        """
        now = time.time()
        touched: set[str] = set()
        for lease, used in payload.get("reports", ()):
            touched |= self._report(str(lease), float(used), now)
        self._forgive(now)
        wants = payload.get("wants", [])
        buckets = [self._bucket(want["key"], Policy(**want["policy"]), now) for want in wants]
        pairs = list(zip(buckets, wants, strict=True))
        admitted = all(bucket.wait(want["cost"], want["critical"], now) == 0 for bucket, want in pairs)
        results = []
        for bucket, want in pairs:
            wait = bucket.wait(want["cost"], want["critical"], now)
            lease, lent = "", 0.0
            if admitted:
                bucket.take(want["cost"], want["critical"], now)
                lent = bucket.lend(want["wish"], now)
                touched.add(want["key"])
            if lent:
                self._number += 1
                lease = f"{now:.3f}-{self._number}"
                self._leases[lease] = (want["key"], lent, now + FORGIVE_S)
            left = max(0.0, bucket.level - bucket.floor(want["critical"]))
            results.append({"level": left, "wait": min(wait, 86_400.0), "lease": lease, "lent": lent})
        self._store(touched)
        self._sweep(now)
        return {"admitted": admitted, "wants": results}

    def _bucket(self, key: str, policy: Policy, now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            found = self._sql.rows("SELECT level, at FROM bucket WHERE key = ?", key)
            bucket = Bucket(policy, found[0][0], found[0][1]) if found else Bucket.full(policy, now)
            self._buckets[key] = bucket
        bucket.policy = policy
        return bucket

    def _report(self, lease: str, used: float, now: float) -> set[str]:
        key, lent, _ = self._leases.pop(lease, ("", 0.0, 0.0))
        bucket = self._buckets.get(key)
        if bucket is None:  # this object has restarted since: what was lent is unknown, what was used is not told twice
            return set()
        bucket.report(lent, min(used, lent), now)
        return {key}

    def _forgive(self, now: float) -> None:
        for lease in [name for name, (_, _, until) in self._leases.items() if until <= now]:
            key, lent, _ = self._leases.pop(lease)
            self._buckets[key].report(lent, 0.0, now)

    def _store(self, keys: set[str]) -> None:
        rows = [[key, self._buckets[key].level, self._buckets[key].at] for key in keys]
        if rows:
            self._sql.run(
                "INSERT INTO bucket (key, level, at) SELECT value->>0, value->>1, value->>2 FROM json_each(?) WHERE true"
                " ON CONFLICT (key) DO UPDATE SET level = excluded.level, at = excluded.at",
                json.dumps(rows),
            )

    def _sweep(self, now: float) -> None:
        """A bucket that has filled up again need not be remembered."""
        if now - self._swept < _SWEEP_S:
            return
        self._swept = now
        held = {key for key, _, _ in self._leases.values()}
        for key, bucket in list(self._buckets.items()):
            bucket.refill(now)
            if bucket.level >= bucket.policy.burst and key not in held:
                del self._buckets[key]
        self._sql.run("DELETE FROM bucket WHERE at < ?", now - 86_400)
