"""Taking isolates' reports in, and reading the numbers back: totals for Prometheus, the last minutes for alert rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from durable_objects.metrics.histogram import BUCKETS, quantile
from durable_objects.sqlite import Sql, scalar

SPAN_S = 10
KEPT_S = 7200
GAUGE_KEPT_S = 180.0  # cron sets most of them every minute
ISOLATE_GAUGE_KEPT_S = 30.0  # isolates report every few seconds while they work
ISOLATE_KEPT_S = 3600.0


def take(sql: Sql, report: Mapping[str, Any], now: float) -> bool:
    """An isolate's report of what happened since its last one: {isolate, number, counters: [[name, [label…], amount]…],
    routes: {route: {requests, errors, buckets}}, gauges: [[name, [label…], value]…]}. False when it came before."""
    isolate, number = str(report["isolate"]), int(report["number"])

    def write() -> bool:
        known = scalar(sql, "SELECT number FROM isolate WHERE id = ?", isolate)
        if known is not None and int(known) >= number:
            return False
        sql.run(
            "INSERT INTO isolate (id, number, seen) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET number = excluded.number, seen = excluded.seen",
            isolate,
            number,
            now,
        )
        count(sql, report.get("counters", ()))
        _add_spans(sql, report.get("routes", {}), now)
        sql.run("DELETE FROM gauge WHERE source = ?", isolate)
        gauge(sql, report.get("gauges", ()), now, source=isolate)
        return True

    return sql.transaction(write)


def count(sql: Sql, amounts: Sequence[Sequence[Any]]) -> None:
    """Add to counters: [name, [label…], amount] each."""
    rows = [[name, json.dumps(labels, ensure_ascii=False), amount] for name, labels, amount in amounts]
    if rows:
        sql.run(
            "INSERT INTO counter (name, labels, value) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)"
            " WHERE true ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value",
            json.dumps(rows, ensure_ascii=False),
        )


def gauge(sql: Sql, values: Sequence[Sequence[Any]], now: float, source: str = "") -> None:
    """Set gauges: [name, [label…], value] each."""
    rows = [[name, json.dumps(labels, ensure_ascii=False), value] for name, labels, value in values]
    if rows:
        sql.run(
            "INSERT INTO gauge (name, labels, source, value, at)"
            " SELECT value ->> 0, value ->> 1, ?, value ->> 2, ? FROM json_each(?)"
            " WHERE true ON CONFLICT (name, labels, source) DO UPDATE SET value = excluded.value, at = excluded.at",
            source,
            now,
            json.dumps(rows, ensure_ascii=False),
        )


def _add_spans(sql: Sql, routes: Mapping[str, Mapping[str, Any]], now: float) -> None:
    at = int(now) // SPAN_S * SPAN_S
    for route, seen in routes.items():
        found = sql.rows("SELECT buckets FROM span WHERE at = ? AND route = ?", at, route)
        buckets = list(seen["buckets"])
        if found:
            buckets = [a + b for a, b in zip(buckets, json.loads(found[0][0]), strict=True)]
        sql.run(
            "INSERT INTO span (at, route, requests, errors, buckets) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (at, route) DO UPDATE SET requests = requests + excluded.requests,"
            " errors = errors + excluded.errors, buckets = excluded.buckets",
            at,
            route,
            int(seen["requests"]),
            int(seen["errors"]),
            json.dumps(buckets),
        )


def sweep(sql: Sql, now: float) -> int:
    """Drop what no rule and no scrape will read again; how many rows."""
    limits = (
        ("span", "at", KEPT_S),
        ("gauge", "at", KEPT_S),
        ("isolate", "seen", ISOLATE_KEPT_S),
    )
    dropped = 0
    for table, column, kept in limits:
        dropped += len(sql.rows(f"DELETE FROM {table} WHERE {column} < ? RETURNING 1", now - kept))
    return dropped


def totals(sql: Sql, now: float) -> dict[str, Any]:
    """{counters: [[name, [label…], value]…], gauges: [[name, [label…], value]…], isolates}: gauges of one name and labels
    from several isolates add up."""
    counters = sql.rows("SELECT name, labels, value FROM counter ORDER BY name, labels")
    gauges = sql.rows(
        "SELECT name, labels, sum(value) FROM gauge WHERE at > iif(source = '', ?, ?) GROUP BY name, labels ORDER BY name, labels",
        now - GAUGE_KEPT_S,
        now - ISOLATE_GAUGE_KEPT_S,
    )
    return {
        "counters": [[name, json.loads(labels), value] for name, labels, value in counters],
        "gauges": [[name, json.loads(labels), value] for name, labels, value in gauges],
        "isolates": int(scalar(sql, "SELECT count(*) FROM isolate WHERE seen > ?", now - ISOLATE_GAUGE_KEPT_S)),
    }


def recent(sql: Sql, now: float, window_s: int, route: str = "") -> tuple[int, int, list[int]]:
    """(requests, those answered with 5xx, counts per latency bucket) of the last `window_s` seconds."""
    where = "at > ?" + (" AND route = ?" if route else "")
    parameters: list[Any] = [now - window_s, *([route] if route else [])]
    found = sql.rows(f"SELECT requests, errors, buckets FROM span WHERE {where}", *parameters)
    buckets = [0] * BUCKETS
    for row in found:
        for index, number in enumerate(json.loads(row[2])):
            buckets[index] += number
    return sum(int(row[0]) for row in found), sum(int(row[1]) for row in found), buckets


def signal(sql: Sql, rule: Mapping[str, Any], now: float) -> float | None:
    """The value that a rule watches: a share, milliseconds, requests per second, or seconds. None: nothing to judge by."""
    kind = rule["signal"]
    if kind == "queue_age":
        where = " AND labels = ?" if rule.get("queue") else ""
        parameters = [json.dumps([rule["queue"]])] if rule.get("queue") else []
        age = scalar(
            sql,
            f"SELECT max(value) FROM gauge WHERE name = 'queue_oldest_seconds' AND at > ?{where}",
            now - GAUGE_KEPT_S,
            *parameters,
        )
        return None if age is None else float(age)
    requests, errors, buckets = recent(sql, now, int(rule["window_s"]), rule.get("route") or "")
    if kind == "request_rate":
        return requests / float(rule["window_s"])
    if requests < int(rule["minimum_requests"]):
        return None
    if kind == "error_rate":
        return errors / requests
    return quantile(buckets, {"latency_p50": 0.5, "latency_p95": 0.95, "latency_p99": 0.99}[kind])
