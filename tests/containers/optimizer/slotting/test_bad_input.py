"""Input that cannot be a slotting problem: the field and the cure, never a plan."""

from __future__ import annotations

import random
from typing import Any

import pytest

from containers.optimizer.family import Run
from containers.optimizer.slotting import FAMILY
from contracts.errors import ProblemError
from contracts.optimize import Budget
from tests.containers.optimizer.slotting.helpers import slotting_data


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"surplus": 1}, "/data/surplus"),
        ({"objective": "beauty"}, "/data/objective"),
        ({"horizon_days": float("nan")}, "/data/horizon_days"),
        ({"items": [{"sku": "A"}, {"sku": "A"}]}, "/data"),
        ({"stock": [{"sku": "S00", "location": "B99", "quantity": 1}]}, "/data/stock/0/location"),
        ({"slots": [{"location": "B99"}]}, "/data/slots/0/location"),
        ({"blocked": ["B99"]}, "/data/blocked"),
        ({"rules": {"zones": [{"tag": "x"}]}}, "/data/rules/zones/0"),
        ({"rules": {"zones": [{"tag": "x", "only": ["moon"]}]}}, "/data/rules/zones/0/only"),
        ({"rules": {"zones": [{"tag": "x", "only": ["main"], "never": ["main"]}]}}, "/data/rules/zones/0"),
        ({"rules": {"apart": [{"tags": ["x", "x"]}]}}, "/data/rules/apart/0"),
        ({"rules": {"heavy": {"from_g": 1, "levels": [7]}}}, "/data/rules/heavy/levels"),
        ({"needs": [{"sku": "A", "picks": -1}]}, "/data/needs/0/picks"),
        ({"layout": {"aisles": 0, "bays_per_block": 4}}, "/data/layout"),
    ],
)
def test_a_fault_is_named_by_its_pointer(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        FAMILY.read({**slotting_data(1), **change})
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors)


@pytest.mark.parametrize("seed", range(25))
def test_random_contradictory_problems_get_a_checked_plan_or_a_named_fault(seed: int) -> None:
    """Tiny limits, unknown sizes, rules that fight each other, too many articles, nothing at all."""
    rng = random.Random(seed)
    data = slotting_data(seed, skus=rng.randint(1, 20), aisles=3, orders=rng.choice([0, 5]))
    tags = ["cold", "food", "paint"]
    for item in data["items"]:
        item["attributes"] = rng.sample(tags, rng.randint(0, 2))
        if rng.random() < 0.7:
            item |= {"weight_g": rng.randint(0, 900), "length_mm": 50, "width_mm": 50, "height_mm": rng.randint(1, 400)}
    if rng.random() < 0.7:
        data["layout"]["location_limits"] = {"max_weight_g": rng.randint(1, 3000), "height_mm": rng.randint(1, 500)}
    data["layout"]["zones"] = [{"id": "z", "first_aisle": 0, "last_aisle": 0, "attributes": ["cold"]}]
    data["rules"] = {
        "max_skus_per_slot": rng.choice([1, 3]),
        "zones": [{"tag": "cold", "only": ["cold"], "exclusive": rng.random() < 0.5}] if rng.random() < 0.6 else [],
        "apart": [{"tags": ["food", "paint"], "within": rng.choice(["slot", "bay", "aisle", "zone"])}],
        "together": [{"tag": "food", "within": rng.choice(["aisle", "zone"])}] if rng.random() < 0.6 else [],
    }
    data["blocked"] = rng.sample([line["location"] for line in data["stock"]], min(2, len(data["stock"])))
    data["objective"] = rng.choice(["cube_per_order", "frequency", "affinity", "pick_distance"])
    instance = FAMILY.read(data)
    answer = FAMILY.solve(instance, Run(Budget(seconds=20, iterations=500, seed=seed)))
    report = FAMILY.check(instance, answer.solution, None)
    assert report.violations == ()
    assert report.objective.value == pytest.approx(answer.objective.value)
    assert all(one.reason and one.smallest_change for one in answer.unassigned)
    bound = answer.bound or FAMILY.bound(instance, answer)
    assert bound.value is None or bound.value <= answer.objective.value + 1e-6
