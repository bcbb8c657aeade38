"""Jobs: long work on a warehouse, handed over with 202 and followed by polling or WebSocket."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contracts.base import Identifier, Model
from contracts.optimize import Budget

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
FINAL_STATES: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})


class JobCreate(Model):
    """POST /v1/warehouses/{id}/jobs. The warehouse's layout, items, stock and open orders are added by StoreMax."""

    problem: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
    parameters: dict[str, Any] = Field(default_factory=dict)  # the family's own: contracts/problems/<family>.py
    orders: Annotated[tuple[Identifier, ...], Field(max_length=10_000)] | None = None  # absent: every open order
    budget: Budget = Budget()
    # The optimizer instance that does it, always the same one for the same session; absent: any free one.
    session: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,63}$")] | None = None
    deadline_seconds: Annotated[float, Field(gt=0, le=86_400)] = 900.0  # from now until the job must be over
    report: bool = True
    label: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _budget_within_deadline(self) -> JobCreate:
        if self.budget.seconds > self.deadline_seconds:
            raise ValueError("budget.seconds must not exceed deadline_seconds: lower the one or raise the other")
        return self


class JobBest(Model):
    """The best plan known so far. `plan`: it can be read at …/jobs/{job}/best, while the job runs and after its end."""

    objective: float
    sense: Literal["min", "max"] = "min"
    unit: str = ""
    baseline: float | None = None
    bound: float | None = None
    gap: float | None = None
    incumbents: int = 0
    elapsed_s: float = 0.0
    plan: bool = False


class JobPlan(Model):
    """GET /v1/warehouses/{id}/jobs/{job}/best: a plan, final or the best so far."""

    problem: str
    objective: float
    sense: Literal["min", "max"] = "min"
    bound: float | None = None
    elapsed_s: float = 0.0
    attempt: int = 1
    final: bool = False  # the job's result
    solution: dict[str, Any]


class JobQueue(Model):
    """Where a queued job stands: at most as many jobs run as the agent has instances, and tenants take turns."""

    position: int | None  # how many start before it; None while it pauses after a failure
    waiting: int  # jobs of all tenants
    age_s: float  # since it was created


class JobStatus(Model):
    id: str
    warehouse: str
    problem: str
    label: str = ""
    state: JobState
    attempt: int
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    best: JobBest | None = None
    queue: JobQueue | None = None  # while it is queued
    agent: str = ""  # agentType:sessionId, once it is known
    incarnation: str = ""  # of the container that does the work
    error: dict[str, Any] | None = None  # a problem document
    links: dict[str, str] = Field(default_factory=dict)  # self, best, result, result_csv, events, report
    version: int = 0  # grows with every change


class JobEvent(Model):
    """One message of /v1/warehouses/{id}/jobs/{job}/events (WebSocket), in order and without a gap per job."""

    sequence: int
    type: Literal["state", "incumbent"]
    at: str
    job: str
    state: JobState
    objective: float | None = None
    bound: float | None = None
    elapsed_s: float | None = None
    attempt: int = 1
