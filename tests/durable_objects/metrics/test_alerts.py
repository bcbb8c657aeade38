"""Alert rules over time, and what the receiver is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.alerts import AlertSettings
from durable_objects.metrics import alerts, series
from durable_objects.metrics.histogram import BUCKETS
from durable_objects.metrics.schema import MIGRATIONS
from durable_objects.sqlite import migrate
from local.sqlite import LocalSql

NOW = 1_700_000_000.0
HOOK = "https://alerts.example.com/storemax"


class Watch:
    """A Telemetry's tables, with minutes that pass when told."""

    def __init__(self, **rule: Any) -> None:
        self.sql, self.now, self.number = LocalSql(), NOW, 0
        migrate(self.sql, MIGRATIONS)
        wish = {"name": "errors", "signal": "error_rate", "above": 0.1, "window_s": 60, "for_s": 120, **rule}
        self.secret = alerts.configure(self.sql, {"webhook": HOOK, "repeat_s": 600, "rules": [wish]}, "whsec_one")

    def minute(self, error_rate: float | None) -> None:
        """100 requests with this share of errors (none when None), then the rules are judged."""
        if error_rate is not None:
            self.number += 1
            seen = {"requests": 100, "errors": int(100 * error_rate), "buckets": [100] + [0] * (BUCKETS - 1)}
            series.take(self.sql, {"isolate": "a", "number": self.number, "routes": {"r": seen}}, self.now)
        alerts.evaluate(self.sql, self.now, "test")
        self.now += 60

    def told(self) -> list[tuple[str, bool]]:
        """(state, repeated) of every message that waits; they are taken."""
        found = alerts.pending(self.sql, self.now)
        assert found is not None
        alerts.attempted(self.sql, [{"id": m["id"], "ok": True, "status": 200} for m in found["messages"]], self.now)
        bodies = [json.loads(m["body"]) for m in found["messages"]]
        return [(body["state"], body["repeated"]) for body in bodies]

    @property
    def state(self) -> str:
        return str(alerts.shown(self.sql)["rules"][0]["state"])


def test_it_fires_only_when_the_value_stays_above_for_as_long_as_the_rule_says() -> None:
    watch = Watch()
    watch.minute(0.5)
    assert (watch.state, watch.told()) == ("pending", [])
    watch.minute(0.5)
    assert watch.state == "pending"
    watch.minute(0.5)  # two minutes after the first
    assert (watch.state, watch.told()) == ("firing", [("firing", False)])


def test_a_short_spike_tells_nobody() -> None:
    watch = Watch()
    for rate in (0.5, 0.0, 0.5, 0.0):
        watch.minute(rate)
    assert (watch.state, watch.told()) == ("ok", [])


def test_recovery_is_told_once() -> None:
    watch = Watch(for_s=0)
    watch.minute(0.5)
    watch.minute(0.0)
    watch.minute(0.0)
    assert watch.told() == [("firing", False), ("resolved", False)]
    assert watch.state == "ok"


def test_what_goes_on_firing_is_told_again_after_the_interval() -> None:
    watch = Watch(for_s=0)
    for _ in range(25):  # 25 minutes with an interval of ten: at minutes 0, 10 and 20
        watch.minute(0.5)
    assert watch.told() == [("firing", False), ("firing", True), ("firing", True)]


def test_silence_is_no_recovery() -> None:
    watch = Watch(for_s=0)
    watch.minute(0.5)
    for _ in range(5):
        watch.minute(None)
    assert watch.state == "firing"
    assert watch.told() == [("firing", False)]


def test_a_value_at_the_threshold_is_not_above_it() -> None:
    watch = Watch(for_s=0)
    watch.minute(0.1)
    assert watch.state == "ok"


def test_a_message_that_was_not_taken_comes_again_later_and_is_given_up_in_the_end() -> None:
    watch = Watch(for_s=0)
    watch.minute(0.5)
    tries = 0
    for _ in range(60 * 24):  # a day of minutes
        found = alerts.pending(watch.sql, watch.now)
        assert found is not None
        failed = [{"id": m["id"], "ok": False, "status": 500, "error": "no"} for m in found["messages"]]
        alerts.attempted(watch.sql, failed, watch.now)
        tries += len(failed)
        watch.now += 60
    assert tries == alerts.MAX_TRIES
    assert alerts.shown(watch.sql)["delivery"]["waiting"] == 0
    assert alerts.shown(watch.sql)["delivery"]["last_status"] == 500


def test_the_secret_is_made_for_the_first_receiver_and_anew_for_another() -> None:
    watch = Watch()
    assert watch.secret == "whsec_one"
    again = {"webhook": HOOK, "rules": []}
    assert alerts.configure(watch.sql, again, "whsec_two") is None
    found = alerts.pending(watch.sql, watch.now)
    assert found is not None and found["secret"] == "whsec_one"
    assert alerts.configure(watch.sql, {**again, "webhook": HOOK + "/2"}, "whsec_three") == "whsec_three"
    assert "secret" not in alerts.shown(watch.sql)


def test_a_rule_that_was_removed_is_forgotten_and_without_a_webhook_nobody_is_told() -> None:
    watch = Watch(for_s=0)
    watch.minute(0.5)
    alerts.configure(watch.sql, {"rules": []}, "x")
    assert alerts.shown(watch.sql)["rules"] == []
    assert alerts.pending(watch.sql, watch.now) is None
    assert alerts.firing(watch.sql) == []


def test_a_queue_that_waits_too_long_fires() -> None:
    watch = Watch(name="queue", signal="queue_age", above=30, for_s=0, queue="optimizer")
    series.gauge(watch.sql, [["queue_oldest_seconds", ["optimizer"], 31.0]], watch.now)
    alerts.evaluate(watch.sql, watch.now, "test")
    found = alerts.pending(watch.sql, watch.now)
    assert found is not None
    body = json.loads(found["messages"][0]["body"])
    assert body["text"] == "queue fires: queue_age of optimizer is 31 s (threshold 30 s)"
    assert (body["environment"], body["unit"], body["value"]) == ("test", "s", 31.0)


BAD_SETTINGS = [
    ({"rules": [{"name": "a", "signal": "queue_age", "above": 1, "route": "x"}]}, "a queue has no route"),
    ({"rules": [{"name": "a", "signal": "error_rate", "above": 1, "queue": "sync"}]}, "a rate has no queue"),
    ({"rules": [{"name": "a", "signal": "mood", "above": 1}]}, "no such signal"),
    ({"rules": [{"name": "a", "signal": "error_rate", "above": -1}]}, "below zero"),
    ({"rules": [{"name": "a", "signal": "error_rate", "above": 1}] * 2}, "the same name twice"),
    ({"repeat_s": 1}, "told every second"),
]


@pytest.mark.parametrize(("wish", "why"), BAD_SETTINGS)
def test_settings_that_make_no_sense_are_refused(wish: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError):
        AlertSettings.model_validate(wish)
