"""Random packing problems, and one call that solves and checks."""

from __future__ import annotations

import random
from typing import Any

from containers.optimizer.cartonization import FAMILY
from containers.optimizer.family import Answer, Run
from contracts.optimize import Budget, Incumbent


def pack(
    data: dict[str, Any],
    iterations: int = 60,
    seed: int = 1,
    locks: dict[str, Any] | None = None,
    warm_start: dict[str, Any] | None = None,
    seconds: float = 20.0,
    incumbents: list[Incumbent] | None = None,
) -> Answer:
    """Solve, and insist that the independent check agrees with plan and objective."""
    problem = FAMILY.read(data)
    run = Run(Budget(seconds=seconds, iterations=iterations or None, seed=seed), warm_start=warm_start, locks=locks)
    if incumbents is not None:
        run.on_incumbent = incumbents.append
    answer = FAMILY.solve(problem, run)
    report = FAMILY.check(problem, answer.solution, locks)
    assert report.violations == (), [fault.detail for fault in report.violations[:3]]
    assert abs(report.objective.value - answer.objective.value) <= 1e-6 * max(1.0, abs(report.objective.value))
    assert [u.id for u in report.unassigned] == [u.id for u in answer.unassigned]
    if answer.bound is not None and answer.bound.value is not None:
        slack = 1e-6 * max(1.0, abs(answer.objective.value))
        if answer.objective.sense == "min":
            assert answer.bound.value <= answer.objective.value + slack
        else:
            assert answer.bound.value >= answer.objective.value - slack
    return answer


def random_problem(rng: random.Random, dimensions: int = 3, rules: bool = True) -> dict[str, Any]:
    """A small problem with every rule in play now and then."""
    items: list[dict[str, Any]] = []
    for n in range(rng.randint(1, 8)):
        item: dict[str, Any] = {
            "id": f"i{n}",
            "quantity": rng.randint(1, 4),
            "length_mm": rng.randint(5, 60),
            "width_mm": rng.randint(5, 50),
            "height_mm": rng.randint(5, 40),
            "weight_g": rng.randint(0, 500),
            "rotations": rng.choice(["any", "upright", "fixed"]),
        }
        if rules:
            if rng.random() < 0.3:
                item["max_load_g"] = rng.choice([0, 100, 600])
            if rng.random() < 0.15:
                item["fragile"] = True
            if rng.random() < 0.3:
                item["sequence"] = rng.randint(0, 3)
            if rng.random() < 0.2:
                item["together"] = rng.choice(["g", "h"])
            elif rng.random() < 0.4:
                item["category"] = rng.choice(["food", "chemicals", "solo"])
            if rng.random() < 0.2:
                item["orientations"] = rng.sample(["LWH", "WLH", "LHW", "HLW", "WHL", "HWL"], rng.randint(1, 3))
                if dimensions == 2:
                    item["orientations"].append("LWH")
        items.append(item)
    cartons = []
    for n in range(rng.randint(1, 3)):
        carton: dict[str, Any] = {
            "id": f"t{n}",
            "length_mm": rng.randint(40, 90),
            "width_mm": rng.randint(30, 70),
            "height_mm": rng.randint(20, 60),
            "cost": rng.randint(1, 20),
        }
        if rules and rng.random() < 0.5:
            carton["max_weight_g"] = rng.randint(400, 3000)
        if rules and rng.random() < 0.3:
            carton["available"] = rng.randint(0, 4)
        if rules and rng.random() < 0.3:
            carton["access"] = "door"
        cartons.append(carton)
    return {
        "dimensions": dimensions,
        "objective": rng.choice(["cost", "count"]),
        "items": items,
        "cartons": cartons,
        "apart": [["food", "chemicals"], ["solo", "solo"]] if rules else [],
        "min_support": rng.choice([0.0, 0.5, 0.75, 1.0]),
    }
