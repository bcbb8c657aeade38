"""The job shop core against brute force, and against its own rules."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from containers.optimizer.jobshop.search import Shop, solve

# Fisher & Thompson 1963, ft06: the optimum is 55.
FT06 = [
    [(2, 1), (0, 3), (1, 6), (3, 7), (5, 3), (4, 6)],
    [(1, 8), (2, 5), (4, 10), (5, 10), (0, 10), (3, 4)],
    [(2, 5), (3, 4), (5, 8), (0, 9), (1, 1), (4, 7)],
    [(1, 5), (0, 5), (2, 5), (3, 3), (4, 8), (5, 9)],
    [(2, 9), (1, 3), (4, 5), (5, 4), (0, 3), (3, 1)],
    [(1, 3), (3, 3), (5, 9), (0, 10), (4, 4), (2, 1)],
]


def brute_force(jobs: list[list[tuple[int, int]]]) -> int:
    """The best makespan over every order in which jobs can take turns."""
    turns = [number for number, job in enumerate(jobs) for _ in job]
    best = 10**9
    for order in set(itertools.permutations(turns)):
        ready, free, step = [0] * len(jobs), dict.fromkeys(range(9), 0), [0] * len(jobs)
        for job in order:
            machine, duration = jobs[job][step[job]]
            ready[job] = free[machine] = max(ready[job], free[machine]) + duration
            step[job] += 1
        best = min(best, max(ready))
    return best


def after(limit: int):  # type: ignore[no-untyped-def]
    return lambda moves: moves >= limit


def test_the_optimum_of_a_published_instance_is_found() -> None:
    assert solve(Shop.of(FT06), should_stop=after(100_000)).makespan == 55


@pytest.mark.parametrize("seed", range(12))
def test_small_shops_are_solved_to_the_optimum(seed: int) -> None:
    generator = random.Random(seed)
    jobs = [[(generator.randrange(3), generator.randint(0, 9)) for _ in range(2 + job % 2)] for job in range(3)]
    shop = Shop.of(jobs)
    found = solve(shop, seed=seed + 1, should_stop=after(3_000))
    assert found.makespan == brute_force(jobs), jobs
    assert shop.bound() <= found.makespan


def test_a_schedule_keeps_the_jobs_order_and_one_operation_a_machine() -> None:
    shop = Shop.of(FT06)
    found = solve(shop, should_stop=after(2_000))
    start = found.starts(shop)
    end = start + shop.duration
    for job in range(shop.jobs):
        steps = range(int(shop.first[job]), int(shop.first[job + 1]))
        assert all(end[a] <= start[b] for a, b in itertools.pairwise(steps))
    for machine in range(shop.machines):
        rows = np.flatnonzero(shop.machine == machine)
        rows = rows[np.argsort(start[rows])]
        assert all(end[a] <= start[b] for a, b in itertools.pairwise(rows))
    assert end.max() == found.makespan


def test_the_same_seed_and_moves_give_the_same_schedule() -> None:
    one, other = (solve(Shop.of(FT06), seed=5, should_stop=after(8_000)) for _ in range(2))
    assert one.makespan == other.makespan
    assert np.array_equal(one.sequence, other.sequence)


@pytest.mark.parametrize("jobs", [[], [[]], [[(0, -1)]], [[(-1, 3)]]])
def test_a_shop_without_operations_or_with_negative_numbers_is_refused(jobs: list[list[tuple[int, int]]]) -> None:
    with pytest.raises(ValueError, match="job shop"):
        Shop.of(jobs)
