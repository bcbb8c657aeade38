"""Numbers as Prometheus text (exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from durable_objects.metrics.histogram import BOUNDS_MS, BUCKETS

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "storemax_"
# name → (kind, help, label names). What is not listed here is not shown: every series has its explanation.
METRICS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "requests_total": (
        "counter",
        "Requests by operation and status; operation none: no such path.",
        ("route", "status"),
    ),
    "request_seconds": ("histogram", "Time from request to the first byte of the answer.", ("route",)),
    "cache_total": ("counter", "Cached reads by outcome: hit, kv, miss, updating, stale.", ("outcome",)),
    "limit_total": ("counter", "Rate limiting beyond the isolate's own lease: asked, refused, degraded.", ("outcome",)),
    "shed_total": ("counter", "Requests refused because an isolate had too many at once.", ("priority",)),
    "upstream_calls_total": ("counter", "Calls to objects and agents, repeats included.", ("upstream",)),
    "upstream_failures_total": ("counter", "Those that failed.", ("upstream",)),
    "upstream_repeats_total": ("counter", "Those that were repeats.", ("upstream",)),
    "upstream_refused_total": ("counter", "Calls that an open circuit refused.", ("upstream",)),
    "cron_runs_total": ("counter", "Runs of a cron step by outcome.", ("step", "outcome")),
    "circuits_open": ("gauge", "Circuits that refuse calls now, in all isolates.", ("upstream",)),
    "circuits_half_open": ("gauge", "Circuits that wait for a probe.", ("upstream",)),
    "inflight": ("gauge", "Requests being worked on, in all isolates.", ()),
    "isolates": ("gauge", "Isolates that reported within the last half minute.", ()),
    "queue_oldest_seconds": ("gauge", "How long the oldest waiting work has waited.", ("queue",)),
    "queue_waiting": ("gauge", "Work that waits.", ("queue",)),
    "agent_instances": ("gauge", "Container instances by state.", ("agent", "status")),
    "cron_last_success_timestamp_seconds": ("gauge", "When a cron step last succeeded.", ("step",)),
    "cron_step_seconds": ("gauge", "How long a cron step took last.", ("step",)),
    "alert_firing": ("gauge", "1 while an alert rule fires.", ("rule",)),
    "telemetry_up": ("gauge", "0: the numbers are of the answering isolate alone.", ()),
    "heap_megabytes": ("gauge", "Python heap of the answering isolate.", ()),
    "import_seconds": ("gauge", "Time that the imports of the answering isolate took.", ()),
    "cache_entries": ("gauge", "Answers kept in the answering isolate's memory.", ()),
    "principals": ("gauge", "Verified credentials that the answering isolate remembers.", ()),
}
Row = Sequence[Any]  # [name, [label…], value]


def text(rows: Iterable[Row]) -> str:
    """Counters and gauges, sorted, each metric once with its help and type. Histograms come as their `_bucket` counts
    (labels: route, index of the bound) and `_sum`."""
    by_name: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for name, labels, value in rows:
        by_name.setdefault(name, []).append((tuple(map(str, labels)), float(value)))
    lines: list[str] = []
    for name, (kind, explanation, labels) in METRICS.items():
        series = list(_histogram(name, by_name) if kind == "histogram" else _plain(name, labels, by_name.get(name, ())))
        if series:
            lines += [f"# HELP {PREFIX}{name} {explanation}", f"# TYPE {PREFIX}{name} {kind}", *series]
    return "\n".join(lines) + "\n"


def _plain(name: str, labels: tuple[str, ...], found: Iterable[tuple[tuple[str, ...], float]]) -> Iterator[str]:
    for values, value in sorted(found):
        yield f"{PREFIX}{name}{_labels(dict(zip(labels, values, strict=True)))} {_number(value)}"


def _histogram(name: str, by_name: Mapping[str, list[tuple[tuple[str, ...], float]]]) -> Iterator[str]:
    counts: dict[str, list[float]] = {}
    for (route, index), value in by_name.get(f"{name}_bucket", ()):
        counts.setdefault(route, [0.0] * BUCKETS)[int(index)] += value
    sums = {values[0]: value for values, value in by_name.get(f"{name}_sum", ())}
    bounds = [*(f"{bound / 1000:g}" for bound in BOUNDS_MS), "+Inf"]
    for route, numbers in sorted(counts.items()):
        running = 0.0
        for bound, number in zip(bounds, numbers, strict=True):
            running += number
            yield f"{PREFIX}{name}_bucket{_labels({'route': route, 'le': bound})} {_number(running)}"
        yield f"{PREFIX}{name}_sum{_labels({'route': route})} {sums.get(route, 0.0):.6f}"
        yield f"{PREFIX}{name}_count{_labels({'route': route})} {_number(running)}"


def _labels(pairs: Mapping[str, str]) -> str:
    if not pairs:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
