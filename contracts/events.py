"""What happened in a warehouse, in one gap-free sequence per warehouse."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from contracts.base import Identifier, Model, Slug
from contracts.paging import MAX_LIMIT

EVENT_TYPE = r"^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$"

# type → what has happened. Readers filter by these names, or by a family: `orders` covers every `orders.…`.
EVENT_TYPES: dict[str, str] = {
    "warehouse.created": "the warehouse exists; data: id, name, locations",
    "items.changed": "items were inserted or changed; data: created, updated, unchanged",
    "configuration.changed": "a new version of the configuration; data: version, author, merged",
    "orders.created": "orders came in; data: orders (ids)",
    "orders.updated": "open orders were replaced; data: orders (ids)",
    "orders.completed": "orders are done; data: orders (ids)",
    "orders.cancelled": "orders were cancelled; data: orders (ids)",
    "import.finished": "a file was read in; data: the counts of its result",
    "job.queued": "a job was accepted; data: id, problem",
    "job.running": "an agent works on the job; data: id, problem",
    "job.succeeded": "the job's plan is ready; data: id, problem",
    "job.failed": "the job ended without a plan; data: id, problem",
    "job.cancelled": "the job was cancelled; data: id, problem",
    # A zone's; data: posting, and up to 200 lines {location, sku, delta, reserved_delta, quantity, reserved, version, reference}
    "stock.opened": "stock at the beginning",
    "stock.received": "goods came in",
    "stock.adjusted": "quantities were corrected",
    "stock.reserved": "stock is held for a reference",
    "stock.released": "a reservation ended without a pick",
    "stock.picked": "goods were taken, for a reservation or without one",
    "stock.counted": "locations were counted",
    "stock.moved": "goods went from a location to another of the same zone",
    "stock.sent": "goods left for another zone",
    "stock.arrived": "goods came from another zone",
    "stock.returned": "goods came back from a zone that could not hold them",
    # Of the zone that goods leave; data: id, from_zone, to_zone, quantity, lines
    "transfer.started": "goods are on their way to another zone",
    "transfer.completed": "the goods have arrived",
    "transfer.refused": "the other zone could not hold the goods: they are back",
    # Of the task queue; data: task, or type and tasks (up to 100 ids)
    "task.enqueued": "tasks came in",
    "task.ready": "delayed tasks may be taken now",
    "task.leased": "a worker took a task",
    "task.completed": "a task is done",
    "task.failed": "a worker could not do a task; it comes again",
    "task.released": "a worker gave a task back",
    "task.expired": "a worker was not heard of in time; the task comes again",
    "task.dead": "a task was given up",
    "task.replayed": "tasks that were given up came back",
    "task.cancelled": "a task was cancelled",
}
FAMILIES: frozenset[str] = frozenset(name.partition(".")[0] for name in EVENT_TYPES)


def known_type(name: str) -> bool:
    """May a filter name this? A type, or a family."""
    return name in EVENT_TYPES or name in FAMILIES


class Event(Model):
    """`sequence` counts from 1 without a gap; `id` is the same however often the event is delivered."""

    sequence: int
    id: str
    type: Annotated[str, Field(pattern=EVENT_TYPE)]
    zone: str = ""  # empty: it concerns the whole warehouse
    at: str
    data: dict[str, Any] = Field(default_factory=dict)


def _names(text: str) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in text.split(",") if name.strip()}))


def _check_types(names: tuple[str, ...]) -> None:
    unknown = [name for name in names if not known_type(name)]
    if unknown:
        families = ", ".join(sorted(FAMILIES))
        raise ValueError(f"no event type or family {', '.join(map(repr, unknown))}; families are {families}")


class EventQuery(Model):
    """GET /v1/warehouses/{id}/events. `types` may name a family: `stock` covers `stock.adjusted`."""

    cursor: Annotated[int, Field(ge=0)] | None = None  # absent: JSON from the oldest kept, a stream from now on
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 100  # of a JSON page
    types: Annotated[str, Field(max_length=500)] = ""  # comma-separated
    zones: Annotated[str, Field(max_length=500)] = ""  # comma-separated

    @field_validator("types")
    @classmethod
    def _types_exist(cls, text: str) -> str:
        _check_types(_names(text))
        return text

    @property
    def type_names(self) -> tuple[str, ...]:
        return _names(self.types)

    @property
    def zone_names(self) -> tuple[str, ...]:
        return _names(self.zones)


class EventPage(Model):
    """Events after a cursor; go on with `next_cursor`, now or later. `head` is the newest sequence of all."""

    items: tuple[Event, ...]
    next_cursor: int
    head: int


class Heartbeat(Model):
    """What a stream carries when nothing happens: every event up to `sequence` that the reader wants has been sent."""

    type: Literal["heartbeat"] = "heartbeat"
    sequence: int


class ArchiveQuery(Model):
    """GET /v1/warehouses/{id}/archive: the files of one UTC day."""

    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 100
    cursor: Annotated[str, Field(max_length=1000)] = ""


class ArchiveFile(Model):
    """Events `first`..`last`, one JSON a line, compressed with gzip where they lie."""

    name: str
    first: int
    last: int
    bytes: int
    archived_at: str


class WebhookCreate(Model):
    """POST /v1/webhooks. Absent filters: everything."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    warehouses: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    types: Annotated[tuple[str, ...], Field(max_length=50)] = ()  # names or families
    zones: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    label: Annotated[str, Field(max_length=200)] = ""

    @field_validator("types")
    @classmethod
    def _types_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        _check_types(names)
        return names


class Webhook(WebhookCreate):
    """A webhook without its secret, and how its deliveries fare."""

    id: Identifier
    created_at: str
    active: bool = True  # false after the receiver answered 410 Gone
    delivered: int = 0
    failing: int = 0  # attempts in a row that failed
    dead: int = 0  # deliveries that were given up
    last_status: int | None = None  # of the receiver's last answer; null when it gave none
    last_error: str = ""
    last_attempt_at: str | None = None


class WebhookCreated(Webhook):
    """The only answer that holds the secret (`whsec_…`, as in Standard Webhooks)."""

    secret: str


class WebhookDelivery(Model):
    """The body of a delivery. The same events come with the same `webhook-id` header, however often."""

    type: Literal["events"] = "events"
    warehouse: str
    first: int
    last: int
    events: tuple[Event, ...]
