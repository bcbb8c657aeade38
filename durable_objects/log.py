"""The objects' log: one JSON line per event, under the trace of the request that it belongs to."""

from __future__ import annotations

import json
from typing import Any

from contracts.redact import redact
from contracts.rpc import current


def log(event: str, **fields: Any) -> None:
    """One event. No secrets, no personal data."""
    line: dict[str, Any] = {"event": event}
    trace_id = current().trace_id
    if trace_id:
        line["trace_id"] = trace_id
    line.update(fields)
    print(redact(json.dumps(line, default=str, ensure_ascii=False)), flush=True)  # noqa: T201 - stdout is the log
