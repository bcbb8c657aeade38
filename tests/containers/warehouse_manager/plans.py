"""A small batching result, made by hand: two batches, three orders, on a warehouse of three aisles."""

from __future__ import annotations

from typing import Any

LAYOUT = {"type": "parametric", "aisles": 3, "bays_per_block": 5}

ORDERS = [
    {"id": "O1", "lines": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}], "due_at": "2026-03-01T12:00:00Z"},
    {"id": "O2", "lines": [{"sku": "A", "quantity": 3}], "priority": 2},
    {"id": "O3", "lines": [{"sku": "C", "quantity": 4}], "due_at": "2026-03-01T10:00:00Z"},
]


def stop(location: str, sku: str, quantity: int, x_m: float = 0.0, y_m: float = 2.0) -> dict[str, Any]:
    return {"location": location, "sku": sku, "quantity": quantity, "x_m": x_m, "y_m": y_m}


def result() -> dict[str, Any]:
    batches = [
        {
            "id": "B1",
            "orders": ["O1", "O2"],
            "stops": [stop("A01-L-002-1", "A", 5), stop("A02-L-003-1", "B", 1, 5.0, 3.0)],
            "path": [[0, 0], [0, 2], [0, 0], [5, 0], [5, 3], [5, 0], [0, 0]],
            "distance_m": 20.0,
            "seconds": 90.0,
            "items": 6,
        },
        {
            "id": "B2",
            "orders": ["O3"],
            "stops": [stop("A03-R-005-1", "C", 4, 10.0, 5.0)],
            "path": [[0, 0], [10, 0], [10, 5], [10, 0], [0, 0]],
            "distance_m": 30.0,
            "seconds": 60.0,
            "items": 4,
        },
    ]
    return {
        "problem": "batching",
        "status": "feasible",
        "objective": {"value": 50.0, "unit": "m"},
        "baseline": {"value": 80.0, "method": "first come, first served, S-shape"},
        "bound": {"value": 45.0, "gap": 0.1, "method": "hand"},
        "solution": {
            "batches": batches,
            "distance_m": 50.0,
            "seconds": 150.0,
            "baseline_distance_m": 80.0,
            "saved_m": 30.0,
            "saved_share": 0.375,
        },
        "unassigned": [
            {"id": "O9", "reason": "no-stock", "detail": "no <D> anywhere", "smallest_change": "put 1 D in stock"}
        ],
        "stopped_by": "seconds",
        "seed": 1,
        "iterations": 12345,
        "elapsed_s": 2.0,
        "input_hash": "0" * 64,
        "versions": {"storemax": "0.1.0"},
    }


def job(**more: Any) -> dict[str, Any]:
    return {
        "id": "j-1",
        "warehouse": "main",
        "problem": "batching",
        "state": "succeeded",
        "attempt": 1,
        "created_at": "2026-03-01T08:00:00Z",
        "label": "Morning <wave>",
    } | more
