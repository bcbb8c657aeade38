"""Chains on two aisles, small enough to try every grouping of the orders and every way round."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations, pairwise, permutations
from typing import Any

import pytest

from tests.containers.optimizer.scenario.test_scenario import run

AISLES, BAYS = 2, 6
PITCH, DEPTH = (
    5.0,
    BAYS + 1.0,
)  # bay b lies 1 + b metres from the front; the back cross aisle is one metre past the last
LAYOUT = {"type": "parametric", "aisles": AISLES, "bays_per_block": BAYS, "sides": 1}
PLACES = {f"A{a + 1:02}-L-{b + 1:03}-1": (a * PITCH, 1.0 + b) for a in range(AISLES) for b in range(BAYS)}
DEPOT = (0.0, 0.0)
Point = tuple[float, float]


def between(one: Point, other: Point) -> float:
    """Along the aisle, or round by the nearer of the two cross aisles."""
    if one[0] == other[0]:
        return abs(one[1] - other[1])
    return abs(one[0] - other[0]) + min(one[1] + other[1], 2 * DEPTH - one[1] - other[1])


def shortest(stops: set[Point]) -> float:
    return min(sum(between(a, b) for a, b in pairwise((DEPOT, *way, DEPOT))) for way in permutations(stops))


def groupings(orders: tuple[int, ...], most: int) -> Iterator[list[tuple[int, ...]]]:
    if not orders:
        yield []
        return
    first, others = orders[0], orders[1:]
    for size in range(min(most, len(orders))):
        for mates in combinations(others, size):
            rest = tuple(one for one in others if one not in mates)
            yield from ([(first, *mates), *more] for more in groupings(rest, most))


def chain(seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    places = rng.sample(sorted(PLACES), 8)
    orders = [
        {"id": f"O{n}", "lines": [{"sku": f"S{i}", "quantity": 1} for i in rng.sample(range(8), rng.randint(1, 2))]}
        for n in range(5)
    ]
    stock = [{"sku": f"S{i}", "location": place, "quantity": 99} for i, place in enumerate(places)]
    return {
        "layout": LAYOUT,
        "stock": stock,
        "orders": orders,
        "steps": ["route", "batch"],
        "cart": {"orders": 2},
        "pace": {"walk_m_per_s": 2.0, "stop_s": 0.0, "setup_s": 0.0},  # so that the least work is the least walking
    }


@pytest.mark.parametrize("seed", range(8))
def test_a_chain_ends_at_the_best_of_all_groupings_and_ways(seed: int) -> None:
    data = chain(seed)
    lies = {line["sku"]: PLACES[line["location"]] for line in data["stock"]}
    stops = [{lies[line["sku"]] for line in order["lines"]} for order in data["orders"]]
    best = min(
        sum(shortest(set().union(*(stops[o] for o in group))) for group in grouping)
        for grouping in groupings(tuple(range(len(stops))), 2)
    )
    assert run(**data).solution["stages"][-1]["metres"] == pytest.approx(best)


@pytest.mark.parametrize("seed", range(4))
def test_a_larger_cart_never_walks_further_and_the_order_of_the_lists_does_not_matter(seed: int) -> None:
    data = chain(seed)
    metres = run(**data).solution["stages"][-1]["metres"]
    larger = run(**data | {"cart": {"orders": 3}})
    assert larger.solution["stages"][-1]["metres"] <= metres + 1e-6
    turned = run(**data | {"stock": data["stock"][::-1], "orders": data["orders"][::-1]})
    assert turned.solution["stages"][-1]["metres"] == pytest.approx(metres)
