"""Small warehouses and orders for the optimizer's tests, from a seed."""

from __future__ import annotations

import random
from typing import Any

from contracts.layout import location_id


def batching_data(seed: int, orders: int = 8, aisles: int = 4, bays: int = 6, blocks: int = 1, **more: Any) -> Any:
    """A batching problem: one place per SKU, plenty of stock, one piece a line."""
    rng = random.Random(seed)
    places = [(a, s, b) for a in range(aisles) for s in "LR" for b in range(bays * blocks)]
    chosen = rng.sample(places, min(30, len(places)))
    skus = [f"SKU-{i}" for i in range(len(chosen))]
    return {
        "layout": {"type": "parametric", "aisles": aisles, "bays_per_block": bays, "blocks": blocks},
        "stock": [
            {"sku": sku, "location": location_id(a, side, bay, 0), "quantity": 1000}
            for sku, (a, side, bay) in zip(skus, chosen, strict=True)
        ],
        "orders": [
            {"id": f"O{i}", "lines": [{"sku": sku, "quantity": 1} for sku in rng.sample(skus, rng.randint(1, 4))]}
            for i in range(orders)
        ],
        "cart": {"items": 6},
        **more,
    }
