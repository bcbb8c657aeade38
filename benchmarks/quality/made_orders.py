"""Orders from a seed, for what is measured on no public set: 1,000 order lines on 800 places."""

from __future__ import annotations

import random
from typing import Any

from contracts.layout import location_id

ORDERS, LINES, AISLES, BAYS = 200, 5, 20, 40


def orders_of(seed: int, orders: int = ORDERS) -> dict[str, Any]:
    """A batching problem of so many orders x LINES lines; places at random."""
    rng = random.Random(seed)
    places = [location_id(aisle, "L", bay, 0) for aisle in range(AISLES) for bay in range(BAYS)]
    stock = [{"sku": f"S{i}", "location": place, "quantity": orders} for i, place in enumerate(places)]
    skus = [line["sku"] for line in stock]
    return {
        "layout": {"type": "parametric", "aisles": AISLES, "bays_per_block": BAYS, "sides": 1},
        "stock": stock,
        "orders": [
            {"id": f"O{i}", "lines": [{"sku": sku, "quantity": 1} for sku in rng.sample(skus, LINES)]}
            for i in range(orders)
        ],
        "cart": {"items": 30},
    }
