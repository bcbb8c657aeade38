"""What a container is started with, and the budgets of its life. Seconds throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_SLEEP_AFTER = "10m"
FALLBACK_PORT = 33  # looked at when a class names no port: it tells only that the instance is there
PING_TIMEOUT = 5.0  # one look at a port
INSTANCE_TIMEOUT = 8.0  # finding a machine and launching, without the program's own start
READY_TIMEOUT = 20.0  # all of it, until every readiness check holds
POLL_INTERVAL = 0.3  # between two looks at a port, once the first dense ones are over
STOP_GRACE = 15.0  # SIGTERM until SIGKILL; None: never kill
MAX_ALARM_WAIT = 180.0  # one alarm handler stays at most this long
LIVENESS_INTERVAL = 30.0

SIGNALS = {"SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGKILL": 9, "SIGUSR1": 10, "SIGUSR2": 12, "SIGTERM": 15}


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What one start sets for itself; None takes the class's value."""

    env_vars: Mapping[str, str] | None = None
    entrypoint: tuple[str, ...] | None = None
    enable_internet: bool | None = None
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """What the platform's start() is called with."""

    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] | None = None
    enable_internet: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Only members that are set: the platform takes a missing enableInternet for false, so that one always is."""
        members: dict[str, Any] = {"enableInternet": self.enable_internet}
        if self.env:
            members["env"] = dict(self.env)
        if self.entrypoint:
            members["entrypoint"] = list(self.entrypoint)
        if self.labels:
            members["labels"] = dict(self.labels)
        return members


@dataclass(frozen=True, slots=True)
class Budgets:
    instance: float = INSTANCE_TIMEOUT
    ready: float = READY_TIMEOUT
    ping: float = PING_TIMEOUT
    poll: float = POLL_INTERVAL


def signal_number(signal: str | int) -> int:
    """Raises ValueError for what is no signal."""
    if isinstance(signal, bool) or not isinstance(signal, (str, int)):
        raise ValueError(f"not a signal: {signal!r}")
    if isinstance(signal, str):
        if signal not in SIGNALS:
            raise ValueError(f"not a signal that can be sent: {signal!r}")
        return SIGNALS[signal]
    if not 0 < signal <= 64:
        raise ValueError(f"not a signal number: {signal}")
    return signal
