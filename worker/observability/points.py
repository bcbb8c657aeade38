"""Analytics Engine data points (binding ANALYTICS): one per request that did work, and for those answered from memory one
per route and report. Writing needs no await; what crosses into JavaScript is one text.

Columns: index1 tenant; blob1 kind (request | ready), blob2 route, blob3 tenant, blob4 method, blob5 status, blob6 cache,
blob7 limit, blob8 environment; double1 requests, double2 milliseconds in all, double3 how many requests each stands for.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from worker.call import Call
from worker.observability.metrics import Metrics
from worker.settings import settings

_write: Callable[[str], None] | None = None


def write_request(call: Call, route: str, milliseconds: float) -> None:
    """One request, or a sample of them (ANALYTICS_SAMPLE)."""
    write = _write or _writer(call.env)
    if write is _nothing:
        return
    chosen = settings(call.env)
    if chosen.analytics_sample < 1 and random.random() >= chosen.analytics_sample:
        return
    notes, tenant = call.notes, call.principal.tenant
    blobs = ["request", route, tenant, call.method, str(call.status), notes.get("cache", ""), notes.get("limit", "")]
    doubles = [1, round(milliseconds, 1), 1 / chosen.analytics_sample]
    write(_text(tenant, [*blobs, chosen.environment], doubles))


def write_ready(env: Any, delta: Metrics) -> None:
    """What was answered from memory since the last report, summed up per route."""
    write = _write or _writer(env)
    if write is _nothing:
        return
    environment = settings(env).environment
    for route, number in delta.ready.items():
        blobs = ["ready", route, "", "GET", "", "ready", "", environment]
        write(_text("", blobs, [number, round(delta.ready_ms[route], 1), 1]))


def _text(index: str, blobs: list[str], doubles: list[float]) -> str:
    return json.dumps({"indexes": [index[:96]], "blobs": blobs, "doubles": doubles}, ensure_ascii=False)


def _nothing(_text: str) -> None:
    """Where there is no such binding."""


def _writer(env: Any) -> Callable[[str], None]:
    """Found once per isolate. The SDK's wrapper would convert each member of a point; JSON.parse takes one text."""
    global _write
    binding = getattr(env, "ANALYTICS", None)
    if binding is None:
        _write = _nothing
        return _write
    import js

    parse, point = js.JSON.parse, getattr(binding, "_binding", binding).writeDataPoint
    _write = lambda text: point(parse(text))  # noqa: E731
    return _write
