"""Which column holds what: delimiter found from the header, columns matched by name, by the caller's map, by synonym."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import Fault, ProblemError

MAX_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Field:
    """A field of ours, whether it must be there, and other names that it goes by in exports."""

    name: str
    required: bool = False
    synonyms: tuple[str, ...] = ()


FIELDS: dict[str, tuple[Field, ...]] = {
    "order_lines": (
        Field("order_id", True, ("order", "order_no", "order_number", "invoice", "invoice_no")),
        Field("sku", True, ("item", "article", "product", "stock_code", "item_no")),
        Field("quantity", True, ("qty", "pieces", "amount", "units")),
        Field("line_no", False, ("line", "line_number", "position", "pos")),
        Field("released_at", False, ("order_date", "invoice_date", "created_at")),
        Field("due_at", False, ("due", "due_date", "ship_by", "deadline")),
        Field("priority", False, ("prio",)),
    ),
    "items": (
        Field("sku", True, ("item", "article", "product", "stock_code", "item_no")),
        Field("name", False, ("description", "title")),
        Field("length_mm", False, ("length",)),
        Field("width_mm", False, ("width",)),
        Field("height_mm", False, ("height",)),
        Field("weight_g", False, ("weight",)),
        Field("family", False, ("category", "group")),
        Field("attributes", False, ("tags",)),
        Field("gtin", False, ("ean", "upc", "barcode")),
    ),
    "stock": (
        Field("sku", True, ("item", "article", "product", "stock_code", "item_no")),
        Field("location", True, ("bin", "slot", "location_id", "place")),
        Field("quantity", True, ("qty", "pieces", "on_hand", "units")),
    ),
}


@dataclass(frozen=True, slots=True)
class Header:
    """`places`: our field → index of the column. `columns`: our field → the source's name."""

    width: int
    places: Mapping[str, int]
    columns: Mapping[str, str]
    ignored: tuple[str, ...]


def sniff_delimiter(line: str) -> str:
    """The candidate that occurs most often outside quotes; a comma when there is none (a file of one column)."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(",;\t|", key=lambda mark: (bare.count(mark), mark == ","))


def read_header(kind: str, text: str, delimiter: str, chosen: Mapping[str, str]) -> Header:
    """Match the columns. Raises ProblemError "invalid" that lists every column that is missing, and how to cure it."""
    names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
    if len(names) > MAX_COLUMNS:
        raise ProblemError("invalid", f"the header has {len(names)} columns; the limit is {MAX_COLUMNS}")
    fields = FIELDS[kind]
    faults: list[Fault] = []
    known = {field.name for field in fields}
    for ours in chosen:
        if ours not in known:
            faults.append(
                Fault("", f"columns: {ours!r} is not a field of {kind}; fields are {', '.join(sorted(known))}")
            )
    places: dict[str, int] = {}
    for field in fields:
        found, fault = _place(field, names, chosen)
        if fault:
            faults.append(Fault("", fault))
        elif found is not None:
            places[field.name] = found
    if faults:
        seen = ", ".join(repr(name) for name in names[:20])
        detail = "; ".join(fault.detail for fault in faults) + f". The header has {seen}"
        raise ProblemError("invalid", detail[:2000], errors=tuple(faults), extra={"header": names[:MAX_COLUMNS]})
    used = set(places.values())
    ignored = tuple(name for i, name in enumerate(names) if i not in used)
    return Header(len(names), places, {ours: names[i] for ours, i in places.items()}, ignored)


def _place(field: Field, names: list[str], chosen: Mapping[str, str]) -> tuple[int | None, str]:
    """The column's index and what is wrong ("" when nothing is)."""
    if field.name in chosen:
        wanted = chosen[field.name]
        matches = [i for i, name in enumerate(names) if name == wanted] or [
            i for i, name in enumerate(names) if _plain(name) == _plain(wanted)
        ]
        if not matches:
            return None, f"columns: {field.name!r} is mapped to {wanted!r}, which is not in the header"
    else:
        matches = [i for i, name in enumerate(names) if _plain(name) == field.name]
        matches = matches or [i for i, name in enumerate(names) if _plain(name) in field.synonyms]
    if len(matches) > 1:
        told = ", ".join(repr(names[i]) for i in matches)
        return None, f'several columns could be {field.name!r}: {told}; say which: columns={{"{field.name}": "…"}}'
    if not matches and field.required:
        return None, (
            f"column {field.name!r} is missing; add it, or name the column that holds it: "
            f'columns={{"{field.name}": "<column>"}}'
        )
    return (matches[0] if matches else None), ""


def _plain(name: str) -> str:
    """`InvoiceNo`, `Invoice No` and `invoice-no` are the same name."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
