"""Counters and latency histograms of this isolate, in Prometheus text. On self-hosted workerd there is one isolate."""

from __future__ import annotations

from collections import Counter

BOUNDS_MS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000)


class Metrics:
    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.cache: Counter[str] = Counter()
        self.limit: Counter[str] = Counter()
        self.buckets: Counter[tuple[str, int]] = Counter()  # (route, index of the bound); the last index is +Inf
        self.sum_ms: Counter[str] = Counter()

    def count(self, route: str, status: int, ms: float, cache: str, limit: str) -> None:
        self.requests[(route, status)] += 1
        index = 0
        for bound in BOUNDS_MS:
            if ms <= bound:
                break
            index += 1
        self.buckets[(route, index)] += 1
        self.sum_ms[route] += ms  # type: ignore[assignment]
        if cache:
            self.cache[cache] += 1
        if limit:
            self.limit[limit] += 1

    def total(self) -> tuple[int, int]:
        """(requests, those answered with 5xx)."""
        return sum(self.requests.values()), sum(n for (_, status), n in self.requests.items() if status >= 500)

    def prometheus(self, gauges: dict[str, float]) -> str:
        """The text exposition format 0.0.4."""
        lines = [
            "# HELP storemax_requests_total Requests by route and status.",
            "# TYPE storemax_requests_total counter",
        ]
        for (route, status), number in sorted(self.requests.items()):
            lines.append(f'storemax_requests_total{{route="{route or "none"}",status="{status}"}} {number}')
        lines += [
            "# HELP storemax_request_seconds Time to answer.",
            "# TYPE storemax_request_seconds histogram",
        ]
        for route in sorted(self.sum_ms):
            running = 0
            name = route or "none"
            for index, bound in enumerate(BOUNDS_MS):
                running += self.buckets[(route, index)]
                lines.append(f'storemax_request_seconds_bucket{{route="{name}",le="{bound / 1000:g}"}} {running}')
            running += self.buckets[(route, len(BOUNDS_MS))]
            lines.append(f'storemax_request_seconds_bucket{{route="{name}",le="+Inf"}} {running}')
            lines.append(f'storemax_request_seconds_sum{{route="{name}"}} {self.sum_ms[route] / 1000:.6f}')
            lines.append(f'storemax_request_seconds_count{{route="{name}"}} {running}')
        for title, counter in (("cache", self.cache), ("limit", self.limit)):
            lines.append(f"# TYPE storemax_{title}_total counter")
            lines += [f'storemax_{title}_total{{outcome="{key}"}} {n}' for key, n in sorted(counter.items())]
        for key, value in sorted(gauges.items()):
            lines += [f"# TYPE storemax_{key} gauge", f"storemax_{key} {value:g}"]
        return "\n".join(lines) + "\n"


METRICS = Metrics()
