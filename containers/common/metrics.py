"""Counters, gauges and histograms in the Prometheus text format (version 0.0.4), without a dependency.

Label values come from closed sets (route templates, status codes): a path or a tenant as a label would grow forever.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

Labels = tuple[str, ...]


class Counter:
    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        self.name, self.help_text, self.labels = name, help_text, labels
        self._values: dict[Labels, float] = {}
        self._lock = threading.Lock()

    def add(self, *values: str, amount: float = 1) -> None:
        with self._lock:
            self._values[values] = self._values.get(values, 0) + amount

    def lines(self) -> Iterator[str]:
        yield from _head(self.name, self.help_text, "counter")
        for values, amount in sorted(self._values.items()):
            yield f"{self.name}{_labels(self.labels, values)} {_number(amount)}"


class Gauge:
    """Reads its value when asked."""

    def __init__(self, name: str, help_text: str, read: Callable[[], float], kind: str = "gauge") -> None:
        self.name, self.help_text, self.read, self.kind = name, help_text, read, kind

    def lines(self) -> Iterator[str]:
        yield from _head(self.name, self.help_text, self.kind)
        yield f"{self.name} {_number(self.read())}"


class Histogram:
    def __init__(
        self, name: str, help_text: str, labels: Labels = (), buckets: tuple[float, ...] = SECONDS_BUCKETS
    ) -> None:
        self.name, self.help_text, self.labels, self.buckets = name, help_text, labels, buckets
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        self._lock = threading.Lock()

    def observe(self, value: float, *labels: str) -> None:
        with self._lock:
            counts = self._counts.setdefault(labels, [0] * (len(self.buckets) + 1))
            counts[bisect_left(self.buckets, value)] += 1
            self._sums[labels] = self._sums.get(labels, 0.0) + value

    def lines(self) -> Iterator[str]:
        yield from _head(self.name, self.help_text, "histogram")
        for values, counts in sorted(self._counts.items()):
            total = 0
            for bound, count in zip((*map(_number, self.buckets), "+Inf"), counts, strict=True):
                total += count
                yield f"{self.name}_bucket{_labels((*self.labels, 'le'), (*values, bound))} {total}"
            yield f"{self.name}_sum{_labels(self.labels, values)} {_number(self._sums[values])}"
            yield f"{self.name}_count{_labels(self.labels, values)} {total}"


class Registry:
    def __init__(self) -> None:
        self._metrics: dict[str, Counter | Gauge | Histogram] = {}

    def add(self, *metrics: Counter | Gauge | Histogram) -> None:
        for metric in metrics:
            if metric.name in self._metrics:
                raise ValueError(f"metric {metric.name} is registered twice")
            self._metrics[metric.name] = metric

    def text(self) -> str:
        return "".join(f"{line}\n" for metric in self._metrics.values() for line in metric.lines())


def _head(name: str, help_text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"


def _labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True)) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
