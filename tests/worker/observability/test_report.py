"""An isolate's reports: each thing counted is told once, also when a report is lost on the way."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.rpc import dumps
from durable_objects.resilience import objects
from durable_objects.resilience.upstreams import Upstreams
from worker.observability import report as reporting
from worker.observability.metrics import Metrics
from worker.observability.report import GIVEN_UP_S, INTERVAL_S, Reporter


class Telemetry:
    """The object's end: it keeps what it is told, or fails as told."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.failing = False
        self.losing_answers = False

    def getByName(self, _name: str) -> Telemetry:
        return self

    async def report(self, text: str, _context: str) -> str:
        if self.failing:
            raise OSError("away")
        payload = json.loads(text)
        if payload["number"] not in [known["number"] for known in self.taken]:
            self.taken.append(payload)
        if self.losing_answers:
            raise OSError("the answer was lost")
        return dumps({"ok": True})

    def total(self, name: str) -> float:
        return sum(row[2] for report in self.taken for row in report["counters"] if row[0] == name)


async def _no_time(_seconds: float) -> None:
    """Pauses between attempts pass at once."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    metrics, telemetry = Metrics(), Telemetry()
    monkeypatch.setattr(reporting, "METRICS", metrics)
    upstreams = Upstreams(sleep=_no_time)
    monkeypatch.setattr(objects, "UPSTREAMS", upstreams)
    monkeypatch.setattr(reporting, "UPSTREAMS", upstreams)
    monkeypatch.setattr(reporting, "write_ready", lambda *_: None)
    return SimpleNamespace(
        metrics=metrics, telemetry=telemetry, env=SimpleNamespace(TELEMETRY=telemetry), reporter=Reporter()
    )


async def test_each_report_holds_only_what_is_new(world: SimpleNamespace) -> None:
    world.metrics.count("a", 200, 1.0, "", "")
    assert await world.reporter.flush(world.env)
    world.metrics.count("a", 200, 1.0, "", "")
    world.metrics.count("b", 500, 1.0, "", "")
    assert await world.reporter.flush(world.env)
    assert [report["number"] for report in world.telemetry.taken] == [1, 2]
    assert world.telemetry.taken[1]["routes"]["b"]["errors"] == 1
    assert world.telemetry.total("requests_total") == 3


async def test_what_could_not_be_told_is_told_later(world: SimpleNamespace) -> None:
    world.metrics.count("a", 200, 1.0, "", "")
    world.telemetry.failing = True
    assert not await world.reporter.flush(world.env)
    world.metrics.count("a", 200, 1.0, "", "")
    world.telemetry.failing = False
    assert await world.reporter.flush(world.env)
    assert world.telemetry.total("requests_total") == 2


async def test_a_report_whose_answer_was_lost_is_not_counted_twice(world: SimpleNamespace) -> None:
    world.metrics.count("a", 200, 1.0, "", "")
    world.telemetry.losing_answers = True
    assert not await world.reporter.flush(world.env)
    world.telemetry.losing_answers = False
    world.metrics.count("a", 200, 1.0, "", "")
    assert await world.reporter.flush(world.env)
    assert world.telemetry.total("requests_total") == 2


async def test_one_report_is_scheduled_at_a_time_and_a_lost_one_makes_room() -> None:
    reporter, scheduled = Reporter(), []
    context = SimpleNamespace(waitUntil=lambda work: scheduled.append(work.close()))
    for now in (1000.0, 1000.1, 1004.0, 1000.0 + INTERVAL_S + GIVEN_UP_S - 1):
        if now >= reporter.due:
            reporter.begin(None, context, now)
    assert len(scheduled) == 1
    if reporter.due <= 1000.0 + INTERVAL_S + GIVEN_UP_S:
        reporter.begin(None, context, 1000.0 + INTERVAL_S + GIVEN_UP_S)
    assert len(scheduled) == 2


async def test_without_the_binding_nothing_is_reported() -> None:
    assert not await Reporter().flush(SimpleNamespace())
