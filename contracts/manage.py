"""What the warehouse manager agent is asked: `POST /manage`, one model per action, and what it answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from contracts.base import Identifier, Model
from contracts.catalogue import StockLine
from contracts.layout import Layout
from contracts.tasks_plan import ReleaseWave, TaskDraft

MAX_RECORDS = 200_000


class Report(Model):
    """Action "report": a page for a supervisor about one finished job. Answered as text/html."""

    action: Literal["report"]
    job: dict[str, Any]  # contracts.jobs.JobStatus; fields of a newer version are ignored
    result: dict[str, Any]  # contracts.optimize.OptimizeResult; likewise
    layout: Layout | None = None
    warehouse: Annotated[str, Field(max_length=200)] = ""


class DoneTask(Model):
    """A task that people carried out."""

    id: Identifier
    worker: Annotated[str, Field(max_length=128)] = ""
    started_at: AwareDatetime
    finished_at: AwareDatetime
    lines: Annotated[int, Field(ge=0)]
    pieces: Annotated[int, Field(ge=0)]
    ordered_pieces: Annotated[int, Field(ge=0)] | None = None  # absent: nothing was short
    distance_m: Annotated[float, Field(ge=0)] | None = None
    planned_seconds: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> DoneTask:
        if self.finished_at < self.started_at:
            raise ValueError("finished_at must not be before started_at")
        return self


class DoneOrder(Model):
    id: Identifier
    released_at: AwareDatetime
    due_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None  # absent: still open


class DoneCount(Model):
    location: Identifier
    sku: Identifier
    expected: Annotated[int, Field(ge=0)]
    counted: Annotated[int, Field(ge=0)]


class KpiRequest(Model):
    """Action "kpis": what happened from `start` up to, not including, `end`."""

    action: Literal["kpis"]
    start: AwareDatetime
    end: AwareDatetime
    tasks: Annotated[tuple[DoneTask, ...], Field(max_length=MAX_RECORDS)] = ()
    orders: Annotated[tuple[DoneOrder, ...], Field(max_length=MAX_RECORDS)] = ()
    counts: Annotated[tuple[DoneCount, ...], Field(max_length=MAX_RECORDS)] = ()

    @model_validator(mode="after")
    def _in_order(self) -> KpiRequest:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self


class Kpi(Model):
    """`value` is None when nothing happened that it could be computed from; `sample` is how many records it is of."""

    name: str
    value: float | None
    unit: str
    sample: int
    definition: str


class Kpis(Model):
    start: AwareDatetime
    end: AwareDatetime
    kpis: tuple[Kpi, ...]


class ItemUsage(Model):
    """How much an item matters: picks (or money moved) in a year, whatever the classes should go by."""

    sku: Identifier
    usage: Annotated[float, Field(ge=0)]


class LastCount(Model):
    location: Identifier
    sku: Identifier
    on: date


class CountPolicy(Model):
    """Shares are of cumulated usage; intervals in days between two counts of a place."""

    a_share: Annotated[float, Field(gt=0, lt=1)] = 0.80
    b_share: Annotated[float, Field(gt=0, le=1)] = 0.95
    a_days: Annotated[int, Field(ge=1, le=3650)] = 30
    b_days: Annotated[int, Field(ge=1, le=3650)] = 90
    c_days: Annotated[int, Field(ge=1, le=3650)] = 180

    @model_validator(mode="after")
    def _in_order(self) -> CountPolicy:
        if self.b_share < self.a_share:
            raise ValueError("b_share is cumulated and must not be below a_share")
        return self


class CountSchedule(Model):
    """Action "count_schedule": which places to count on which day."""

    action: Literal["count_schedule"]
    first_day: date
    days: Annotated[int, Field(ge=1, le=366)] = 5
    per_day: Annotated[int, Field(ge=1, le=100_000)] = 100
    stock: Annotated[tuple[StockLine, ...], Field(max_length=MAX_RECORDS)]
    usage: Annotated[tuple[ItemUsage, ...], Field(max_length=MAX_RECORDS)] = ()
    last_counts: Annotated[tuple[LastCount, ...], Field(max_length=MAX_RECORDS)] = ()
    working_days: Annotated[frozenset[int], Field(min_length=1)] = frozenset({0, 1, 2, 3, 4})  # Monday is 0
    policy: CountPolicy = CountPolicy()


class LateCount(Model):
    """A count that falls due within the days but found no room."""

    location: Identifier
    sku: Identifier
    item_class: Literal["A", "B", "C"]
    due: date


class CountDay(Model):
    day: date
    tasks: tuple[TaskDraft, ...]


class CountPlan(Model):
    """`classes` counts items; `per_day_needed` is the steady load that the policy asks for on a working day."""

    days: tuple[CountDay, ...]
    classes: dict[str, int]
    scheduled: int
    late: tuple[LateCount, ...]
    per_day_needed: float
    note: str = ""


ManageRequest = Annotated[Report | KpiRequest | CountSchedule | ReleaseWave, Field(discriminator="action")]
