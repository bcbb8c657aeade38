"""Stock: what lies at a location, the operations that change it, transfers between zones, the ledger and its audit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.base import Identifier, Model, Slug
from contracts.paging import PageQuery
from contracts.warehouse import MAX_LINES

MAX_PIECES = 1_000_000_000  # in one operation
MAX_LINE_PIECES = 1_000_000_000_000  # in one line: exact in every number format on the way

# Strict, because a body reaches SQLite as it was sent: "5" or 5.0 would be another value there.
Pieces = Annotated[int, Field(strict=True, ge=1, le=MAX_PIECES)]
Version = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
# What an operation is for: an order, a delivery, a reason. Of a reservation it says whose it is.
Reference = Annotated[str, Field(max_length=128, pattern=r"^([A-Za-z0-9][A-Za-z0-9 ._:@+\-]*)?$")]


class _Operation(Model):
    reference: Reference = ""
    version: Version | None = None  # of the line before: another version refuses the operation


class Receive(_Operation):
    """Pieces come in."""

    op: Literal["receive"]
    quantity: Pieces


class Adjust(_Operation):
    """A correction, up or down: damaged, found, lost."""

    op: Literal["adjust"]
    delta: Annotated[int, Field(strict=True, ge=-MAX_PIECES, le=MAX_PIECES)]

    @model_validator(mode="after")
    def _changes_something(self) -> Adjust:
        if self.delta == 0:
            raise ValueError("delta must not be 0; to confirm what lies there, count it")
        return self


class Reserve(_Operation):
    """Set pieces aside for `reference`: they stay where they are, and are available to nobody else."""

    op: Literal["reserve"]
    quantity: Pieces


class Release(_Operation):
    """Give reserved pieces of `reference` back."""

    op: Literal["release"]
    quantity: Pieces


class Pick(_Operation):
    """Pieces leave: available ones, or with `reserved` those that `reference` has reserved here."""

    op: Literal["pick"]
    quantity: Pieces
    reserved: Annotated[bool, Field(strict=True)] = False


class Count(_Operation):
    """What lies there, counted. A fact: a location's limits do not refuse it."""

    op: Literal["count"]
    quantity: Annotated[int, Field(strict=True, ge=0, le=MAX_PIECES)]


class _Placed(Model):
    location: Identifier
    sku: Identifier


class ReceiveLine(Receive, _Placed):
    pass


class AdjustLine(Adjust, _Placed):
    pass


class ReserveLine(Reserve, _Placed):
    pass


class ReleaseLine(Release, _Placed):
    pass


class PickLine(Pick, _Placed):
    pass


class CountLine(Count, _Placed):
    pass


class TransferLine(_Operation, _Placed):
    """Available pieces move from `location` to another one of the same zone, at once."""

    op: Literal["transfer"]
    quantity: Pieces
    to: Identifier
    to_version: Version | None = None  # of the line at `to`

    @model_validator(mode="after")
    def _moves(self) -> TransferLine:
        if self.to == self.location:
            raise ValueError("to must be another location")
        return self


OperationLine = Annotated[
    ReceiveLine | AdjustLine | ReserveLine | ReleaseLine | PickLine | CountLine | TransferLine,
    Field(discriminator="op"),
]


class StockOperations(Model):
    """POST …/zones/{zone}/stock: operations in order; each sees what the lines before it have changed."""

    lines: Annotated[tuple[OperationLine, ...], Field(min_length=1, max_length=MAX_LINES)]
    partial: Annotated[bool, Field(strict=True)] = False  # false: all lines or none


Operation = Annotated[Receive | Adjust | Reserve | Release | Pick | Count, Field(discriminator="op")]


class LineState(Model):
    """A line after an operation. `quantity` includes `reserved`."""

    quantity: int
    reserved: int
    version: int


class LineOutcome(LineState):
    """One operation's outcome, at the place of its line. Refused: the state is the one that refused it."""

    to: LineState | None = None  # a transfer's other end
    refused: str | None = None  # a code
    detail: str | None = None


class StockOutcome(Model):
    posting: int  # the call's number in the zone; the ledger's rows carry it
    applied: int
    refused: int
    lines: tuple[LineOutcome, ...]


class StockLineState(Model):
    """A SKU at a location; its ETag is `"v<version>"`. `available` is `quantity` less `reserved`."""

    zone: str
    location: str
    sku: str
    quantity: int
    reserved: int
    available: int
    version: int
    updated_at: str | None = None  # None: never touched


class StockLineChange(LineState):
    """A line as an operation left it."""

    location: str
    sku: str
    available: int
    posting: int


class StockQuery(PageQuery):
    zone: Annotated[str, Field(max_length=64)] = ""
    location: Annotated[str, Field(max_length=128)] = ""
    sku: Annotated[str, Field(max_length=128)] = ""
    empty: bool = False  # also lines that hold nothing any more


class LedgerQuery(PageQuery):
    location: Annotated[str, Field(max_length=128)] = ""
    sku: Annotated[str, Field(max_length=128)] = ""


class LedgerRow(Model):
    """One change: what moved, and how the line stood afterwards. `sequence` counts from 1 without a gap."""

    sequence: int
    at: str
    op: str
    location: str
    sku: str
    delta: int
    reserved_delta: int
    quantity: int
    reserved: int
    version: int
    reference: str
    posting: int
    line: int  # within the posting
    author: str


class ZoneSummary(Model):
    id: str
    locations: int
    stock_lines: int
    stock_quantity: int
    reserved_quantity: int
    in_transit_quantity: int
    ledger: int  # the last sequence
    allow_negative: bool


class AuditDifference(Model):
    """Something stored that the ledger does not give."""

    kind: str
    location: str = ""
    sku: str = ""
    reference: str = ""
    stored: float | None
    rebuilt: float | None


class StockAudit(Model):
    """Stock and reservations rebuilt from the ledger, next to what is stored."""

    zone: str
    locations: int  # how many were compared
    lines: int
    ledger_rows: int
    differences: tuple[AuditDifference, ...]
    next_cursor: str | None = None  # None: the whole zone was compared


class TransferMove(Model):
    sku: Identifier
    location: Identifier
    to: Identifier  # a location of the target zone
    quantity: Pieces
    version: Version | None = None  # of the line at `location`


class TransferCreate(Model):
    """POST …/zones/{zone}/transfers: pieces leave at once, and arrive in the other zone or come back."""

    id: Identifier | None = None  # absent: made of the idempotency key, or at random
    to_zone: Slug
    lines: Annotated[tuple[TransferMove, ...], Field(min_length=1, max_length=MAX_LINES)]


class Transfer(Model):
    """`in-transit`: has left and is not known to have arrived. `refused`: the target could not take it; all is back."""

    id: str
    from_zone: str
    to_zone: str
    state: Literal["in-transit", "completed", "refused"]
    quantity: int
    lines: int
    attempts: int  # how often the target was asked
    problem: dict[str, object] | None = None  # why it was refused
    created_at: str
    updated_at: str


class TransferQuery(PageQuery):
    state: Literal["", "in-transit", "completed", "refused"] = ""
