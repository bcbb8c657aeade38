"""Where the numbers of several isolates come together."""

from __future__ import annotations

from typing import Any

import pytest

from durable_objects.metrics import series
from durable_objects.metrics.histogram import BOUNDS_MS, BUCKETS, bucket, quantile
from durable_objects.metrics.schema import MIGRATIONS
from durable_objects.sqlite import migrate
from local.sqlite import LocalSql

NOW = 1_700_000_000.0


@pytest.fixture
def sql() -> LocalSql:
    sql = LocalSql()
    migrate(sql, MIGRATIONS)
    return sql


def report(
    isolate: str, number: int, requests: int = 0, errors: int = 0, ms: float = 3.0, **more: Any
) -> dict[str, Any]:
    buckets = [0] * BUCKETS
    buckets[bucket(ms)] = requests
    routes = {"get_layout": {"requests": requests, "errors": errors, "buckets": buckets}} if requests else {}
    counters = [["requests_total", ["get_layout", "200"], requests]] if requests else []
    return {"isolate": isolate, "number": number, "routes": routes, "counters": counters, "gauges": [], **more}


def test_a_duration_falls_into_the_first_bucket_whose_bound_it_does_not_exceed() -> None:
    assert [bucket(ms) for ms in (0.2, 1.0, 1.1, 10_000, 10_001)] == [0, 0, 1, len(BOUNDS_MS) - 1, len(BOUNDS_MS)]


def test_quantiles_lie_where_the_counts_say() -> None:
    counts = [0] * BUCKETS
    counts[bucket(5)] = 90  # between 2 and 5 ms
    counts[bucket(40)] = 10  # between 25 and 50 ms
    # rank 50 of 90 within (2, 5]: 2 + 3 · 50/90; rank 99 is the 9th of 10 within (25, 50]: 25 + 25 · 9/10
    assert quantile(counts, 0.5) == pytest.approx(2 + 3 * 50 / 90)
    assert quantile(counts, 0.99) == pytest.approx(25 + 25 * 9 / 10)
    assert quantile([0] * BUCKETS, 0.5) is None
    assert quantile([0] * (BUCKETS - 1) + [7], 0.5) == 10_000


def test_reports_of_several_isolates_add_up(sql: LocalSql) -> None:
    series.take(sql, report("a", 1, requests=30, errors=3), NOW)
    series.take(sql, report("b", 1, requests=10, errors=1), NOW + 2)
    assert series.totals(sql, NOW + 3)["counters"] == [["requests_total", ["get_layout", "200"], 40]]
    requests, errors, buckets = series.recent(sql, NOW + 3, 300)
    assert (requests, errors, buckets[bucket(3.0)]) == (40, 4, 40)


def test_a_report_that_comes_twice_counts_once(sql: LocalSql) -> None:
    assert series.take(sql, report("a", 1, requests=5), NOW)
    assert not series.take(sql, report("a", 1, requests=5), NOW + 1)
    assert series.take(sql, report("a", 2, requests=5), NOW + 2)
    assert series.recent(sql, NOW + 3, 300)[0] == 10


def test_what_is_older_than_the_window_is_not_counted_and_is_swept_in_the_end(sql: LocalSql) -> None:
    series.take(sql, report("a", 1, requests=5), NOW)
    assert series.recent(sql, NOW + 299, 300)[0] == 5
    assert series.recent(sql, NOW + 311, 300)[0] == 0
    assert series.sweep(sql, NOW + series.KEPT_S - 60) == 1  # the isolate, silent for an hour
    assert series.sweep(sql, NOW + series.KEPT_S + 60) == 1
    assert series.totals(sql, NOW)["counters"][0][2] == 5  # totals stay


def test_gauges_of_isolates_add_up_while_they_report_and_vanish_when_they_fall_silent(sql: LocalSql) -> None:
    series.take(sql, report("a", 1, gauges=[["circuits_open", ["STATE"], 2]]), NOW)
    series.take(sql, report("b", 1, gauges=[["circuits_open", ["STATE"], 1]]), NOW)
    assert series.totals(sql, NOW + 1)["gauges"] == [["circuits_open", ["STATE"], 3]]
    series.take(sql, report("b", 2), NOW + 20)  # its circuit has closed
    assert series.totals(sql, NOW + 21)["gauges"] == [["circuits_open", ["STATE"], 2]]
    found = series.totals(sql, NOW + 45)
    assert (found["gauges"], found["isolates"]) == ([], 1)


def test_signals_are_shares_milliseconds_rates_and_ages(sql: LocalSql) -> None:
    series.take(sql, report("a", 1, requests=99, ms=4.0), NOW)
    series.take(sql, report("a", 2, requests=1, errors=1, ms=900.0), NOW)
    series.gauge(sql, [["queue_oldest_seconds", ["optimizer"], 12.0], ["queue_oldest_seconds", ["sync"], 3.0]], NOW)

    def value(signal: str, **more: Any) -> float | None:
        rule = {"signal": signal, "window_s": 100, "minimum_requests": 20, "route": "", "queue": "", **more}
        return series.signal(sql, rule, NOW + 5)

    assert value("error_rate") == 0.01
    assert value("request_rate") == 1.0
    assert value("latency_p50") == pytest.approx(2 + 3 * 50 / 99)
    assert value("error_rate", route="somewhere_else") is None  # no requests: nothing to judge by
    assert value("error_rate", minimum_requests=101) is None
    assert value("queue_age") == 12.0
    assert value("queue_age", queue="sync") == 3.0
    assert series.signal(sql, {"signal": "queue_age", "queue": ""}, NOW + 400) is None  # nobody has looked lately
