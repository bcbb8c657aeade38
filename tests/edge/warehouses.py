"""Warehouses for tests: small, with names of their own, so that tests share one workerd without meeting."""

from __future__ import annotations

import itertools
import os
from typing import Any

from tests.edge.conftest import Edge

_numbers = itertools.count(1)


def fresh_id(prefix: str = "wh") -> str:
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"


def body(warehouse_id: str, **changes: Any) -> dict[str, Any]:
    """Two zones of two aisles each, five bays a side: 40 locations; three items, two stock lines."""
    return {
        "id": warehouse_id,
        "name": "Test floor",
        "layout": {
            "type": "parametric",
            "aisles": 4,
            "bays_per_block": 5,
            "zones": [
                {"id": "fast", "first_aisle": 0, "last_aisle": 1},
                {"id": "bulk", "first_aisle": 2, "last_aisle": 3},
            ],
        },
        "items": [{"sku": sku, "weight_g": 100} for sku in ("apple", "pear", "plum")],
        "stock": [
            {"sku": "apple", "location": "A01-L-001-1", "quantity": 10},
            {"sku": "pear", "location": "A03-R-002-1", "quantity": 20},
        ],
        **changes,
    }


def create(edge: Edge, **changes: Any) -> str:
    """A new warehouse; its id."""
    warehouse_id = str(changes.pop("id", fresh_id()))
    response = edge.http.post("/v1/warehouses", json=body(warehouse_id, **changes))
    assert response.status_code == 201, response.text
    return warehouse_id
