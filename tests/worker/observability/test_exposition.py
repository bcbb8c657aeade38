"""What is scraped is valid Prometheus text: read back by the format's own library."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.worker.observability.prometheus import families
from worker.observability.exposition import METRICS, text
from worker.observability.metrics import Metrics


def test_counters_gauges_and_histograms_come_back_as_they_were_counted() -> None:
    metrics = Metrics()
    for ms in (0.4, 3.0, 3.5, 70.0, 20_000.0):
        metrics.count("get_layout", 200, ms, "hit", "")
    metrics.count("create_job", 503, 12.0, "", "asked")
    found = families(text([*metrics.counters(), ["telemetry_up", [], 1], ["alert_firing", ["slow"], 0]]))
    assert found["storemax_requests_total"][(("route", "get_layout"), ("status", "200"))] == 5
    assert found["storemax_requests_total"][(("route", "create_job"), ("status", "503"))] == 1
    buckets = found["storemax_request_seconds_bucket"]
    # 0.4 ms lies below 1 ms; 3 and 3.5 ms below 5 ms; 70 ms below 100 ms; 20 s above every bound
    for bound, cumulated in (("0.001", 1), ("0.002", 1), ("0.005", 3), ("0.1", 4), ("10", 4), ("+Inf", 5)):
        assert buckets[(("le", bound), ("route", "get_layout"))] == cumulated
    assert found["storemax_request_seconds_sum"][(("route", "get_layout"),)] == pytest.approx(20.0769)
    assert found["storemax_request_seconds_count"][(("route", "get_layout"),)] == 5
    assert found["storemax_cache_total"][(("outcome", "hit"),)] == 5
    assert found["storemax_alert_firing"][(("rule", "slow"),)] == 0


def test_label_values_cannot_break_out_of_their_quotes() -> None:
    value = 'a"} 1\nstoremax_fake 2 # \\'
    written = text([["alert_firing", [value], 1]])
    assert families(written)["storemax_alert_firing"] == {(("rule", value),): 1}
    assert "\nstoremax_fake" not in written


def test_every_metric_is_explained_and_named_as_the_format_asks() -> None:
    for name, (kind, explanation, labels) in METRICS.items():
        assert explanation.endswith("."), name
        assert name.endswith("_total") == (kind == "counter"), name
        assert len(set(labels)) == len(labels)


def test_a_metric_without_values_is_left_out() -> None:
    assert next(iter(text_string_to_metric_families(text([["inflight", [], 3]])))).name == "storemax_inflight"
    assert "request_seconds" not in text([["inflight", [], 3]])
