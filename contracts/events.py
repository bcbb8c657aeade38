"""What happened in a warehouse, in one gap-free sequence per warehouse."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.base import Model
from contracts.paging import MAX_LIMIT

EVENT_TYPE = r"^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$"


class Event(Model):
    """`sequence` counts from 1 without a gap; `id` is the same however often the event is delivered."""

    sequence: int
    id: str
    type: Annotated[str, Field(pattern=EVENT_TYPE)]
    zone: str = ""  # empty: it concerns the whole warehouse
    at: str
    data: dict[str, Any] = Field(default_factory=dict)


class EventQuery(Model):
    """GET /v1/warehouses/{id}/events. `types` may name a family: `stock` covers `stock.adjusted`."""

    after: Annotated[int, Field(ge=0)] | None = None  # absent: JSON from the oldest kept, a stream from now on
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 100
    types: Annotated[str, Field(max_length=1000)] = ""  # comma-separated
    zones: Annotated[str, Field(max_length=1000)] = ""  # comma-separated


class EventPage(Model):
    """Events after a cursor; go on with `after=last`. `head` is the newest sequence of all."""

    items: tuple[Event, ...]
    last: int
    head: int


class Heartbeat(Model):
    """What a stream carries when nothing happens; `sequence` is the head, so a filtered reader can move its cursor."""

    type: Literal["heartbeat"] = "heartbeat"
    sequence: int
