"""The routing family: optimal, checked, no longer than the S-shape rule."""

from __future__ import annotations

import random

import pytest

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.routing import FAMILY
from contracts.errors import ProblemError
from contracts.layout import location_id
from contracts.optimize import Budget, OptimizeRequest, OptimizeResult

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


class Slow(Run):
    """A clock that passes a tenth of a second with every look at it."""

    looks = 0

    @property
    def elapsed_s(self) -> float:
        Slow.looks += 1
        return Slow.looks / 10


def _many(lists: int) -> OptimizeRequest:
    request = _request(1, [["A02-L-003-1", "A05-R-007-1"]] * lists)
    return request.model_copy(update={"budget": Budget(seconds=100.0)})


def test_when_routes_take_all_the_time_only_s_shape_is_measured_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two looks a route, 0.2 s: of 400 routes those after the 100th are behind, for 80 s and what finishing takes are more
    than 100 s, by a third: not so much that all would be refused."""
    monkeypatch.setattr(Slow, "looks", 0)
    request = _many(400)
    result = execute(request, Slow(request.budget, reading_s=0.0))
    kinds = [set(route["rules_m"]) for route in result.solution["routes"]]
    assert len(kinds[0]) > 1
    assert kinds[-1] == {"s_shape"}
    assert all(route["s_shape_m"] for route in result.solution["routes"])


def test_more_lists_than_the_time_allows_are_refused_once_some_have_been_walked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Slow, "looks", 0)
    request = _many(2000)
    with pytest.raises(ProblemError) as caught:
        execute(request, Slow(request.budget))
    assert (caught.value.code, caught.value.errors[0].pointer) == ("too-large-to-solve", "/budget/seconds")
    assert caught.value.extra["enough"] > 100


def test_without_time_for_searching_articles_are_taken_from_near_places() -> None:
    """Both places of "a" hold enough; the one two bays in is nearer than the one six bays in."""
    stock = [
        {"sku": "a", "location": "A01-L-006-1", "quantity": 5},
        {"sku": "a", "location": "A01-L-002-1", "quantity": 5},
    ]
    layout = {"type": "parametric", "aisles": 6, "bays_per_block": 8, "blocks": 1}
    data = {"layout": layout, "stock": stock, "lists": [{"id": "L", "lines": [{"sku": "a", "quantity": 1}]}]}
    instance = FAMILY.read(data)
    answer = FAMILY.solve(instance, Run(Budget(seconds=1e-6)))
    assert [take["location"] for take in answer.solution["routes"][0]["takes"]] == ["A01-L-002-1"]
    assert answer.bound is not None
    assert answer.bound.value is None
    assert FAMILY.check(instance, answer.solution, None).violations == ()
