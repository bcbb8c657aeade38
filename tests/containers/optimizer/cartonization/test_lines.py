"""Lengths into bars: patterns are those of full enumeration, and plans are the best of all on tiny and on built problems."""

from __future__ import annotations

import itertools
import random
from functools import cache
from typing import Any

import numpy as np
import pytest

from containers.optimizer.cartonization import FAMILY
from containers.optimizer.cartonization.lines import colgen
from containers.optimizer.cartonization.lines.knapsack import completions, fillings, list_fillings
from containers.optimizer.cartonization.solve import ABOVE_LINEAR_PROGRAM
from containers.optimizer.family import Run
from contracts.optimize import Budget
from tests.containers.optimizer.cartonization.helpers import pack


def _random_kinds(rng: random.Random) -> tuple[Any, Any, Any, int]:
    """Sizes falling, counts, values, capacity."""
    kinds = rng.randint(1, 6)
    sizes = np.array(sorted((rng.randint(3, 30) for _ in range(kinds)), reverse=True))
    counts = np.array([rng.randint(1, 3) for _ in range(kinds)])
    values = np.array([rng.choice([0.0, 1.0, 2.0, rng.random() * 5 + 0.1]) for _ in range(kinds)])
    return sizes, counts, values, rng.randint(20, 70)


def _every_filling(sizes: Any, counts: Any, capacity: int) -> list[Any]:
    every = [np.array(take) for take in itertools.product(*(range(n + 1) for n in counts))]
    return [take for take in every if take @ sizes <= capacity]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("grain", [1, 7])
def test_for_each_kind_the_search_finds_the_best_filling_that_begins_with_it(seed: int, grain: int) -> None:
    sizes, counts, values, capacity = _random_kinds(random.Random(seed))
    table = np.zeros((len(sizes) + 1, capacity // grain + 1))
    completions(sizes, counts, values, grain, table)
    inside = _every_filling(sizes, counts, capacity)
    for k in range(len(sizes)):
        assert table[k, -1] >= max(take @ values for take in inside if not take[:k].any()) - 1e-9
    found, worth = np.zeros((len(sizes), len(sizes)), dtype=np.int64), np.zeros(len(sizes))
    count, limit = fillings(sizes, counts, values, capacity, grain, table, 0.5, 10**6, found, worth)
    best: dict[int, float] = {}
    for take in inside:
        worthy = np.flatnonzero(take * values)
        if len(worthy) and take @ values > 0.5:
            best[int(worthy[0])] = max(best.get(int(worthy[0]), 0.0), float(take @ values))
    # A subtree whose bound ties with another's is a filling of its own: as many as kinds that can begin one.
    assert {int(np.flatnonzero(row)[0]): pytest.approx(w) for row, w in zip(found[:count], worth, strict=False)} == best
    assert limit == pytest.approx(max([0.5, *best.values()]))
    for row, w in zip(found[:count], worth, strict=False):
        assert row @ values == pytest.approx(w)
        assert row @ sizes <= capacity
        assert (row <= counts).all()


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("grain", [1, 7])
def test_listing_has_every_full_filling_above_the_threshold_once(seed: int, grain: int) -> None:
    rng = random.Random(seed)
    sizes, counts, values, capacity = _random_kinds(rng)
    inside = _every_filling(sizes, counts, capacity)
    above = rng.random() * max(take @ values for take in inside)
    full = sorted(
        tuple(take.tolist())
        for take in inside
        if take @ values > above and not any(c < n and take @ sizes + s <= capacity for c, n, s in zip(take, counts, sizes, strict=True))
    )  # fmt: skip
    table = np.zeros((len(sizes) + 1, capacity // grain + 1))
    completions(sizes, counts, values, grain, table)
    found = np.zeros((20_000, len(sizes)), dtype=np.int64)
    count, finished = list_fillings(sizes, counts, values, capacity, grain, table, above, 10**6, found)
    assert finished
    assert sorted(tuple(row) for row in found[:count].tolist()) == full


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
    """With a table of 60 cells, pricing is by search; for half of the seeds the program is asked before any dive."""
    rng = random.Random(seed)
    bar = rng.randint(40, 100)
    lengths = sorted((rng.randint(bar // 6, bar // 2 + 5) for _ in range(rng.randint(5, 10))), reverse=True)
    monkeypatch.setattr(colgen, "CELLS", (60, 60) if seed % 3 else (60, 10_000))
    if seed % 2:
        monkeypatch.setattr(colgen, "DIVES", (0,))
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


def _hard(rng: random.Random, pieces: int) -> dict[str, Any]:
    """As Scholl's third set: between a fifth and a third of the bar, and hardly two lengths alike."""
    items = [{"id": f"i{n}", "length_mm": rng.randint(20_000, 35_000)} for n in range(pieces)]
    return {"dimensions": 1, "items": items, "cartons": [{"id": "bar", "length_mm": 100_000}]}


@pytest.mark.parametrize("seed", range(4))
def test_few_pieces_a_bar_of_many_lengths_are_cut_at_the_bound(seed: int) -> None:
    data = _hard(random.Random(seed), 60)
    answer = pack(data, iterations=2_000, seconds=60)
    assert answer.bound is not None
    assert answer.objective.value == answer.bound.value
    assert answer.stopped_by == "optimal"


def _triplets(rng: random.Random, bars: int) -> dict[str, Any]:
    """As Falkenauer's triplets: three pieces fill each bar to the last millimetre."""
    lengths: list[int] = []
    for _ in range(bars):
        first = rng.randint(380, 490)
        second = rng.randint(250, (1000 - first) // 2 - 1)
        lengths += [first, second, 1000 - first - second]
    items = [{"id": f"i{n}", "length_mm": length} for n, length in enumerate(lengths)]
    return {"dimensions": 1, "items": items, "cartons": [{"id": "bar", "length_mm": 1000}]}


@pytest.mark.parametrize("seed", range(4))
def test_bars_that_have_to_be_filled_without_waste_are(seed: int) -> None:
    answer = pack(_triplets(random.Random(seed), 20), iterations=20_000, seconds=60)
    assert answer.objective.value == 20


@pytest.mark.parametrize("iterations", [1, 2, 5, 20])
def test_a_plan_stopped_at_any_time_serves_everything(iterations: int) -> None:
    answer = pack(_hard(random.Random(3), 100), iterations=iterations)
    assert answer.unassigned == ()


@pytest.mark.parametrize("seed", range(6))
def test_several_types_cost_no_more_than_the_best_of_them_alone(seed: int) -> None:
    rng = random.Random(seed)
    items = [{"id": f"i{n}", "length_mm": rng.randint(100, 900), "quantity": rng.randint(1, 4)} for n in range(20)]
    types = [{"id": f"t{n}", "length_mm": length, "cost": length // 10 + rng.randint(0, 20)} for n, length in enumerate((1000, 1300, 1700))]  # fmt: skip
    together = pack({"dimensions": 1, "items": items, "cartons": types}, iterations=40)
    alone = [pack({"dimensions": 1, "items": items, "cartons": [one]}, iterations=40) for one in types]
    assert together.objective.value <= min(answer.objective.value for answer in alone)


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
    cutting.bound = 2.0
    cutting.choose_among_all()
    assert (cutting.bound, cutting.lifted) == (3.0, True)


def _least_cost(kinds: list[tuple[int, int]], types: list[tuple[int, int]]) -> int:
    """kinds: (length, copies), types: (length, cost). Over every filling of every type that has the first piece left."""

    @cache
    def least(left: tuple[int, ...]) -> int:
        if not any(left):
            return 0
        first = next(k for k, n in enumerate(left) if n)
        found = 10**9
        for take in itertools.product(*(range(n + 1) for n in left)):
            length = sum(n * kinds[k][0] for k, n in enumerate(take))
            if take[first] and length <= max(room for room, _ in types):
                cost = min(cost for room, cost in types if length <= room)
                found = min(found, cost + least(tuple(n - m for n, m in zip(left, take, strict=True))))
        return found

    return least(tuple(n for _, n in kinds))


@pytest.mark.parametrize("seed", range(30))
def test_the_program_finds_a_plan_exactly_where_one_exists(seed: int) -> None:
    """Told the least cost of all, it finds a plan of that cost; told one less, it proves that there is none."""
    rng = random.Random(seed)
    bar = rng.randint(40, 100)
    lengths = sorted(rng.sample(range(bar // 7, bar // 2 + 8), 5))
    kinds = [(length, rng.randint(1, 2)) for length in lengths]
    types = [(bar, 1)] if seed % 2 else [(bar, 5), (bar * 2 // 3, rng.randint(2, 4))]
    data = {
        "dimensions": 1,
        "items": [{"id": f"i{length}", "length_mm": length, "quantity": n} for length, n in kinds],
        "cartons": [{"id": f"t{n}", "length_mm": room, "cost": cost} for n, (room, cost) in enumerate(types)],
    }
    best = _least_cost(kinds, types)
    problem = FAMILY.read(data)
    cutting = colgen.Cutting(problem, problem.counts, seed=1)
    cutting.run(lambda _rounds: False, lambda _cost, _bound: None)
    cutting.bound, cutting.lifted = float(best), False
    plan = cutting.choose_among_all()
    assert plan is not None, (seed, data)
    assert sum(types[t][1] for t, _ in plan) <= best
    assert (sum(copies for _, copies in plan) >= cutting.demand).all()
    cutting.bound = best - 1.0
    assert cutting.choose_among_all() is None
    assert (cutting.bound, cutting.lifted) == (best, True)


@pytest.mark.parametrize("seed", range(10))
def test_prices_of_a_longer_demand_make_no_filling_worth_more_than_its_bar(seed: int) -> None:
    rng = random.Random(seed)
    sizes, counts, _, bar = _random_kinds(rng)
    bar = max(bar, int(sizes[0]))
    items = [{"id": f"i{n}", "length_mm": int(s), "quantity": int(c)} for n, (s, c) in enumerate(zip(sizes, counts, strict=True))]  # fmt: skip
    problem = FAMILY.read({"dimensions": 1, "items": items, "cartons": [{"id": "bar", "length_mm": bar}]})
    cutting = colgen.Cutting(problem, problem.counts, seed=1)
    cutting.run(lambda _rounds: False, lambda _cost, _bound: None)
    inside = _every_filling(cutting.sizes, cutting.demand, cutting.room[0])
    for share in (*colgen.LONGER, 0.3):
        duals = cutting._nearby(share)
        assert duals is not None
        assert max(take @ duals for take in inside) <= 1 + 1e-9
        assert duals @ cutting.demand <= cutting.bound + 1e-9


def _little_waste(seed: int, pieces: int) -> dict[str, Any]:
    """As Hard28: lengths of 1 to 800, and bars of 1000. The seeds are ones whose bars have hardly a length to spare."""
    rng = random.Random(seed)
    items = [{"id": f"i{n}", "length_mm": rng.randint(1, 800)} for n in range(pieces)]
    return {"dimensions": 1, "items": items, "cartons": [{"id": "bar", "length_mm": 1000}]}


@pytest.mark.parametrize(("seed", "pieces"), [(12291, 60), (27481, 60), (13566, 100)])
def test_demands_without_a_plan_at_the_rounded_bound_are_proven_one_above_it(seed: int, pieces: int) -> None:
    data = _little_waste(seed, pieces)
    answer = pack(data, iterations=2_000, seconds=60)
    assert answer.bound is not None
    volume = sum(item["length_mm"] for item in data["items"])
    assert answer.objective.value == answer.bound.value == -(-volume // 1000) + 1
    assert answer.bound.method == ABOVE_LINEAR_PROGRAM


@pytest.mark.parametrize("seed", [4276, 10251, 14487])
def test_dives_that_fail_find_another_end_from_a_step_with_few_patterns_left(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dives themselves fail on these for long, and the program is not asked at the root."""
    monkeypatch.setattr(colgen, "DIVES", ())
    answer = pack(_little_waste(seed, 100), iterations=2_000, seconds=60)
    assert answer.bound is not None
    assert answer.objective.value == answer.bound.value
    again = pack(_little_waste(seed, 100), iterations=2_000, seconds=60)
    assert again.solution == answer.solution
