"""A plan becomes tasks: what the warehouse manager hands to a task queue for people to carry out.

Task ids are made from the wave and the batch (or the day and the location), so that releasing the same wave twice
enqueues nothing twice: a queue that knows the id ignores the repeat.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from contracts.base import Identifier, Model, Slug
from contracts.catalogue import Order
from contracts.layout import Metres

MAX_ORDERS = 20_000


class Allocation(Model):
    """How many of the picked pieces belong to which order."""

    order: Identifier
    quantity: Annotated[int, Field(ge=1)]


class PickStop(Model):
    """One stop of the walk, in order of walking from 1."""

    sequence: Annotated[int, Field(ge=1)]
    location: Identifier
    sku: Identifier
    quantity: Annotated[int, Field(ge=1)]
    allocations: tuple[Allocation, ...] = ()  # empty when the orders were not given


class PickPayload(Model):
    wave: Slug
    batch: str
    orders: tuple[Identifier, ...]
    lines: tuple[PickStop, ...]
    distance_m: Metres
    expected_seconds: Annotated[float, Field(ge=0)]
    picker: int | None = None  # the plan's picker number, when it has a schedule


class CountPayload(Model):
    """Count what lies here. The expected quantity is not told: a blind count is an honest one."""

    location: Identifier
    sku: Identifier
    item_class: Literal["A", "B", "C"]


class TaskDraft(Model):
    """A task as a queue takes it. `priority` 0 is the most urgent."""

    id: Identifier
    type: Literal["pick", "count"]
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    not_before: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    zone: Slug | None = None
    payload: PickPayload | CountPayload


class ReleaseWave(Model):
    """Action "release_wave": `result` is the optimizer's answer to a batching problem.

    With `orders` (those that the plan was made from) each line says whose pieces it picks, tasks inherit due instants
    and priorities, and a plan that picks other than what was ordered is refused.
    """

    action: Literal["release_wave"] = "release_wave"
    wave: Slug
    result: dict[str, Any]
    orders: Annotated[tuple[Order, ...], Field(max_length=MAX_ORDERS)] = ()
    release_at: AwareDatetime | None = None  # the instant that the plan's seconds count from


class LeftOut(Model):
    order: str
    reason: str
    detail: str
    smallest_change: str = ""


class Wave(Model):
    """The answer. Tasks come in the order in which they should start."""

    wave: Slug
    tasks: tuple[TaskDraft, ...]
    orders: int
    pieces: int
    distance_m: float
    expected_seconds: float
    left_out: tuple[LeftOut, ...] = ()
