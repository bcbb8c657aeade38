"""The clock's steps: each on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from worker.cron import runner
from worker.cron.runner import Step, Tick, run_tick

AT = 1_700_000_040.0  # minute 28,333,334 of the epoch


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(runner, "event", lambda name, **fields: lines.append({"event": name, **fields}))
    return lines


async def fine(_env: Any, _tick: Tick) -> Mapping[str, Any]:
    return {"done": 3}


async def broken(_env: Any, _tick: Tick) -> None:
    raise RuntimeError("the dependency is gone")


async def hangs(_env: Any, _tick: Tick) -> None:
    await asyncio.Event().wait()


async def test_a_step_that_fails_or_hangs_stops_no_other_and_each_is_logged(log: list[dict[str, Any]]) -> None:
    steps = [Step("broken", broken), Step("hangs", hangs, patience_s=0.05), Step("fine", fine)]
    results = await run_tick(None, Tick(AT, "t" * 32), steps)
    assert [(result["step"], result["ok"]) for result in results] == [
        ("broken", False),
        ("hangs", False),
        ("fine", True),
    ]
    by_step = {line["step"]: line for line in log}
    assert by_step["fine"]["done"] == 3 and by_step["fine"]["ok"]
    assert "the dependency is gone" in by_step["broken"]["error"]
    assert "TimeoutError" in by_step["hangs"]["error"]
    assert {line["trace_id"] for line in log} == {"t" * 32}
    assert all(line["seconds"] >= 0 for line in log)


async def test_a_step_runs_when_its_minute_has_come() -> None:
    ran = []

    async def note(_env: Any, tick: Tick) -> None:
        ran.append(tick.at)

    for minute in range(60):
        await run_tick(None, Tick(AT + 60 * minute, ""), [Step("every-15", note, every_m=15)])
    assert len(ran) == 4
    assert {int(at // 60) % 15 for at in ran} == {0}
