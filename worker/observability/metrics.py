"""What this isolate counts: requests, latencies, cache and limit outcomes. Reported onward every few seconds (report.py)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from durable_objects.metrics.histogram import BUCKETS, bucket

# Answers that were ready in the isolate: they are too many and too quick to be told one by one.
READY = frozenset({"hit", "updating", "stale"})


class Metrics:
    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.cache: Counter[str] = Counter()
        self.limit: Counter[str] = Counter()
        self.buckets: Counter[tuple[str, int]] = Counter()  # (route, index of the bound)
        self.sum_ms: Counter[str] = Counter()
        self.ready: Counter[str] = Counter()  # of the requests, those answered from memory
        self.ready_ms: Counter[str] = Counter()

    def count(self, route: str, status: int, ms: float, cache: str, limit: str) -> None:
        self.requests[route, status] += 1
        self.buckets[route, bucket(ms)] += 1
        self.sum_ms[route] += ms  # type: ignore[assignment]
        if cache:
            self.cache[cache] += 1
            if cache in READY:
                self.ready[route] += 1
                self.ready_ms[route] += ms  # type: ignore[assignment]
        if limit:
            self.limit[limit] += 1

    def copy(self) -> Metrics:
        made = Metrics()
        for name, counter in vars(self).items():
            setattr(made, name, counter.copy())
        return made

    def minus(self, before: Metrics) -> Metrics:
        """What was counted since a copy was made."""
        made = Metrics()
        for name, counter in vars(self).items():
            earlier = getattr(before, name)
            more = {key: value - earlier[key] for key, value in counter.items() if value != earlier[key]}
            setattr(made, name, Counter(more))
        return made

    def counters(self) -> list[list[Any]]:
        """[name, [label…], amount] each, as durable_objects/metrics/series.py takes them."""
        rows: list[list[Any]] = [
            ["requests_total", [route, str(status)], n] for (route, status), n in self.requests.items()
        ]
        rows += [["request_seconds_bucket", [route, str(index)], n] for (route, index), n in self.buckets.items()]
        rows += [["request_seconds_sum", [route], ms / 1000] for route, ms in self.sum_ms.items()]
        rows += [["cache_total", [outcome], n] for outcome, n in self.cache.items()]
        rows += [["limit_total", [outcome], n] for outcome, n in self.limit.items()]
        return rows

    def routes(self) -> dict[str, dict[str, Any]]:
        """route → {requests, errors (5xx), buckets}."""
        found: dict[str, dict[str, Any]] = {}
        for (route, status), number in self.requests.items():
            seen = found.setdefault(route, {"requests": 0, "errors": 0, "buckets": [0] * BUCKETS})
            seen["requests"] += number
            seen["errors"] += number if status >= 500 else 0
        for (route, index), number in self.buckets.items():
            found[route]["buckets"][index] += number
        return found


METRICS = Metrics()
