"""An event log with many events, for tests of what goes out of it."""

from __future__ import annotations

import json
from typing import Any

from durable_objects.state import hub
from tests.durable_objects.warehouses import NOW


def append(sql: Any, count: int, *, kind: str = "stock.adjusted", zone: str = "", at: int = NOW, pad: int = 0) -> int:
    """Append events one after the other; the head afterwards."""
    for _ in range(count):
        hub.append(sql, kind, {"n": hub.head(sql) + 1, "pad": "x" * pad}, at, zone)
    return hub.head(sql)


def numbers(text: str) -> list[int]:
    """The sequence numbers in a JSON list of events, or in events one a line."""
    events = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    return [event["sequence"] for event in events]
