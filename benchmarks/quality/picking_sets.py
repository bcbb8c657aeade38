"""Public picker-routing and order-batching instances as problems of this product.

Text of the "HI" sets (Heßler & Irnich; Henn & Wäscher; Muter & Öncan): header lines KEY : VALUE, then SKU_SECTION (where
articles lie) and ORDER_SECTION. Cell 0 is at the top of an aisle; the layout's bays count from the bottom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from benchmarks.quality.archives import files
from contracts.layout import location_id

Instance = tuple[str, dict[str, Any]]

_SKU = re.compile(r"^ID (\d+) AISLE (\d+) CELL (\d+) QUANTITY (\d+)", re.MULTILINE)
_LINE = re.compile(r"^ID (\d+) QUANTITY (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class HiFile:
    """One file of a HI set. places: (article, aisle, cell, quantity). orders: (article, quantity) each."""

    head: dict[str, str]
    places: tuple[tuple[int, int, int, int], ...]
    orders: tuple[tuple[tuple[int, int], ...], ...]

    def number(self, key: str) -> float:
        return float(self.head[key])

    def layout(self, blocks: int = 1) -> dict[str, Any]:
        """The single-block warehouse of the file, or the same cut into halves by a cross aisle of size 1."""
        gap, cell = self.number("DISTANCE_TOP_TO_CELL"), self.number("DISTANCE_CELL_TO_CELL")
        if self.number("DISTANCE_BOTTOM_TO_CELL") != gap:
            raise ValueError("the gaps at both ends of an aisle differ: a parametric layout has one")
        cells = int(self.number("NUM_CELLS"))
        row = blocks if self.head["DEPOT_LOCATION"] == "top" else 0
        return {
            "type": "parametric",
            "aisles": int(self.number("NUM_AISLES")),
            "blocks": blocks,
            "bays_per_block": cells // blocks,
            "sides": 1,
            "aisle_pitch_m": self.number("DISTANCE_AISLE_TO_AISLE"),
            "bay_width_m": cell,
            "end_gap_m": gap,
            "depot": {"aisle": int(self.number("DEPOT_AISLE")), "cross_aisle": row},
        }

    def location(self, aisle: int, cell: int) -> str:
        return location_id(aisle, "L", int(self.number("NUM_CELLS")) - 1 - cell, 0)


def hi_file(text: str) -> HiFile:
    """Read one file."""
    head = dict(re.findall(r"^([A-Z_]+) : (.*?)\s*$", text.partition("ARTICLE_SECTION")[0], re.MULTILINE))
    _, _, rest = text.partition("SKU_SECTION")
    places, _, orders = rest.partition("ORDER_SECTION")
    parts = re.split(r"NUM_ARTICLES(?:_IN_ORDER)? : \d+", orders)[1:]
    return HiFile(
        head,
        tuple((int(a), int(j), int(c), int(q)) for a, j, c, q in _SKU.findall(places)),
        tuple(tuple((int(a), int(q)) for a, q in _LINE.findall(part)) for part in parts),
    )


def _hi_files(folder: str) -> Iterator[tuple[str, HiFile]]:
    for path, text in files(folder).items():
        if path.endswith(".txt"):
            yield path, hi_file(text)


def routes(blocks: int) -> list[Instance]:
    """sprp: one pick list per file, one place per article, on one block or two."""
    found = []
    for path, one in _hi_files("sprp"):
        places = sorted({one.location(aisle, cell) for _, aisle, cell, _ in one.places})
        found.append(
            (PurePosixPath(path).stem, {"layout": one.layout(blocks), "lists": [{"id": "L", "locations": places}]})
        )
    return found


def henn() -> list[Instance]:
    """Henn & Wäscher, uniform (_u) and class-based (_cb) demand."""
    return [
        (PurePosixPath(path).stem + ("_cb" if "ClassBased" in path else "_u"), batching(one))
        for path, one in _hi_files("obp_henn_waescher")
    ]


def muter() -> list[Instance]:
    """Muter & Öncan; their values hold for 1.5 from a cross aisle to the first cell, where the files say 1."""
    gaps = {"DISTANCE_TOP_TO_CELL": "1.5", "DISTANCE_BOTTOM_TO_CELL": "1.5"}
    return [
        (PurePosixPath(path).stem, batching(replace(one, head=one.head | gaps)))
        for path, one in _hi_files("obp_muter_oncan")
    ]


def batching(one: HiFile) -> dict[str, Any]:
    """An order-batching file; articles never run out, and the cart takes so many pieces."""
    wanted: dict[int, int] = {}
    for order in one.orders:
        for article, quantity in order:
            wanted[article] = wanted.get(article, 0) + quantity
    return {
        "layout": one.layout(),
        "stock": [
            {"sku": f"S{article}", "location": one.location(aisle, cell), "quantity": wanted.get(article, 0)}
            for article, aisle, cell, _ in one.places
        ],
        "orders": [
            {"id": f"O{i}", "lines": [{"sku": f"S{article}", "quantity": quantity} for article, quantity in order]}
            for i, order in enumerate(one.orders)
        ],
        "cart": {"items": int(one.number("PICKER_CAPACITY"))},
    }


def scattered(blocks: int) -> list[Instance]:
    """sprp_ss: articles at several places with quantities, of which the list needs some."""
    found = []
    for path, one in _hi_files("sprp_ss"):
        lines = [{"sku": f"S{article}", "quantity": quantity} for article, quantity in one.orders[0]]
        stock = [
            {"sku": f"S{article}", "location": one.location(aisle, cell), "quantity": quantity}
            for article, aisle, cell, quantity in one.places
        ]
        data = {"layout": one.layout(blocks), "lists": [{"id": "L", "lines": lines}], "stock": stock}
        found.append((PurePosixPath(path).stem, data))
    return found
