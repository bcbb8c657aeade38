"""What the optimizer is asked and what it answers, whatever the problem family.

`POST /optimize` takes an OptimizeRequest. With `Accept: application/x-ndjson` it answers one JSON object a line:
{"type": "incumbent", ...Incumbent}, {"type": "heartbeat"}, and last {"type": "result", "result": OptimizeResult} or
{"type": "problem", "problem": <problem document>}.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.base import Identifier, Model


class Budget(Model):
    """When to stop. With `iterations` set, one worker and the same seed, the answer is the same each time."""

    seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0
    iterations: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    workers: Annotated[int, Field(ge=1, le=64)] = 1


class WorkStamp(Model):
    """Which job this solve is for, so that a repeated or late delivery is recognised."""

    job: Identifier
    attempt: Annotated[int, Field(ge=1)] = 1


class OptimizeRequest(Model):
    problem: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
    data: dict[str, Any]  # the family's own problem model: contracts/problems/<family>.py
    budget: Budget = Budget()
    mode: Literal["solve", "score"] = "solve"  # "score" checks and explains the plan in warm_start, and changes nothing
    warm_start: dict[str, Any] | None = None  # a solution of the family
    locks: dict[str, Any] | None = None  # the family's model of decisions that must stay
    stamp: WorkStamp | None = None


class Objective(Model):
    """`value` is what is minimised unless `sense` says otherwise; `parts` break it down per rule and sum to it."""

    value: float
    unit: str
    sense: Literal["min", "max"] = "min"
    parts: dict[str, float] = Field(default_factory=dict)


class Reference(Model):
    """A value to compare with, and how it was reached."""

    value: float | None
    method: str


class Bound(Model):
    """A proven limit on any plan's objective; `gap` = |value - bound| / |value|. Without one, `reason` says why."""

    value: float | None = None
    gap: float | None = None
    method: str = ""
    reason: str = ""


class Unassigned(Model):
    """Something that the plan leaves out, why, and the smallest change that would make it fit."""

    id: str
    reason: str  # a stable code, e.g. "larger-than-cart"
    detail: str
    smallest_change: str = ""


class Incumbent(Model):
    sequence: int
    elapsed_s: float
    objective: float
    sense: Literal["min", "max"] = "min"
    bound: float | None = None
    iterations: int = 0
    solution: dict[str, Any] | None = None  # now and then, where a family's plans are small enough to be sent so


class OptimizeResult(Model):
    problem: str
    status: Literal["optimal", "feasible", "infeasible", "scored"]
    objective: Objective
    baseline: Reference
    bound: Bound
    solution: dict[str, Any]
    unassigned: tuple[Unassigned, ...] = ()
    stopped_by: Literal["optimal", "seconds", "iterations", "cancelled", "memory", "scored", "complete"]
    seed: int
    iterations: int
    elapsed_s: float
    input_hash: str  # SHA-256 of the canonical JSON of `data`
    versions: dict[str, str]
    notes: tuple[str, ...] = ()
