"""Derive a warehouse from order lines alone: as many locations as SKUs, on a floor about as wide as it is long.

Order lines know no layout, sizes or weights, so these are made up, and the demo says so: every SKU gets one location,
drawn at random with a fixed seed (as after years of free slotting), enough stock for all orders, and a size between 0.1
and 3 litres that follows from its name.
"""

from __future__ import annotations

import csv
import hashlib
import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

SEED = 7
LEVELS = 2
AISLE_PITCH_M, BAY_WIDTH_M, END_GAP_M = 5.0, 1.0, 1.0


def demand(path: Path) -> Counter[str]:
    """Pieces wanted per SKU, as far as the rows can be read."""
    wanted: Counter[str] = Counter()
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.DictReader(file)
        quantity_column = "qty" if "qty" in (rows.fieldnames or ()) else "quantity"
        missing = {"order_id", "sku", quantity_column} - set(rows.fieldnames or ())
        if missing:
            raise SystemExit(
                f"{path} has no column {' and no column '.join(sorted(missing))}: "
                "the demo needs order_id, sku, quantity and, if you wish, released_at"
            )
        for row in rows:
            sku, quantity = (row["sku"] or "").strip(), (row[quantity_column] or "").strip()
            if sku and quantity.isdigit() and int(quantity) > 0:
                wanted[sku] += int(quantity)
    if not wanted:
        raise SystemExit(f"{path} holds no readable order line")
    return wanted


def floor(skus: int) -> dict[str, Any]:
    """A single-block parametric layout with at least `skus` locations, about square."""
    per_bay = 2 * LEVELS
    bays = max(5, round(math.sqrt(skus * AISLE_PITCH_M / (per_bay * BAY_WIDTH_M))))
    aisles = max(2, math.ceil(skus / (bays * per_bay)))
    return {
        "type": "parametric",
        "aisles": aisles,
        "blocks": 1,
        "bays_per_block": bays,
        "levels": LEVELS,
        "sides": 2,
        "aisle_pitch_m": AISLE_PITCH_M,
        "bay_width_m": BAY_WIDTH_M,
        "end_gap_m": END_GAP_M,
        "depot": {"aisle": aisles // 2, "cross_aisle": 0},
    }


def derive(path: Path, warehouse_id: str, name: str) -> dict[str, Any]:
    """A WarehouseCreate body for the order lines in `path`."""
    from contracts.layout import ParametricLayout, parametric_locations

    wanted = demand(path)
    skus = sorted(wanted)
    layout = floor(len(skus))
    places = [place.id for place in parametric_locations(ParametricLayout.model_validate(layout))]
    random.Random(SEED).shuffle(places)
    return {
        "id": warehouse_id,
        "name": name,
        "layout": layout,
        "items": [{"sku": sku, **_size(sku)} for sku in skus],
        "stock": [
            {"sku": sku, "location": place, "quantity": wanted[sku]} for sku, place in zip(skus, places, strict=False)
        ],
    }


def _size(sku: str) -> dict[str, int]:
    """Dimensions and weight that follow from the SKU's name: 46..144 mm an edge, 0.3 g a millilitre."""
    digest = hashlib.sha256(sku.encode()).digest()
    edges = [46 + byte * 98 // 255 for byte in digest[:3]]
    volume_ml = edges[0] * edges[1] * edges[2] / 1000
    return {
        "length_mm": edges[0],
        "width_mm": edges[1],
        "height_mm": edges[2],
        "weight_g": max(1, round(volume_ml * 0.3)),
    }
