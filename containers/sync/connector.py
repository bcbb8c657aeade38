"""What every connector of the sync agent looks like, whatever system it reads from.

A connector pulls records from a source and yields events. It writes nothing: the caller (a Durable Object) takes the
records, and what it has not taken did not happen. Events come in this order: Progress at any time, then Records and
Quarantine, and last one Summary. A source whose structure is wrong raises ProblemError before the first Records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

Kind = Literal["order_lines", "items", "stock"]
# The member that carries the records, which is the event's type as well.
MEMBER: dict[str, str] = {"order_lines": "orders", "items": "items", "stock": "stock"}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken. `reason` is a stable code (docs/agents.md lists them), `cure` says what to change."""

    line: int
    raw: str
    reason: str
    field: str
    detail: str
    cure: str


@dataclass(frozen=True, slots=True)
class Records:
    """A chunk of valid records, as the contract's JSON (contracts.catalogue)."""

    kind: Kind
    records: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Quarantine:
    rows: list[BadRow]


@dataclass(frozen=True, slots=True)
class Progress:
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Summary:
    """`quarantined` rows are bad themselves; `held` rows are good but belong to an order that is held back."""

    kind: Kind
    rows_read: int
    records: int  # orders, items or stock lines that were yielded
    lines: int  # of the orders; equal to records for the other kinds
    merged: int  # rows added to an earlier row of the same key
    repeated: int  # rows that repeat an earlier one exactly, and were ignored
    quarantined: int
    held: int
    orders_held: int
    unattributed: int  # bad rows that do not tell which order they belong to: they hold nothing back
    columns: dict[str, str]  # our name → the source's
    ignored_columns: list[str] = field(default_factory=list)
    bytes: int = 0
    sha256: str = ""
    cursor: str | None = None  # where the next incremental pull starts; None for a source without one


Event = Records | Quarantine | Progress | Summary


class Connector(Protocol):
    """`pull` reads everything since `cursor` (None: all there is)."""

    def pull(self, cursor: str | None = None) -> AsyncIterator[Event]: ...


def as_line(event: Event) -> dict[str, Any]:
    """The event as one line of the NDJSON answer."""
    if isinstance(event, Records):
        member = MEMBER[event.kind]
        return {"type": member, member: event.records}
    if isinstance(event, Quarantine):
        return {"type": "quarantine", "rows": [asdict(row) for row in event.rows]}
    if isinstance(event, Progress):
        return {"type": "progress", "bytes": event.bytes, "rows": event.rows}
    return {"type": "summary", MEMBER[event.kind]: event.records, **asdict(event)}
