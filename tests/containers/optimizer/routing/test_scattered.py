"""Scattered storage: the places chosen give the shortest walk of all choices, and take what the list needs."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.routing.warm import warm
from contracts.layout import ParametricLayout, location_id
from contracts.optimize import OptimizeRequest, OptimizeResult

SEED = 90


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Searches here have a time limit; loading or compiling kernels is not part of it."""
    warm()


def _solve(data: dict[str, Any], **more: Any) -> OptimizeResult:
    request = OptimizeRequest.model_validate({"problem": "routing", "data": data, "budget": {"seconds": 30}, **more})
    return execute(request, Run(request.budget))


def _data(rng: random.Random, blocks: int) -> dict[str, Any]:
    depot = {"aisle": rng.randrange(4), "cross_aisle": rng.choice([0, blocks])}
    layout = {"type": "parametric", "aisles": 4, "bays_per_block": 5, "blocks": blocks, "sides": 1, "depot": depot}
    places = rng.sample([(a, b) for a in range(4) for b in range(5 * blocks)], 9)
    stock = [
        {"sku": f"S{i % 3}", "location": location_id(a, "L", b, 0), "quantity": rng.randint(1, 3)}
        for i, (a, b) in enumerate(places)
    ]
    held = {sku: sum(line["quantity"] for line in stock if line["sku"] == sku) for sku in ("S0", "S1", "S2")}
    lines = [{"sku": sku, "quantity": rng.randint(1, min(4, pieces))} for sku, pieces in held.items()]
    return {"layout": layout, "stock": stock, "lists": [{"id": "L", "lines": lines}]}


def _shortest(data: dict[str, Any]) -> float:
    """Over every set of places that holds enough."""
    floor = AisleFloor(ParametricLayout.model_validate(data["layout"]))
    need = {line["sku"]: line["quantity"] for line in data["lists"][0]["lines"]}
    best = float("inf")
    for size in range(1, len(data["stock"]) + 1):
        for chosen in itertools.combinations(data["stock"], size):
            if all(sum(p["quantity"] for p in chosen if p["sku"] == sku) >= need[sku] for sku in need):
                best = min(best, floor.tour_length(floor.position(p["location"]) for p in chosen))
    return best


@pytest.mark.parametrize("blocks", [1, 2])
def test_no_choice_of_places_is_shorter(blocks: int) -> None:
    rng = random.Random(SEED + blocks)
    for trial in range(5):
        data = _data(rng, blocks)
        result = _solve(data)
        assert result.objective.value == pytest.approx(_shortest(data)), (SEED, blocks, trial)
        assert (result.status, result.bound.gap) == ("optimal", 0.0)


def test_lists_that_share_stock_never_take_more_than_there_is() -> None:
    data = _data(random.Random(SEED), 1)
    stock = {sku: sum(line["quantity"] for line in data["stock"] if line["sku"] == sku) for sku in ("S0", "S1")}
    half = [{"sku": sku, "quantity": pieces // 2} for sku, pieces in stock.items()]
    data["lists"] = [{"id": name, "lines": half} for name in ("first", "second")]
    result = _solve(data)
    assert result.unassigned == ()
    assert [route["id"] for route in result.solution["routes"]] == ["first", "second"]
    data["lists"].append({"id": "third", "lines": [{"sku": "S0", "quantity": stock["S0"]}]})
    assert [(one.id, one.reason) for one in _solve(data).unassigned] == [("third", "out-of-stock")]


def test_a_plan_that_takes_what_is_not_there_is_scored_as_infeasible() -> None:
    data = _data(random.Random(SEED), 1)
    plan = _solve(data).solution
    plan["routes"][0]["takes"][0]["quantity"] += 50
    assert _solve(data, mode="score", warm_start=plan).status == "infeasible"
