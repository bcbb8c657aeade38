"""The states of a container and the moves between them.

 stopped ──start──▶ running ──ready──▶ healthy
    ▲                  │ │                │ │
    │                  │ └──stop──▶ stopping ◀── stop
    │                  └────────exit──────┴─┘
    └──on_stop done── stopped_with_code ◀─┘

`stopped_with_code` means: it ended and the `on_stop` hook has not finished yet; it is tried again until it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Status = Literal["stopped", "running", "healthy", "stopping", "stopped_with_code"]
Reason = Literal["exit", "runtime_signal", "lost", "no_instance", "destroyed"]

ALIVE: frozenset[Status] = frozenset({"running", "healthy", "stopping"})

_MOVES: dict[Status, frozenset[Status]] = {
    "stopped": frozenset({"running"}),
    "running": frozenset({"healthy", "stopping", "stopped_with_code", "stopped"}),
    "healthy": frozenset({"stopping", "stopped_with_code", "stopped"}),
    "stopping": frozenset({"stopped_with_code", "stopped"}),
    "stopped_with_code": frozenset({"stopped", "running"}),
}


class BadMove(ValueError):
    pass


def check_move(before: Status, after: Status) -> None:
    if after not in _MOVES[before]:
        raise BadMove(f"a container that is {before} cannot become {after}")


@dataclass(frozen=True, slots=True)
class Ended:
    """How an incarnation ended. `exit_code` is None when nobody saw it."""

    exit_code: int | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class State:
    """What is known about the container. Times are seconds since 1970, `incarnation` names the last started process."""

    status: Status = "stopped"
    last_change: float = 0.0
    incarnation: str = ""
    exit_code: int | None = None
    reason: Reason | None = None
    started_at: float | None = None
    ready_at: float | None = None
    greeted: bool = False  # on_start has run for this incarnation

    @property
    def alive(self) -> bool:
        return self.status in ALIVE

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(members: Mapping[str, Any]) -> State:
        """Members that this release does not know are left out: an object may go back to the release before."""
        known = {field.name for field in fields(State)}
        return State(**{name: value for name, value in members.items() if name in known})
