"""Generalised assignment: optima of tiny instances, bounds below them, several resources, what cannot be done."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from containers.optimizer.gap.dive import suits
from containers.optimizer.gap.instance import Generalised
from containers.optimizer.gap.search import solve


def _random(seed: int, jobs: int = 6, agents: int = 3, resources: int = 1, tight: float = 0.8) -> Generalised:
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 20, (resources, jobs, agents)).astype(np.float64)
    cost = (25 - weight[0] + rng.integers(0, 10, (jobs, agents))).astype(np.float64)
    cost[rng.random((jobs, agents)) < 0.1] = np.inf
    cost[np.arange(jobs), rng.integers(0, agents, jobs)] = 30.0
    capacity = np.ceil(tight * weight.sum(axis=1) / agents) + 8
    return Generalised(cost, weight, capacity)


def _by_trial(problem: Generalised) -> float:
    found = np.inf
    for choice in itertools.product(range(problem.agents), repeat=problem.jobs):
        agent = np.array(choice)
        if problem.feasible(agent):
            found = min(found, problem.value(agent))
    return found


@pytest.mark.parametrize("resources", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_tiny_instances_are_solved_and_bounded(seed: int, resources: int) -> None:
    problem = _random(seed, resources=resources)
    best = _by_trial(problem)
    found = solve(problem, 30.0, rounds=200, seed=seed)
    assert found.bound <= best + 1e-6
    assert found.value == pytest.approx(best)
    if np.isfinite(best):
        assert found.agent is not None
        assert problem.feasible(found.agent)
        assert problem.value(found.agent) == found.value


def test_weights_that_are_not_whole_take_the_other_way() -> None:
    whole = _random(3)
    broken = Generalised(whole.cost, whole.weight * 0.7, whole.capacity * 0.7)
    assert suits(whole)
    assert not suits(broken)
    assert solve(broken, 30.0, rounds=200).value == pytest.approx(_by_trial(broken))


def test_equal_seeds_give_equal_assignments_and_a_start_is_never_lost() -> None:
    problem = _random(5, jobs=40, agents=5)
    one, two = (solve(problem, 60.0, rounds=6, seed=2) for _ in range(2))
    assert one.agent is not None
    assert two.agent is not None
    assert one.agent.tolist() == two.agent.tolist()
    assert solve(problem, 60.0, rounds=1, start=one.agent).value <= one.value


def test_more_capacity_never_hurts_the_bound_and_impossible_problems_have_no_assignment() -> None:
    problem = _random(6)
    roomy = Generalised(problem.cost, problem.weight, problem.capacity * 2)
    assert solve(roomy, 30.0, rounds=100).value <= solve(problem, 30.0, rounds=100).value
    nothing = Generalised(problem.cost, problem.weight, problem.capacity * 0)
    assert solve(nothing, 30.0, rounds=5).agent is None
    empty = solve(Generalised(np.zeros((0, 2)), np.zeros((1, 0, 2)), np.ones((1, 2))), 1.0)
    assert (empty.value, len(empty.agent if empty.agent is not None else [0])) == (0.0, 0)


def test_arrays_that_do_not_match_or_hold_no_numbers_are_refused() -> None:
    cost, weight, room = np.ones((3, 2)), np.ones((1, 3, 2)), np.ones((1, 2))
    for wrong in (
        (cost, np.ones((1, 2, 3)), room),
        (cost, weight, np.ones((2, 2))),
        (np.full((3, 2), np.nan), weight, room),
        (cost, -weight, room),
        (cost, weight, np.full((1, 2), np.nan)),
    ):
        with pytest.raises(ValueError, match=r"cost|must be"):
            Generalised(*wrong)
