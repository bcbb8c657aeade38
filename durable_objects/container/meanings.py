"""One table from what the platform says to what it means.

The wordings differ between production and local development, and between releases ("the container is not listening"
against "Container is not listening to port 8000"), so nothing else in the package reads an error's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Meaning(Enum):
    NOT_LISTENING = "not-listening"  # the instance is there, its program has not opened the port
    NO_INSTANCE = "no-instance"  # the platform has no room for another instance now
    RATE_LIMITED = "rate-limited"  # too many starts per second
    ALREADY_RUNNING = "already-running"  # start() met a running instance
    NOT_RUNNING = "not-running"  # signal(), monitor() or a port met a stopped instance
    EXITED = "exited"  # the program ended by itself, with a code
    SIGNALLED = "signalled"  # the runtime told it to end (rollout, host maintenance), with a code
    DISCONNECTED = "disconnected"  # a connection that was open broke
    NO_IMAGE = "no-image"  # the image is not there (yet)
    UNKNOWN = "unknown"


# First match wins; texts are compared in lower case. A trailing number, where there is one, is the exit code.
_TABLE: tuple[tuple[Meaning, re.Pattern[str]], ...] = (
    (Meaning.NO_INSTANCE, re.compile(r"there is no container instance")),
    (Meaning.NO_INSTANCE, re.compile(r"maximum number of running container instances exceeded")),
    (Meaning.NO_INSTANCE, re.compile(r"no container instance (?:is )?available")),
    (Meaning.RATE_LIMITED, re.compile(r"too many containers per second")),
    (Meaning.SIGNALLED, re.compile(r"runtime signalled the container to exit:?\s*(\d+)?")),
    (Meaning.EXITED, re.compile(r"container exited with unexpected exit code:?\s*(\d+)?")),
    (Meaning.NOT_LISTENING, re.compile(r"container is not listening")),
    (Meaning.NOT_LISTENING, re.compile(r"connection refused")),
    (Meaning.NOT_LISTENING, re.compile(r"container port not found")),
    (Meaning.NOT_LISTENING, re.compile(r"connecting to container port through .* failed")),
    (Meaning.NO_IMAGE, re.compile(r"no such image")),
    (Meaning.ALREADY_RUNNING, re.compile(r"cannot be called on a container that is already running")),
    (Meaning.ALREADY_RUNNING, re.compile(r"container already (?:started|exists)")),
    (Meaning.NOT_RUNNING, re.compile(r"cannot be called on a container that is not running")),
    (Meaning.NOT_RUNNING, re.compile(r"(?:the )?container is not running")),
    (Meaning.NOT_RUNNING, re.compile(r"monitor failed to find container")),
    (Meaning.DISCONNECTED, re.compile(r"network connection lost")),
    (Meaning.DISCONNECTED, re.compile(r"container port connection (?:closed unexpectedly|read aborted)")),
    (Meaning.DISCONNECTED, re.compile(r"connection reset by peer|broken pipe|peer disconnected")),
    (Meaning.DISCONNECTED, re.compile(r"container suddenly disconnected")),
    (Meaning.DISCONNECTED, re.compile(r"disconnected: ")),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an error text means; `exit_code` where the text carries one."""

    meaning: Meaning
    exit_code: int | None = None


def read(text: str) -> Reading:
    """What the platform's error text means."""
    lowered = text.lower()
    for meaning, pattern in _TABLE:
        match = pattern.search(lowered)
        if match:
            code = match.group(1) if pattern.groups else None
            return Reading(meaning, int(code) if code is not None else None)
    return Reading(Meaning.UNKNOWN)
