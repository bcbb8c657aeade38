"""Bounds on searched tours: never above the shortest, close to what search finds, in one-way aisles as elsewhere."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.matrix import MatrixTours
from containers.optimizer.routing.held_karp import arborescence, tour_bound
from contracts.layout import ParametricLayout, location_id
from contracts.optimize import OptimizeRequest, OptimizeResult
from tests.containers.optimizer.floor.test_graphs import ladder_graph

SEED = 808


def _solve(layout: dict[str, Any], lists: list[list[str]]) -> OptimizeResult:
    data = {"layout": layout, "lists": [{"id": f"L{i}", "locations": one} for i, one in enumerate(lists)]}
    request = OptimizeRequest.model_validate({"problem": "routing", "data": data, "budget": {"seconds": 30}})
    return execute(request, Run(request.budget))


def _cheapest_by_listing(cost: np.ndarray, root: int) -> float:
    others = [j for j in range(len(cost)) if j != root]
    best = np.inf
    for parents in itertools.product(range(len(cost)), repeat=len(others)):
        parent = dict(zip(others, parents, strict=True))

        def reaches(j: int, parent: dict[int, int] = parent) -> bool:
            for _ in parent:
                j = root if j == root else parent[j]
            return j == root

        if all(parent[j] != j and reaches(j) for j in others):
            best = min(best, sum(cost[parent[j], j] for j in others))
    return float(best)


def test_the_cheapest_arborescence_is_that_of_all() -> None:
    random_numbers = np.random.default_rng(SEED)
    for trial in range(40):
        cost = random_numbers.integers(1, 20, (5, 5)).astype(float)
        root = int(random_numbers.integers(5))
        cost[:, root] = np.inf
        parent = np.empty(5, dtype=np.int64)
        arborescence(cost, root, parent)
        found = sum(cost[parent[j], j] for j in range(5) if j != root)
        assert found == _cheapest_by_listing(cost, root), (SEED, trial)


@pytest.mark.parametrize("one_way", [False, True])
def test_a_bound_is_at_most_the_shortest_tour_and_near_it(one_way: bool) -> None:
    random_numbers = np.random.default_rng(SEED)
    shortest = bounds = 0.0
    for trial in range(20):
        places = random_numbers.random((11, 2)) * 100
        walks = np.abs(places[:, None] - places[None]).sum(axis=2)
        walks *= 1 + random_numbers.random(walks.shape) if one_way else 1
        tours = MatrixTours.numbered(walks)
        length, _ = tours.tour(range(9))  # few enough stops for the shortest
        bound = tour_bound(tours.matrix, length)
        assert bound <= length + 1e-9, (SEED, trial)
        shortest, bounds = shortest + length, bounds + bound
    assert bounds >= 0.97 * shortest, SEED


def test_more_blocks_than_exact_tours_take_have_a_bound_below_the_true_shortest() -> None:
    """Four blocks told as five, the fifth without picks: the shortest walk is known from the exact sweep."""
    rng = random.Random(SEED)
    layout = {"type": "parametric", "aisles": 6, "blocks": 5, "bays_per_block": 6}
    exact = AisleFloor(ParametricLayout(aisles=6, blocks=4, bays_per_block=6))
    names = [location_id(rng.randrange(6), "L", rng.randrange(24), 0) for _ in range(40)]
    result = _solve(layout, [names])
    # Nothing gains by walking on to the back of the fifth block.
    shortest = exact.tour_length({exact.position(name) for name in names})
    assert result.bound.value is not None
    assert result.bound.gap is not None
    assert result.bound.value <= shortest + 1e-6 <= result.objective.value + 2e-6, SEED
    assert result.bound.gap < 0.08, SEED


def test_few_stops_on_any_graph_are_optimal_and_many_have_a_gap() -> None:
    rng = random.Random(SEED)
    drawn = ladder_graph(rng, 8, 2)
    edges = [
        edge.model_copy(update={"one_way": edge.from_node.startswith(("p1", "c1")) and edge.length_m != 4.0})
        for edge in drawn.edges
    ]
    layout = drawn.model_copy(update={"edges": tuple(edges)}).model_dump(mode="json")
    names = [place.id for place in drawn.locations]
    few = _solve(layout, [rng.sample(names, 5)])
    assert (few.status, few.bound.gap) == ("optimal", 0.0)
    many = _solve(layout, [rng.sample(names, 25)])
    assert many.bound.gap is not None
    assert 0 <= many.bound.gap < 0.15, SEED
