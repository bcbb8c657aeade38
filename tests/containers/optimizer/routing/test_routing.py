"""The routing family: optimal, checked, no longer than the S-shape rule."""

from __future__ import annotations

import random

import pytest

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from contracts.errors import ProblemError
from contracts.layout import location_id
from contracts.optimize import OptimizeRequest, OptimizeResult

SEED = 77


def _request(blocks: int, lists: list[list[str]]) -> OptimizeRequest:
    layout = {"type": "parametric", "aisles": 6, "bays_per_block": 8, "blocks": blocks}
    data = {"layout": layout, "lists": [{"id": f"L{i}", "locations": one} for i, one in enumerate(lists)]}
    return OptimizeRequest(problem="routing", data=data)


def _solve(request: OptimizeRequest) -> OptimizeResult:
    return execute(request, Run(request.budget))


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_routes_are_optimal_and_no_longer_than_s_shape(blocks: int) -> None:
    rng = random.Random(SEED + blocks)
    lists = [
        [location_id(rng.randrange(6), rng.choice("LR"), rng.randrange(8 * blocks), 0) for _ in range(9)]
        for _ in range(20)
    ]
    result = _solve(_request(blocks, lists))
    assert (result.status, result.bound.gap) == ("optimal", 0.0)
    for route in result.solution["routes"]:
        assert route["distance_m"] <= route["s_shape_m"] + 1e-6, SEED


def test_one_pick_is_walked_to_and_back() -> None:
    # Depot at aisle 0, front. Aisle 2 lies 2 x 5 m to the right; bay 3 lies 1 + 2 x 1 m in: 2 x (10 + 3) = 26 m.
    assert _solve(_request(1, [["A03-L-003-1"]])).objective.value == pytest.approx(26.0)


def test_an_unknown_location_is_pointed_at() -> None:
    with pytest.raises(ProblemError) as caught:
        _solve(_request(1, [["A01-L-001-1", "A09-L-001-1"]]))
    assert caught.value.errors[0].pointer == "/data/lists/0/locations/1"
