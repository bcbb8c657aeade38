"""Items, stock and orders as customers send them. Weights in grams, dimensions in millimetres, instants in RFC 3339."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from contracts.base import Identifier, Model

Quantity = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Item(Model):
    """A stock keeping unit. Dimensions and weight are of one piece."""

    sku: Identifier
    name: Annotated[str, Field(max_length=256)] = ""
    length_mm: Annotated[int, Field(gt=0, le=100_000)] | None = None
    width_mm: Annotated[int, Field(gt=0, le=100_000)] | None = None
    height_mm: Annotated[int, Field(gt=0, le=100_000)] | None = None
    weight_g: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    family: Annotated[str, Field(max_length=64)] = ""
    attributes: Annotated[frozenset[str], Field(max_length=32)] = frozenset()  # e.g. "hazard", "chilled", "fragile"
    gtin: Annotated[str, Field(pattern=r"^\d{8}$|^\d{12,14}$")] | None = None

    @property
    def volume_mm3(self) -> int | None:
        if self.length_mm and self.width_mm and self.height_mm:
            return self.length_mm * self.width_mm * self.height_mm
        return None


class StockLine(Model):
    """How many pieces of a SKU lie at a location."""

    sku: Identifier
    location: Identifier
    quantity: Annotated[int, Field(ge=0, le=1_000_000_000)]


class OrderLine(Model):
    sku: Identifier
    quantity: Quantity


class Order(Model):
    """What a customer wants. `due_at` is the instant by which it must be picked."""

    id: Identifier
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=10_000)]
    released_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    priority: Annotated[int, Field(ge=0, le=9)] = 5  # 0 is the most urgent

    @model_validator(mode="after")
    def _due_after_release(self) -> Order:
        released: datetime | None = self.released_at
        if released is not None and self.due_at is not None and self.due_at < released:
            raise ValueError("due_at must not be before released_at")
        return self
