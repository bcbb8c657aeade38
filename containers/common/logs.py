"""One JSON line per event on standard output: when, what, which agent and incarnation, under which trace.

`log("sync.finished", rows=9835)` is all that an agent calls. No secrets, no personal data, no bodies.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from containers.common.tracing import trace_id
from contracts.redact import redact

_common: dict[str, str] = {}


def configure(agent: str, incarnation: str) -> None:
    """Name the agent in every line, and turn what libraries log into the same lines."""
    _common.update(agent=agent, incarnation=incarnation)
    root = logging.getLogger()
    root.handlers[:] = [_JsonHandler()]
    root.setLevel(logging.WARNING)


def log(event: str, level: str = "info", stream: TextIO | None = None, **fields: Any) -> None:
    """Write one event. Values that JSON does not know are written as text."""
    line: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": level,
        "event": event,
        **_common,
    }
    if trace := trace_id.get():
        line["trace_id"] = trace
    line.update(fields)
    # One write per line: lines of several threads must not mix.
    target = stream or sys.stdout
    target.write(redact(json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)) + "\n")
    target.flush()


def log_exception(event: str, error: BaseException, **fields: Any) -> None:
    """An unexpected fault with its stack: for the log alone, never for an answer."""
    stack = "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-20))
    log(event, level="error", error=type(error).__name__, message=str(error)[:500], stack=stack[-6000:], **fields)


class _JsonHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name, "message": record.getMessage()[:2000]}
        if record.exc_info and record.exc_info[1] is not None:
            log_exception("library", record.exc_info[1], logger=record.name)
            return
        log("library", level=record.levelname.lower(), **fields)
