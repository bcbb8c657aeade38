"""Tasks: work that waits in a queue until a person's device or an agent leases it, does it and says so."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from contracts.base import Identifier, Model, Slug
from contracts.paging import PageQuery
from contracts.tasks_plan import Wave

TaskState = Literal["waiting", "delayed", "leased", "done", "dead", "cancelled"]
OPEN_STATES: frozenset[str] = frozenset({"waiting", "delayed", "leased"})

MAX_TASKS = 10_000  # in one call
MAX_LEASED = 100  # in one call
MAX_PAYLOAD = 100_000  # characters of JSON
MAX_WAIT_SECONDS = 25
# Ids that would stand where the queue's own paths are.
RESERVED_IDS = frozenset({"lease", "replay", "statistics"})

TaskType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Skills = Annotated[tuple[Slug, ...], Field(max_length=20)]
LeaseToken = Annotated[str, Field(min_length=1, max_length=64)]
LeaseSeconds = Annotated[int, Field(ge=1, le=43_200)]


def _bounded(value: Any, name: str) -> None:
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    if size > MAX_PAYLOAD:
        raise ValueError(f"{name} holds {size} characters of JSON: keep it to {MAX_PAYLOAD}, and refer to the rest")


class TaskCreate(Model):
    """A task to do. The same `id` again changes nothing, so whoever is unsure may send it again."""

    id: Identifier
    type: TaskType
    priority: Annotated[int, Field(ge=0, le=9)] = 5  # 0 is the most urgent, and comes first whoever owns it
    owner: Annotated[str, Field(max_length=64)] = ""  # among tasks of one priority, owners take turns
    zone: Slug | None = None
    skills: Skills = ()  # a worker must have all of them
    not_before: AwareDatetime | None = None
    due_at: AwareDatetime | None = None  # of an owner's tasks with one priority, the first due comes first
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 5  # leases that may fail before it becomes a dead letter
    payload: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> TaskCreate:
        if self.id in RESERVED_IDS:
            raise ValueError(f"{self.id!r} is a word of the API: give the task another id")
        _bounded(self.payload, "payload")
        return self


class TasksCreate(Model):
    """POST /v1/warehouses/{id}/tasks: all of them, or none when one is not valid."""

    tasks: Annotated[tuple[TaskCreate, ...], Field(min_length=1, max_length=MAX_TASKS)]


class EnqueueOutcome(Model):
    """How many are new, and how many the queue knew already (those stayed as they are)."""

    created: int
    known: int


class TaskSummary(Model):
    """A task without its content, as lists show it. `attempt` counts its leases."""

    id: str
    type: str
    state: TaskState
    priority: int
    owner: str = ""
    zone: str | None = None
    skills: tuple[str, ...] = ()
    attempt: int
    max_attempts: int
    worker: str | None = None  # who holds it, or held it last
    created_at: str
    not_before: str | None = None  # of a delayed one: when it will wait for a worker (again)
    due_at: str | None = None
    leased_at: str | None = None
    lease_until: str | None = None
    finished_at: str | None = None
    reason: str | None = None  # of the last failure, or why it is dead
    version: int


class Task(TaskSummary):
    """A task as it stands; its ETag is `"v<version>"`."""

    payload: dict[str, Any] = Field(default_factory=dict)
    result: dict[str, Any] | None = None


class LeasedTask(Task):
    """A task with the lease that its worker must show. Nobody else is told it."""

    lease: str


class TaskPage(Model):
    """With a filter a page may hold fewer than `limit` and still have a next one."""

    items: tuple[TaskSummary, ...]
    next_cursor: str | None = None


class TaskQuery(PageQuery):
    """GET /v1/warehouses/{id}/tasks: with `state` in the order in which they got there, else in the order of arrival."""

    state: Literal["", "waiting", "delayed", "leased", "done", "dead", "cancelled"] = ""
    type: Annotated[str, Field(max_length=40)] = ""
    zone: Annotated[str, Field(max_length=64)] = ""
    owner: Annotated[str, Field(max_length=64)] = ""
    worker: Annotated[str, Field(max_length=128)] = ""


class LeaseRequest(Model):
    """POST …/tasks/lease. With `wait_seconds` the answer comes when a task does, or empty at the end."""

    worker: Identifier | None = None  # absent: whose credentials these are
    limit: Annotated[int, Field(ge=1, le=MAX_LEASED)] = 1
    types: Annotated[tuple[TaskType, ...], Field(max_length=50)] = ()  # empty: any
    zones: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()  # of these zones, or of none; empty: any
    skills: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()  # what the worker can do
    lease_seconds: LeaseSeconds = 300
    wait_seconds: Annotated[float, Field(ge=0, le=MAX_WAIT_SECONDS)] = 0


class Leases(Model):
    tasks: tuple[LeasedTask, ...]


class LeaseExtend(Model):
    """POST …/tasks/{task}/heartbeat: the lease lasts this long from now."""

    lease: LeaseToken
    lease_seconds: LeaseSeconds = 300


class TaskAck(Model):
    """POST …/tasks/{task}/ack: it is done. The same again gets the same answer."""

    lease: LeaseToken
    result: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _fits(self) -> TaskAck:
        _bounded(self.result, "result")
        return self


class TaskNack(Model):
    """POST …/tasks/{task}/nack: it is not done.

    `failed`: it is tried again after a pause that grows, until `max_attempts`. `released`: nothing is wrong, somebody
    else may take it now, and the attempt does not count. `rejected`: it cannot be done, and becomes a dead letter.
    """

    lease: LeaseToken
    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    outcome: Literal["failed", "released", "rejected"] = "failed"
    delay_seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None  # instead of the growing pause


class ReplayRequest(Model):
    """POST …/tasks/replay: these dead letters, or the oldest `limit` of all."""

    tasks: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=MAX_TASKS)] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_TASKS)] = MAX_TASKS


class ReplayOutcome(Model):
    """`skipped` were named but are no dead letters (any more)."""

    replayed: int
    skipped: int = 0


class TaskStatistics(Model):
    """Numbers that are kept, not counted anew: cheap however much waits. Means are of the last hour, None without any."""

    waiting: int
    delayed: int
    leased: int
    done: int  # kept for a week
    dead: int
    cancelled: int
    oldest_waiting_seconds: float | None
    next_delayed_at: str | None
    enqueued_last_hour: int
    done_last_minute: int
    done_last_hour: int
    failed_last_hour: int
    mean_wait_seconds: float | None  # from waiting to leased
    mean_work_seconds: float | None  # from leased to done


class WaveCreate(Model):
    """POST /v1/warehouses/{id}/waves: the batches of a finished batching job become pick tasks."""

    wave: Slug
    job: Annotated[str, Field(min_length=1, max_length=128)]
    release_at: AwareDatetime | None = None  # the instant that the plan's seconds count from


class WaveReleased(Wave):
    """The wave's tasks as they were enqueued. `known` of them had been before: releasing again adds nothing."""

    job: str
    created: int
    known: int
