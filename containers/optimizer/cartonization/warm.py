"""Load every compiled kernel of the family, so that the next solve does not wait for it."""

from __future__ import annotations

from typing import Any

from containers.optimizer.cartonization.lines.colgen import Cutting
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


LENGTHS = {
    "dimensions": 1,
    "items": [{"id": f"i{length}", "quantity": 3, "length_mm": length} for length in (7, 6, 4, 3)],
    "cartons": [{"id": "bar", "length_mm": 17}],
}
CONTAINER = {
    "objective": "value",
    "items": [{"id": "a", "quantity": 70, "length_mm": 4, "width_mm": 3, "height_mm": 2}],
    "cartons": [{"id": "c", "length_mm": 13, "width_mm": 11, "height_mm": 10, "available": 1}],
}


def warm() -> None:
    """A few iterations of each search."""
    samples: list[dict[str, Any]] = [{**SAMPLE, "dimensions": dimensions} for dimensions in (1, 2, 3)]
    for data in (*samples, CONTAINER):
        solve(parse(data), Run(Budget(seconds=60, iterations=30)))
    lengths = parse(LENGTHS)
    cutting = Cutting(lengths, lengths.counts, seed=1)
    cutting.run(lambda rounds: rounds >= 3, lambda _cost, _bound: None)
    cutting.choose_among_all()
