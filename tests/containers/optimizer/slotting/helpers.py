"""Small warehouses with articles, today's slots and an order history, from a seed."""

from __future__ import annotations

import random
from typing import Any

from containers.optimizer.family import Run
from containers.optimizer.slotting import FAMILY
from contracts.layout import location_id
from contracts.optimize import Budget


def slotting_data(
    seed: int, skus: int = 12, aisles: int = 3, bays: int = 4, levels: int = 1, orders: int = 20, **more: Any
) -> dict[str, Any]:
    """A few articles, most of them asked for, each in one random slot of a small warehouse today."""
    rng = random.Random(seed)
    places = [
        location_id(a, side, b, level)
        for a in range(aisles)
        for side in "LR"
        for b in range(bays)
        for level in range(levels)
    ]
    names = [f"S{i:02d}" for i in range(skus)]
    chosen = rng.sample(places, skus)
    weights = [1 / (i + 1) for i in range(skus)]
    rng.shuffle(weights)
    return {
        "layout": {"type": "parametric", "aisles": aisles, "bays_per_block": bays, "levels": levels},
        "items": [{"sku": name} for name in names],
        "stock": [{"sku": name, "location": at, "quantity": 5} for name, at in zip(names, chosen, strict=True)],
        "orders": [
            {
                "id": f"O{i}",
                "lines": [
                    {"sku": sku, "quantity": 1} for sku in sorted(set(rng.choices(names, weights, k=rng.randint(1, 4))))
                ],
            }
            for i in range(orders)
        ],
        **more,
    }


def solved(data: dict[str, Any], iterations: int = 3000, seed: int = 1, **run: Any) -> Any:
    """(instance, answer), having looked that the answer passes its check and claims what the check finds."""
    instance = FAMILY.read(data)
    answer = FAMILY.solve(instance, Run(Budget(seconds=60, iterations=iterations, seed=seed), **run))
    report = FAMILY.check(instance, answer.solution, run.get("locks"))
    assert report.violations == ()
    assert abs(report.objective.value - answer.objective.value) < 1e-6 * max(1.0, abs(answer.objective.value))
    assert report.objective.parts.keys() == answer.objective.parts.keys()
    assert {one.id for one in report.unassigned} == {one.id for one in answer.unassigned}
    return instance, answer


def where(answer: Any) -> dict[str, list[str]]:
    """SKU → its locations."""
    found: dict[str, list[str]] = {}
    for one in answer.solution["assignments"]:
        found.setdefault(one["sku"], []).append(one["location"])
    return found
