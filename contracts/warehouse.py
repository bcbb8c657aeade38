"""A warehouse as a client creates and reads it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.base import Model, Slug
from contracts.catalogue import Item, Order, StockLine
from contracts.layout import GraphLayout, Layout
from contracts.layout_faults import reach_faults, refuse

MAX_LINES = 10_000  # of items, stock or orders in one request


class WarehouseCreate(Model):
    """POST /v1/warehouses. Items and stock may also come later, in bulk."""

    id: Slug
    name: Annotated[str, Field(max_length=200)] = ""
    layout: Layout
    items: Annotated[tuple[Item, ...], Field(max_length=MAX_LINES)] = ()
    stock: Annotated[tuple[StockLine, ...], Field(max_length=MAX_LINES)] = ()

    @model_validator(mode="after")
    def _walkable(self) -> WarehouseCreate:
        """People must get to every location and back. A problem that is sent to the optimizer alone may ask for less."""
        if isinstance(self.layout, GraphLayout):
            faults = [(("layout", *path), detail) for path, detail in reach_faults(self.layout)]
            refuse("WarehouseCreate", faults)
        return self


class WarehouseSummary(Model):
    """Cheap to read: kept up to date by every write."""

    id: str
    name: str
    version: int
    layout_type: str
    zones: tuple[str, ...]
    locations: int
    items: int
    orders_open: int
    order_lines_open: int
    stock_lines: int = 0  # of all zones; as each zone last reported, a moment after its change
    stock_quantity: int = 0
    reserved_quantity: int = 0  # of stock_quantity
    in_transit_quantity: int = 0  # left one zone and has not arrived in another: not in stock_quantity
    created_at: str
    updated_at: str
    sequence: int  # of the last event
    ready: bool = True  # false while the zones are still being told of the layout, the items or the first stock


class ZoneSettings(Model):
    allow_negative: bool = False  # stock may go below zero, e.g. where goods are picked before they are booked in


class PickingSettings(Model):
    """How people walk and pick here; the optimizer's defaults for this warehouse."""

    walk_speed_m_s: Annotated[float, Field(gt=0, le=20)] = 1.0
    seconds_per_line: Annotated[float, Field(ge=0, le=3600)] = 10.0
    seconds_per_route: Annotated[float, Field(ge=0, le=86_400)] = 60.0


class ReportSchedule(Model):
    """When a report is made: at a time of the warehouse's own clock (`time_zone`), for the period that ends then."""

    every: Literal["day", "week", "month"] = "day"
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "06:00"
    weekday: Annotated[int, Field(ge=0, le=6)] = 0  # of weekly ones; Monday is 0


class ReportSettings(Model):
    kpi: ReportSchedule | None = None  # key figures of the period, into R2


class WarehouseConfiguration(Model):
    """What people set. Unset members are not stored, so a default can change with a release."""

    name: Annotated[str, Field(max_length=200)] = ""
    time_zone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+\-/]+$")] = "UTC"
    picking: PickingSettings = PickingSettings()
    reports: ReportSettings = ReportSettings()
    zones: Annotated[dict[Slug, ZoneSettings], Field(max_length=500)] = Field(default_factory=dict)
    labels: Annotated[dict[Slug, Annotated[str, Field(max_length=1000)]], Field(max_length=100)] = Field(
        default_factory=dict
    )


class ConfigurationVersion(Model):
    """One version of the configuration; its ETag is `"v<version>"`."""

    version: int
    at: str
    author: str
    configuration: WarehouseConfiguration
    merged: bool = False  # true: others had changed it since, and both edits are in


class ItemsUpsert(Model):
    """POST /v1/warehouses/{id}/items: items by their SKU; the same item again changes nothing."""

    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_LINES)]


class UpsertOutcome(Model):
    created: int
    updated: int
    unchanged: int


class OrderStatus(Order):
    """An order with what became of it."""

    status: Annotated[str, Field(pattern=r"^(open|completed|cancelled)$")]
    version: int
    created_at: str
    updated_at: str


class OrdersUpsert(Model):
    """POST /v1/warehouses/{id}/orders: orders by their id; the same order again changes nothing."""

    orders: Annotated[tuple[Order, ...], Field(min_length=1, max_length=MAX_LINES)]


class ImportCreate(Model):
    """POST /v1/warehouses/{id}/imports: read an uploaded file in."""

    upload: Slug
    kind: Annotated[str, Field(pattern=r"^(order_lines|items|stock)$")] = "order_lines"
    columns: dict[str, str] = Field(default_factory=dict)  # our column name → theirs
    on_bad_line: Annotated[str, Field(pattern=r"^(hold-order|skip-line)$")] = "hold-order"
    dry_run: bool = False


class QuarantinedRow(Model):
    line: int
    raw: str
    reason: str
    field: str = ""
    detail: str
    cure: str = ""


class ImportResult(Model):
    """What an import did. `quarantined` counts all bad rows; `quarantine` holds the first 1,000."""

    id: str
    upload: str
    kind: str
    rows: int
    orders: int
    lines: int
    quarantined: int
    quarantine: tuple[QuarantinedRow, ...] = ()
    dry_run: bool = False
    created_at: str


class Upload(Model):
    """POST /v1/uploads answers this; the body is kept as it came."""

    id: str
    bytes: int
    sha256: str
    media_type: str
    created_at: str
