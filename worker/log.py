"""Logs are events with fields: one JSON object a line, no secrets, no personal data."""

from __future__ import annotations

import json
import re
import sys
import traceback
from typing import Any

# Whatever looks like one of our secrets or a bearer token, wherever it got into a text.
_SECRET = re.compile(
    r"smx_[A-Za-z0-9._\-]+|eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*\.?[A-Za-z0-9_\-]*|(?i:bearer)\s+[^\s\"',;]+"
)
_console_log: Any = None


def event(name: str, *, exception: BaseException | None = None, **fields: Any) -> None:
    """Write one event. `exception` adds its traceback, for our eyes alone."""
    line: dict[str, Any] = {"event": name, **fields}
    if exception is not None:
        line["traceback"] = "".join(traceback.format_exception(exception))[-8000:]
    write(redact(json.dumps(line, default=str, ensure_ascii=False)))


def redact(text: str) -> str:
    """The text without what looks like a credential."""
    return _SECRET.sub("[redacted]", text) if "smx_" in text or "eyJ" in text or "earer" in text else text


def write(text: str) -> None:
    """One line to the platform's log: a third of what print() costs in a Worker."""
    global _console_log
    if _console_log is None:
        if sys.platform == "emscripten":
            import js

            _console_log = js.console.log
        else:
            _console_log = _print
    _console_log(text)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - off the platform, the log is stdout
