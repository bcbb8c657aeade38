"""What is kept of each request besides its log line."""

from __future__ import annotations

from worker.call import Call
from worker.observability.metrics import METRICS, READY
from worker.observability.points import write_request
from worker.observability.report import REPORTER


def record(call: Call, route: str, milliseconds: float) -> None:
    """Count it, see that it will be reported, and write its data point."""
    route = route or "none"
    notes = call.notes
    cache = notes.get("cache", "")
    METRICS.count(route, call.status, milliseconds, cache, notes.get("limit", ""))
    if call.now >= REPORTER.due:
        REPORTER.begin(call.env, call.context, call.now)
    if cache not in READY:
        write_request(call, route, milliseconds)
