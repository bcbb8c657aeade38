"""What is told of the agents: types, and the container instances that run."""

from __future__ import annotations

from typing import Literal

from contracts.base import Model


class AgentExit(Model):
    """How an incarnation ended. `reason`: exit, runtime_signal (the platform ended it), destroyed, lost, no_instance."""

    incarnation: str
    at: float
    exit_code: int | None
    reason: str


class AgentInstance(Model):
    """`status`: starting, running, healthy, stopping, stopped. Times are seconds since 1970. `breaker` is open after a
    crash loop; `exit_code` and `reason` tell how this incarnation ended, `last_exit` how the last one did that has."""

    session: str
    status: str
    incarnation: str = ""
    since: float = 0.0
    load: int = 0
    seen: float = 0.0
    active: float | None = None
    started_at: float | None = None
    exit_code: int | None = None
    reason: str | None = None
    last_exit: AgentExit | None = None
    failures: int = 0
    breaker: str = "closed"


class Circuit(Model):
    """How calls to one kind of upstream fare in the isolate that answers: the worst state of its circuits, how many are
    not closed, and the highest failure rate of the last seconds. Counts are since the isolate's start."""

    state: Literal["closed", "open", "half-open"] = "closed"
    open: int = 0
    half_open: int = 0
    failure_rate: float = 0.0
    calls: int = 0
    failures: int = 0
    repeats: int = 0
    refused: int = 0


class AgentListing(Model):
    """`stale`: the directory did not answer, and this is its last copy, written `at` (seconds since 1970)."""

    type: str
    max_instances: int
    min_instances: int
    occupied: int
    instances: tuple[AgentInstance, ...]
    circuit: Circuit = Circuit()
    stale: bool = False
    at: float | None = None


class AgentList(Model):
    agents: tuple[AgentListing, ...]
