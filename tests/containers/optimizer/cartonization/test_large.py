"""Thousands of pieces, dozens of carton types: first plans in the time that there is, with the work made smaller."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from containers.optimizer.cartonization import FAMILY
from containers.optimizer.cartonization.bound import lower_bound
from containers.optimizer.cartonization.boxes import solver
from containers.optimizer.cartonization.boxes.data import build_model
from containers.optimizer.cartonization.boxes.solver import BoxSearch
from containers.optimizer.cartonization.plan import packing_order, to_solution
from containers.optimizer.cartonization.problem import parse

SEED = 12


def data(kinds: int, types: int = 2) -> dict[str, Any]:
    rng = random.Random(SEED)
    size = ("length_mm", "width_mm", "height_mm")
    return {
        "items": [{"id": f"I{i}"} | {edge: rng.randint(40, 200) for edge in size} for i in range(kinds)],
        "cartons": [{"id": f"C{t}", "cost": 3 + t} | dict.fromkeys(size, 250 + 10 * t) for t in range(types)],
    }


@pytest.mark.parametrize(
    ("seconds", "parts", "why"),
    [
        (math.inf, [40], "time does not count"),
        (1e9, [10, 10, 20], "two probes, then all the rest at once"),
        (1e-9, [10, 10, 5, 5, 5, 5], "two probes, then as few as are allowed"),
    ],
)
def test_parts_of_a_first_plan_are_as_large_as_the_time_allows(
    monkeypatch: pytest.MonkeyPatch, seconds: float, parts: list[int], why: str
) -> None:
    for name, value in (("PROBED_FROM", 20), ("PROBE", 10), ("LEAST_AT_ONCE", 5)):
        monkeypatch.setattr(solver, name, value)
    seen: list[int] = []
    real = solver.build
    monkeypatch.setattr(solver, "build", lambda pool, *rest: seen.append(len(pool)) or real(pool, *rest))
    problem = parse(data(40))
    chain = BoxSearch(build_model(problem, problem.counts), SEED)
    chain._construct(0, 0, True, seconds)
    assert seen == parts, why
    packed = sorted(kind for content in chain.bins() for kind, _ in content.pieces)
    assert packed == list(range(40))
    plan = to_solution(problem, chain.bins()).model_dump(mode="json")
    assert FAMILY.check(problem, plan, None).violations == ()


def test_of_many_types_the_cheapest_for_their_volume_and_one_for_every_kind_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Types C0 to C9, the smaller the cheaper for its volume (3 for 250 mm cubed, 12 for 340); only the long and thin one takes the long piece."""
    monkeypatch.setattr(solver, "FEW_TYPES", 2)
    whole = data(5, 10)
    whole["items"].append({"id": "long", "length_mm": 900, "width_mm": 20, "height_mm": 20})
    whole["cartons"].append({"id": "tube", "cost": 50, "length_mm": 1000, "width_mm": 30, "height_mm": 30})
    problem = parse(whole)
    chain = BoxSearch(build_model(problem, problem.counts), SEED)
    assert np.flatnonzero(chain.offered).tolist() == [0, 1, 10]
    chain._construct(0, 0, True, math.inf)
    assert sum(len(content.pieces) for content in chain.bins()) == 6


def test_a_bound_without_time_says_so_and_one_cut_short_is_no_higher_than_the_whole() -> None:
    problem = parse(data(12, 3))
    assert lower_bound(problem, lambda: 0.0).value is None
    whole = lower_bound(problem).value
    looks = iter([1.0] + [0.0] * 100)
    short = lower_bound(problem, lambda: next(looks)).value
    assert whole is not None
    assert short is not None
    assert short <= whole


def test_what_lies_below_is_packed_first() -> None:
    """Three in a pile, given from the top down, and one beside them on the floor."""
    pile = [(0, 0, 20, 10, 10, 30), (0, 0, 10, 10, 10, 20), (0, 0, 0, 10, 10, 10), (10, 0, 0, 20, 10, 10)]
    assert packing_order([(-1, 0, box) for box in pile], door=False) == [2, 3, 1, 0]
