"""The life of a job as a pure state machine.

    queued ──start──▶ running ──succeed──▶ succeeded
      │  ▲               │ │
      │  └────retry──────┘ └──fail──▶ failed
      └──────────cancel (from either)──▶ cancelled

A job is over exactly once: every event that comes after a final state is ignored, so a late or repeated answer changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from contracts.jobs import FINAL_STATES, JobState
from durable_objects.backoff import full_jitter

Event = Literal["start", "retry", "succeed", "fail", "cancel"]

_TRANSITIONS: dict[tuple[str, str], JobState] = {
    ("queued", "start"): "running",
    ("running", "retry"): "queued",
    ("running", "succeed"): "succeeded",
    ("running", "fail"): "failed",
    ("queued", "fail"): "failed",
    ("queued", "cancel"): "cancelled",
    ("running", "cancel"): "cancelled",
}

MAX_LOSSES = 8  # lost containers before the job gives up; bad problems fail at their first answer
_BACKOFF_BASE_S = 0.5
_BACKOFF_CAP_S = 30.0


@dataclass(frozen=True, slots=True)
class Life:
    """Where a job stands. `attempt` counts starts from 1; 0 before the first."""

    state: JobState = "queued"
    attempt: int = 0

    @property
    def over(self) -> bool:
        return self.state in FINAL_STATES

    def after(self, event: Event) -> Life:
        """The life after `event`; the same object when the event does not apply any more."""
        following = _TRANSITIONS.get((self.state, event))
        if following is None:
            return self
        return replace(self, state=following, attempt=self.attempt + (event == "start"))


def backoff_seconds(losses: int, draw: float | None = None) -> float:
    """How long to pause after so many lost attempts. draw: a number in [0, 1) instead of a random one."""
    return full_jitter(losses, _BACKOFF_BASE_S, _BACKOFF_CAP_S, draw)


def remaining_seconds(deadline_at: float, now: float) -> float:
    return max(0.0, deadline_at - now)
