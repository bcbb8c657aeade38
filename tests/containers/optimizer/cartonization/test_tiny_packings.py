"""Packings of two and three dimensions that are small enough to try every one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations, permutations, product
from typing import Any

import pytest

from tests.containers.optimizer.cartonization.helpers import pack

Size = tuple[int, ...]


def fits(pieces: tuple[Size, ...], carton: Size, axes_turned: int) -> bool:
    """Whether the pieces lie in the carton: of each two, one lies wholly before the other along some axis, so that every
    choice of turnings, axes and directions is tried, and each axis must hold its longest chain."""
    for turned in product(*(sorted({*turnings(piece, axes_turned)}) for piece in pieces)):
        if all(edge <= room for piece in turned for edge, room in zip(piece, carton, strict=True)) and _parted(
            turned, carton, list(combinations(range(len(pieces)), 2)), [set() for _ in carton]
        ):
            return True
    return False


def turnings(piece: Size, axes: int) -> Iterator[Size]:
    """The piece with its first so many edges in every order."""
    for edges in permutations(piece[:axes]):
        yield edges + piece[axes:]


def _parted(pieces: tuple[Size, ...], carton: Size, pairs: list[tuple[int, int]], before: list[set[Any]]) -> bool:
    if not pairs:
        return True
    (i, j), rest = pairs[0], pairs[1:]
    for axis, (first, second) in product(range(len(carton)), ((i, j), (j, i))):
        relations = [found | {(first, second)} if a == axis else found for a, found in enumerate(before)]
        lengths = [piece[axis] for piece in pieces]
        if _longest_chain(lengths, relations[axis]) <= carton[axis] and _parted(pieces, carton, rest, relations):
            return True
    return False


def _longest_chain(lengths: list[int], before: set[tuple[int, int]]) -> float:
    ends = list(lengths)
    for _ in lengths:
        moved = False
        for first, second in before:
            if ends[first] + lengths[second] > ends[second]:
                ends[second], moved = ends[first] + lengths[second], True
        if not moved:
            return max(ends)
    return float("inf")  # a circle


def cheapest(pieces: list[Size], cartons: list[tuple[Size, int]], axes_turned: int) -> int:
    """The least cost over every way of sharing the pieces out, each share in the cheapest carton that holds it."""

    @cache
    def cost(share: tuple[int, ...]) -> float:
        held = (price for size, price in cartons if fits(tuple(pieces[i] for i in share), size, axes_turned))
        return min(held, default=float("inf"))

    def best(left: tuple[int, ...]) -> float:
        if not left:
            return 0
        first, others = left[0], left[1:]
        shares = (s for n in range(len(others) + 1) for s in combinations(others, n))
        return min(cost((first, *s)) + best(tuple(i for i in others if i not in s)) for s in shares)

    return int(best(tuple(range(len(pieces)))))


EDGES = ("length_mm", "width_mm", "height_mm")


def problem(pieces: list[Size], cartons: list[tuple[Size, int]], rotations: str) -> dict[str, Any]:
    return {
        "dimensions": len(pieces[0]),
        "min_support": 0.0,  # every packing that fits can then be told by chains alone
        "items": [
            {"id": f"i{n}", "rotations": rotations, **dict(zip(EDGES, size, strict=False))}
            for n, size in enumerate(pieces)
        ],
        "cartons": [
            {"id": f"c{n}", "cost": price, **dict(zip(EDGES, size, strict=False))}
            for n, (size, price) in enumerate(cartons)
        ],
    }


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("dimensions", "rotations", "axes_turned"), [(2, "fixed", 0), (2, "any", 2), (3, "fixed", 0), (3, "upright", 2)]
)
def test_tiny_packings_cost_no_more_than_the_best_of_all(
    dimensions: int, rotations: str, axes_turned: int, seed: int
) -> None:
    rng = random.Random(100 * dimensions + seed)
    pieces = [tuple(rng.randint(2, 7) for _ in range(dimensions)) for _ in range(rng.randint(3, 5))]
    cartons = [((10,) * dimensions, 5), ((7,) * dimensions, 3), ((14, *(7,) * (dimensions - 1)), 4)]
    answer = pack(problem(pieces, cartons, rotations), iterations=300, seed=seed)
    assert not answer.unassigned
    assert answer.objective.value == cheapest(pieces, cartons, axes_turned)


@pytest.mark.parametrize("seed", range(8))
def test_a_larger_carton_or_another_type_never_costs_more(seed: int) -> None:
    rng = random.Random(seed)
    pieces = [tuple(rng.randint(2, 6) for _ in range(3)) for _ in range(5)]
    before = [((8, 8, 8), 4)]
    plan = pack(problem(pieces, before, "any"), iterations=200)
    larger = pack(problem(pieces, [((9, 8, 10), 4)], "any"), iterations=200)
    chosen = pack(problem(pieces, [*before, ((6, 6, 6), 2)], "any"), iterations=200)
    assert larger.objective.value <= plan.objective.value
    assert chosen.objective.value <= plan.objective.value
