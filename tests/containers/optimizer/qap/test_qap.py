"""Quadratic assignment: gains carried over move by move, optima of tiny instances, the bound below them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from containers.optimizer.chance import stream
from containers.optimizer.qap import memetic, tabu
from containers.optimizer.qap.bound import gilmore_lawler
from containers.optimizer.qap.instance import Quadratic


def _random(seed: int, size: int, shape: str) -> Quadratic:
    rng = np.random.default_rng(seed)
    flow, distance = rng.integers(0, 20, (2, size, size)).astype(np.float64)
    if shape in ("symmetric", "half"):
        distance = distance + distance.T
    if shape == "symmetric":
        flow = flow + flow.T
    linear = rng.integers(0, 50, (size, size)).astype(np.float64) if seed % 2 else None
    return Quadratic(flow, distance, linear)


@pytest.mark.parametrize("shape", ["symmetric", "half", "asymmetric"])
@pytest.mark.parametrize("seed", range(4))
def test_gains_stay_exact_over_many_swaps(shape: str, seed: int) -> None:
    problem = _random(seed, 9, shape)
    arrays, state = tabu.transposed(*problem.arrays), tabu.scratch(9)
    rng = np.random.default_rng(seed)
    place = rng.permutation(9)
    assert tabu.prepare(arrays, problem.symmetric, place, state) == pytest.approx(problem.cost(place))
    for _ in range(30):
        u, v = sorted(rng.choice(9, 2, replace=False).tolist())
        tabu.swap(arrays, problem.symmetric, place, state, u, v)
    now = problem.cost(place)
    for r, s in itertools.combinations(range(9), 2):
        other = place.copy()
        other[r], other[s] = other[s], other[r]
        assert state[2][r, s] == pytest.approx(problem.cost(other) - now)


@pytest.mark.parametrize("shape", ["symmetric", "half", "asymmetric"])
@pytest.mark.parametrize("seed", range(3))
def test_tiny_instances_are_solved_and_bounded(shape: str, seed: int) -> None:
    problem = _random(seed, 6, shape)
    best = min(problem.cost(np.array(p)) for p in itertools.permutations(range(6)))
    found = memetic.solve(problem, lambda moves: moves >= 2000, seed=seed)
    assert found.value == pytest.approx(best)
    assert sorted(found.place.tolist()) == list(range(6))
    assert gilmore_lawler(problem) <= best + 1e-9


def test_a_search_cut_into_pieces_takes_the_same_course() -> None:
    problem = _random(1, 12, "symmetric")
    arrays = tabu.transposed(*problem.arrays)
    values = []
    for pieces in ([200], [1, 50, 149]):
        state, random, totals = tabu.scratch(12), stream(5), np.zeros(2)
        place, best = np.arange(12), np.arange(12)
        totals[0] = tabu.prepare(arrays, problem.symmetric, place, state)
        made = 0
        for count in pieces:
            tabu.search(arrays, problem.symmetric, place, state, made + 1, count, random, totals, best)
            made += count
        values.append((totals.tolist(), place.tolist(), best.tolist()))
    assert values[0] == values[1]


def test_equal_seeds_give_equal_outcomes_and_a_start_is_never_lost() -> None:
    problem = _random(2, 25, "symmetric")
    one, two = (memetic.solve(problem, lambda moves: moves >= 20_000, seed=4) for _ in range(2))
    assert one.place.tolist() == two.place.tolist()
    kept = memetic.solve(problem, lambda moves: moves >= 1, start=one.place)
    assert kept.value <= one.value


def test_the_search_ends_when_the_bound_is_met() -> None:
    problem = Quadratic(np.zeros((8, 8)), np.ones((8, 8)))
    assert memetic.solve(problem, lambda _moves: False, least=gilmore_lawler(problem)).value == 0.0


def test_matrices_that_do_not_match_or_are_not_finite_are_refused() -> None:
    square = np.ones((3, 3))
    for flow, distance, linear in (
        (np.ones((3, 2)), square, None),
        (square, np.ones((4, 4)), None),
        (square, square, np.ones((2, 3))),
        (square, np.full((3, 3), np.nan), None),
    ):
        with pytest.raises(ValueError, match=r"must|finite"):
            Quadratic(flow, distance, linear)
