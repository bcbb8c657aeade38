"""What an agent's program writes, passed on to the container's log: one JSON event a line, whoever wrote it.

The agent's own events pass as they are, with the trace id that they carry. Everything else (a traceback of the
interpreter, a word of a C++ library) becomes the field `text` of an event `output`, so that a reader of the log need not
guess. The last lines are kept as they were written.
"""

from __future__ import annotations

import collections
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

LINES = 40
LINE_CHARACTERS = 500
OUTPUT_CHARACTERS = 4000


class Relay:
    """`env` names the incarnation, for the lines that cannot name it themselves."""

    def __init__(self, target: BinaryIO, env: Mapping[str, str]) -> None:
        self._target = target
        self._incarnation = env.get("STOREMAX_INCARNATION", "")
        self._kept: collections.deque[str] = collections.deque(maxlen=LINES)

    def run(self, source: Iterable[bytes]) -> None:
        """Until the program closes its output."""
        for line in source:
            text = line.decode("utf-8", "replace")
            self._kept.append(text[:LINE_CHARACTERS])
            self._target.write(line if is_event(text) else self._event(text))
            self._target.flush()

    def last_lines(self) -> str:
        return "".join(self._kept)

    def _event(self, text: str) -> bytes:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"at": at, "level": "warning", "event": "output", "incarnation": self._incarnation}
        return json.dumps({**event, "text": text.rstrip()[:OUTPUT_CHARACTERS]}, ensure_ascii=False).encode() + b"\n"


def is_event(text: str) -> bool:
    """Is this line one of the agent's own? Read as JSON only if it looks like it."""
    if not text.startswith("{"):
        return False
    try:
        return "event" in json.loads(text)
    except ValueError:
        return False
