"""Load every compiled kernel of the family, so that the next solve does not wait for it."""

from __future__ import annotations

from containers.optimizer.cartonization.problem import parse
from containers.optimizer.cartonization.solve import solve
from containers.optimizer.family import Run
from contracts.optimize import Budget

SAMPLE = {
    "items": [
        {"id": "a", "quantity": 3, "length_mm": 30, "width_mm": 20, "height_mm": 10, "weight_g": 5, "max_load_g": 9},
        {"id": "b", "quantity": 2, "length_mm": 25, "width_mm": 25, "height_mm": 25, "sequence": 1},
        {"id": "c", "quantity": 2, "length_mm": 11, "width_mm": 9, "height_mm": 30, "together": "t"},
    ],
    "cartons": [
        {"id": "s", "length_mm": 40, "width_mm": 30, "height_mm": 30, "cost": 3},
        {"id": "l", "length_mm": 50, "width_mm": 40, "height_mm": 40, "cost": 5},
    ],
}


def warm() -> None:
    """A few iterations of each search."""
    for dimensions in (1, 2, 3):
        solve(parse({**SAMPLE, "dimensions": dimensions}), Run(Budget(seconds=60, iterations=30)))
