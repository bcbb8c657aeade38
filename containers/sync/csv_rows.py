"""Rows gather into records: order lines into orders, item rows into items, stock rows into stock lines.

A gatherer takes one row's texts (our field name → text), raises BadValue for a bad row, and yields its records at the
end. What happens to two rows of the same key is each gatherer's rule, written at its class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from containers.sync.connector import BadRow
from containers.sync.csv_values import BadValue, gtin, identifier, instant, short_text, whole

MAX_ORDER_LINES = 10_000  # contracts.catalogue.Order
MAX_QUANTITY = 1_000_000_000
MAX_RAW = 500


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is the physical line where it begins, `raw` its text as it came, `values` our field → text."""

    line: int
    raw: str
    values: Mapping[str, str]


class Gatherer(Protocol):
    merged: int
    repeated: int
    held: int
    orders_held: int

    def take(self, row: Row) -> None: ...

    def spoil(self, row: Row) -> None:
        """Told of every bad row, so that what it belongs to can be held back."""

    def records(self) -> Iterator[dict[str, Any]]: ...

    def held_rows(self) -> Iterator[BadRow]: ...


@dataclass(slots=True)
class _Order:
    lines: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[int, str]] = field(default_factory=list)
    numbered: dict[str, tuple[str, int]] = field(default_factory=dict)
    released_at: datetime | None = None
    due_at: datetime | None = None
    priority: int | None = None
    spoiled_by: tuple[int, str] | None = None  # line and reason of its first bad row


@dataclass(slots=True)
class OrderGatherer:
    """Rows of one order may stand anywhere in the file.

    - Two rows of one order with the same SKU are summed: both are wanted. With a `line_no` column, a row that repeats
      an earlier line number exactly is ignored, and one that contradicts it is bad.
    - An order's `released_at` and `due_at` are the earliest, its `priority` the most urgent of its rows.
    - An order with a bad row is held back whole, because a warehouse that ships the rest makes a second parcel;
      "skip-line" takes the rest.
    """

    zone: str = ""
    on_bad_line: Literal["hold-order", "skip-line"] = "hold-order"
    merged: int = 0
    repeated: int = 0
    held: int = 0
    orders_held: int = 0
    orders: dict[str, _Order] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        values = row.values
        order_id = identifier("order_id", values["order_id"])
        sku = identifier("sku", values["sku"])
        quantity = whole("quantity", values["quantity"], 1, MAX_QUANTITY)
        released = instant("released_at", text, self.zone) if (text := values.get("released_at", "")) else None
        due = instant("due_at", text, self.zone) if (text := values.get("due_at", "")) else None
        priority = whole("priority", text, 0, 9) if (text := values.get("priority", "")) else None
        order = self.orders.get(order_id) or _Order()
        self._check(order, values.get("line_no", ""), sku, quantity, released, due)
        self.orders[order_id] = order
        if (number := values.get("line_no", "")) and number in order.numbered:
            self.repeated += 1
            return
        if number:
            order.numbered[number] = (sku, quantity)
        self.merged += sku in order.lines
        order.lines[sku] = order.lines.get(sku, 0) + quantity
        order.rows.append((row.line, row.raw[:MAX_RAW]))
        order.released_at = _earliest(order.released_at, released)
        order.due_at = _earliest(order.due_at, due)
        if priority is not None:
            order.priority = priority if order.priority is None else min(order.priority, priority)

    def _check(
        self, order: _Order, number: str, sku: str, quantity: int, released: datetime | None, due: datetime | None
    ) -> None:
        if number and order.numbered.get(number, (sku, quantity)) != (sku, quantity):
            was = order.numbered[number]
            detail = f"line {number} of this order was {was[1]} x {was[0]} before, now {quantity} x {sku}"
            raise BadValue("conflicting-line", "line_no", detail, "keep one of the two, or number them apart")
        release, deadline = _earliest(order.released_at, released), _earliest(order.due_at, due)
        if release and deadline and deadline < release:
            detail = f"the order is due {deadline:%Y-%m-%dT%H:%M:%SZ}, before its release {release:%Y-%m-%dT%H:%M:%SZ}"
            raise BadValue("due-before-release", "due_at", detail, "correct one of the two")
        if order.lines.get(sku, 0) + quantity > MAX_QUANTITY:
            detail = f"the order's lines of {sku} sum to more than {MAX_QUANTITY}"
            raise BadValue("out-of-range", "quantity", detail, "split the order")
        if sku not in order.lines and len(order.lines) >= MAX_ORDER_LINES:
            detail = f"the order has more than {MAX_ORDER_LINES} lines"
            raise BadValue("order-too-long", "order_id", detail, "split the order")

    def spoil(self, row: Row) -> None:
        order_id = row.values.get("order_id", "")
        if order_id and self.on_bad_line == "hold-order":
            order = self.orders.setdefault(order_id, _Order())
            order.spoiled_by = order.spoiled_by or (row.line, row.raw)

    def records(self) -> Iterator[dict[str, Any]]:
        for order_id, order in self.orders.items():
            if order.spoiled_by or not order.lines:
                continue
            record: dict[str, Any] = {
                "id": order_id,
                "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in order.lines.items()],
            }
            if order.released_at:
                record["released_at"] = _text(order.released_at)
            if order.due_at:
                record["due_at"] = _text(order.due_at)
            if order.priority is not None:
                record["priority"] = order.priority
            yield record

    def held_rows(self) -> Iterator[BadRow]:
        for order_id, order in self.orders.items():
            if not order.spoiled_by:
                continue
            self.orders_held += 1
            for line, raw in order.rows:
                self.held += 1
                yield BadRow(
                    line,
                    raw,
                    "order-held",
                    "order_id",
                    f"line {order.spoiled_by[0]} of order {order_id} is bad, so the order is held back whole",
                    "correct that line and import the order again, or take the rest with on_bad_line=skip-line",
                )


@dataclass(slots=True)
class ItemGatherer:
    """A row that repeats an earlier item exactly is ignored; one that contradicts it is bad, and the first stays."""

    merged: int = 0
    repeated: int = 0
    held: int = 0
    orders_held: int = 0
    items: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        values = row.values
        sku = identifier("sku", values["sku"])
        item: dict[str, Any] = {"sku": sku}
        for name, most in (("name", 256), ("family", 64)):
            if text := values.get(name, ""):
                item[name] = short_text(name, text, most)
        for name in ("length_mm", "width_mm", "height_mm"):
            if text := values.get(name, ""):
                item[name] = whole(name, text, 1, 100_000)
        if text := values.get("weight_g", ""):
            item["weight_g"] = whole("weight_g", text, 0, 100_000_000)
        if text := values.get("attributes", ""):
            item["attributes"] = sorted({part.strip() for part in text.replace("|", ";").split(";") if part.strip()})
            if len(item["attributes"]) > 32:
                raise BadValue("too-long", "attributes", "more than 32 attributes", "keep those that rules speak of")
        if text := values.get("gtin", ""):
            item["gtin"] = gtin("gtin", text)
        known = self.items.setdefault(sku, item)
        if known is item:
            return
        if known != item:
            name = next(key for key in sorted(known.keys() | item.keys()) if known.get(key) != item.get(key))
            detail = f"{sku} stands above with {name} {known.get(name)!r}, here with {item.get(name)!r}"
            raise BadValue("conflicting-item", name, detail, "keep one row per sku")
        self.repeated += 1

    def spoil(self, row: Row) -> None:
        """An item stands alone: a bad row holds nothing else back."""

    def records(self) -> Iterator[dict[str, Any]]:
        yield from self.items.values()

    def held_rows(self) -> Iterator[BadRow]:
        return iter(())


@dataclass(slots=True)
class StockGatherer:
    """Rows of the same SKU and location are summed: exports list lots and pallets one by one."""

    merged: int = 0
    repeated: int = 0
    held: int = 0
    orders_held: int = 0
    stock: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        key = (identifier("sku", row.values["sku"]), identifier("location", row.values["location"]))
        quantity = whole("quantity", row.values["quantity"], 0, MAX_QUANTITY)
        total = self.stock.get(key, 0) + quantity
        if total > MAX_QUANTITY:
            detail = f"rows of {key[0]} at {key[1]} sum to more than {MAX_QUANTITY}"
            raise BadValue("out-of-range", "quantity", detail, "check the unit of the quantity")
        self.merged += key in self.stock
        self.stock[key] = total

    def spoil(self, row: Row) -> None:
        """A stock line stands alone: a bad row holds nothing else back."""

    def records(self) -> Iterator[dict[str, Any]]:
        for (sku, location), quantity in self.stock.items():
            yield {"sku": sku, "location": location, "quantity": quantity}

    def held_rows(self) -> Iterator[BadRow]:
        return iter(())


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def _text(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
