"""Every answer is feasible, whatever the rules; its bound holds; equal runs give equal answers."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.containers.optimizer.cartonization.helpers import pack, random_problem


@pytest.mark.parametrize("seed", range(60))
def test_a_random_problem_with_every_rule_gets_a_feasible_plan(seed: int) -> None:
    """`pack` runs the check; what is left out carries a reason and a cure."""
    rng = random.Random(seed)
    data = random_problem(rng, dimensions=rng.choice([1, 2, 3, 3, 3]))
    answer = pack(data, iterations=40)
    for left in answer.unassigned:
        assert left.reason
        assert left.smallest_change


def test_the_same_seed_and_iterations_give_the_same_plan() -> None:
    data = random_problem(random.Random(5))
    assert pack(data, iterations=150, seed=3) == pack(data, iterations=150, seed=3)


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_the_items_changes_no_optimal_cost(seed: int) -> None:
    """Six pieces in one type: the search closes both orders of the input to the same cost."""
    rng = random.Random(100 + seed)
    items = [
        {"id": f"i{n}", "length_mm": rng.randint(20, 60), "width_mm": rng.randint(20, 60), "height_mm": 10}
        for n in range(6)
    ]
    cartons = [{"id": "t", "length_mm": 70, "width_mm": 70, "height_mm": 10}]
    data = {"dimensions": 2, "items": items, "cartons": cartons}
    shuffled = {**data, "items": rng.sample(items, len(items))}
    assert pack(data, 300).objective.value == pack(shuffled, 300).objective.value


@pytest.mark.parametrize("seed", range(8))
def test_one_more_carton_never_leaves_more_out(seed: int) -> None:
    rng = random.Random(200 + seed)
    data = random_problem(rng, rules=False)
    for carton in data["cartons"]:
        carton["available"] = rng.randint(0, 1)
    before = pack(data, 200)
    more: dict[str, Any] = {**data, "cartons": [{**c, "available": c["available"] + 1} for c in data["cartons"]]}
    after = pack(more, 200)
    assert after.objective.value <= before.objective.value
    assert len(after.unassigned) <= len(before.unassigned)


def test_incumbents_get_better_and_end_with_the_answer() -> None:
    rng = random.Random(7)
    items = [
        {"id": f"i{n}", "length_mm": rng.randint(10, 60), "width_mm": rng.randint(10, 60), "height_mm": 1}
        for n in range(60)
    ]
    data = {"dimensions": 2, "items": items, "cartons": [{"id": "t", "length_mm": 100, "width_mm": 100}]}
    seen: list[Any] = []
    answer = pack(data, 400, incumbents=seen)
    values = [incumbent.objective for incumbent in seen]
    assert values == sorted(values, reverse=True)
    assert values
    assert values[-1] >= answer.objective.value


def test_a_plan_that_lacks_pieces_is_completed_before_the_search_begins() -> None:
    """A warm start with one of four full cartons: without an iteration the rest goes into three more."""
    edges = ("length_mm", "width_mm", "height_mm")
    data: dict[str, Any] = {
        "items": [{"id": "box", "quantity": 32} | dict.fromkeys(edges, 100)],
        "cartons": [{"id": "cube"} | dict.fromkeys(edges, 200)],
    }
    corners = [(x, y, z) for z in (0, 100) for y in (0, 100) for x in (0, 100)]
    placements = [
        {"item": "box", "piece": n, "x": x, "y": y, "z": z} | dict.fromkeys(edges, 100)
        for n, (x, y, z) in enumerate(corners)
    ]
    start = {"cartons": [{"id": "C1", "type": "cube", "placements": placements}]}
    answer = pack(data, iterations=1, warm_start=start)
    assert answer.unassigned == ()
    assert answer.objective.value == 4
