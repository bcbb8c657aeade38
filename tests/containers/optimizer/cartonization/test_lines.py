"""Lengths into bars: patterns by search are those of the dynamic program, and plans are the best of all on tiny problems."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from containers.optimizer.cartonization import FAMILY
from containers.optimizer.cartonization.lines import colgen
from containers.optimizer.cartonization.lines.knapsack import knapsack, search
from containers.optimizer.family import Run
from contracts.optimize import Budget


def _random_kinds(rng: random.Random) -> tuple[Any, Any, Any, int]:
    kinds = rng.randint(1, 6)
    sizes = np.array([rng.randint(3, 30) for _ in range(kinds)])
    counts = np.array([rng.randint(1, 3) for _ in range(kinds)])
    values = np.array([rng.choice([1.0, 2.0, rng.random() * 5 + 0.1]) for _ in range(kinds)])
    order = np.argsort(-values / sizes, kind="stable")
    return sizes[order], counts[order], values[order], rng.randint(20, 70)


@pytest.mark.parametrize("seed", range(40))
def test_the_search_finds_the_filling_of_the_dynamic_program(seed: int) -> None:
    sizes, counts, values, capacity = _random_kinds(random.Random(seed))
    best, _ = knapsack(sizes, counts, values, capacity, np.zeros((int(counts.sum()), capacity + 1), dtype=np.bool_))
    found, worth = np.zeros((4, len(sizes)), dtype=np.int64), np.zeros(4)
    count, finished = search(sizes, counts, values, capacity, 0.0, 10**6, found, worth)
    assert finished
    if best > 0:
        filling = found[count - 1]
        assert worth[count - 1] == pytest.approx(best)
        assert filling @ values == pytest.approx(best)
        assert filling @ sizes <= capacity
        assert (filling <= counts).all()
    assert search(sizes, counts, values, capacity, best + 1e-9, 10**6, found, worth) == (0, True)


@pytest.mark.parametrize("seed", range(40))
def test_listing_has_every_full_filling_above_the_threshold_once(seed: int) -> None:
    rng = random.Random(seed)
    sizes, counts, values, capacity = _random_kinds(rng)
    every = [np.array(take) for take in itertools.product(*(range(n + 1) for n in counts))]
    inside = [take for take in every if take @ sizes <= capacity]
    above = rng.random() * max(take @ values for take in inside)
    full = {
        tuple(take)
        for take in inside
        if take @ values > above + 1e-9 and not any(c < n and take @ sizes + s <= capacity for c, n, s in zip(take, counts, sizes, strict=True))
    }  # fmt: skip
    found, worth = np.zeros((20_000, len(sizes)), dtype=np.int64), np.full(20_000, -1.0)
    count, finished = search(sizes, counts, values, capacity, above, 10**6, found, worth)
    listed = [tuple(row) for row in found[:count].tolist()]
    assert finished
    assert len(set(listed)) == count
    assert full <= set(listed)
    assert all(np.array(take) @ values > above and np.array(take) @ sizes <= capacity for take in listed)


def _fewest_bars(lengths: list[int], bar: int) -> int:
    """Over all ways to give each piece one of the bars begun, or the next."""
    best = len(lengths)

    def place(i: int, loads: list[int]) -> None:
        nonlocal best
        if len(loads) >= best:
            return
        if i == len(lengths):
            best = len(loads)
            return
        for b in range(len(loads)):
            if loads[b] + lengths[i] <= bar:
                loads[b] += lengths[i]
                place(i + 1, loads)
                loads[b] -= lengths[i]
        place(i + 1, [*loads, lengths[i]])

    place(0, [])
    return best


@pytest.mark.parametrize("seed", range(25))
def test_tiny_plans_are_the_best_and_bounds_hold_whether_dives_find_them_or_the_program(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is asked after the first dive; with QUICK_CELLS at 0 and a coarse grain, patterns come by search."""
    rng = random.Random(seed)
    bar = rng.randint(40, 100)
    lengths = sorted((rng.randint(bar // 6, bar // 2 + 5) for _ in range(rng.randint(5, 10))), reverse=True)
    if seed % 2:
        monkeypatch.setattr(colgen, "QUICK_CELLS", 0)
        monkeypatch.setattr(colgen, "COARSE", (15,))
    monkeypatch.setattr(colgen, "DIVES", (1,))
    data = {
        "dimensions": 1,
        "items": [{"id": f"i{n}", "length_mm": length} for n, length in enumerate(lengths)],
        "cartons": [{"id": "bar", "length_mm": bar}],
    }
    problem = FAMILY.read(data)
    answer = FAMILY.solve(problem, Run(Budget(seconds=30, iterations=300)))
    assert FAMILY.check(problem, answer.solution, None).violations == ()
    best = _fewest_bars(lengths, bar)
    assert answer.objective.value == best, (seed, bar, lengths)
    assert answer.bound is not None
    assert answer.bound.value is not None
    assert answer.bound.value <= best


def test_where_no_plan_reaches_the_rounded_bound_the_program_proves_one_more() -> None:
    """Three pieces of 6 need three bars of 10. Told that two are enough, the program finds no two and raises the bound."""
    data = {
        "dimensions": 1,
        "items": [{"id": "a", "length_mm": 6, "quantity": 3}, {"id": "b", "length_mm": 4, "quantity": 2}],
        "cartons": [{"id": "bar", "length_mm": 10}],
    }
    problem = FAMILY.read(data)
    cutting = colgen.Cutting(problem, problem.counts, seed=1)
    cutting.run(lambda _rounds: False, lambda _cost, _bound: None)
    assert (cutting.cost, cutting.bound) == (3, 3)  # 6 + 4, 6 + 4, 6
    assert cutting.root is not None
    cutting.bound = 2.0
    cutting._choose_among_all(cutting.root, lambda: 10.0)
    assert (cutting.bound, cutting.lifted) == (3.0, True)
