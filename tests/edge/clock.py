"""The platform's clock in tests: a tick of cron when a test asks for it."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.edge.conftest import Edge, until

_ticks = itertools.count(1)


def tick(edge: Edge, at: float | None = None) -> dict[str, dict[str, Any]]:
    """Have the Worker's scheduled handler run for the minute of `at` (seconds since the epoch); the log line of each step."""
    number = len(edge.log_lines())
    moment = int((time.time() if at is None else at) * 1000)
    answer = edge.http.get(
        f"{edge.stack.url}/cdn-cgi/handler/scheduled", params={"format": "json", "time": moment}, timeout=120
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["outcome"] == "ok", answer.text

    def of_this_tick() -> list[dict[str, Any]]:
        return [line for line in edge.log_lines()[number:] if line["event"] == "cron"]

    minute = moment // 60_000
    expected = sum(minute % every == 0 for every in STEPS.values())
    found = until(lambda: len(lines := of_this_tick()) >= expected and lines, what="the steps of a tick")
    return {line["step"]: line for line in found}


# Every step, with the minutes between its runs.
STEPS = {
    "measure": 1,
    "alerts": 1,
    "minimum-instances": 1,
    "reports": 1,
    "last-copies": 5,
    "sweep-uploads": 60,
    "sweep-sessions": 60,
}
