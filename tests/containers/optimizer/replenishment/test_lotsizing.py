"""Lot sizes against trying everything."""

from __future__ import annotations

import itertools
import random

import pytest

from containers.optimizer.replenishment.allocation import Mover, allocate
from containers.optimizer.replenishment.lotsizing import wagner_whitin


def _by_trial(demand: list[int], setup: float, holding: float) -> float:
    """Every set of ordering periods, each ordering for all up to the next."""
    best = float("inf")
    for pattern in itertools.product((False, True), repeat=len(demand)):
        cost, last = 0.0, None
        for t, wanted in enumerate(demand):
            if pattern[t]:
                last, cost = t, cost + setup
            if wanted:
                cost += float("inf") if last is None else holding * (t - last) * wanted
        best = min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(200))
def test_wagner_whitin_is_the_best_of_all_ordering_patterns(seed: int) -> None:
    rng = random.Random(seed)
    demand = [rng.choice([0, 0, rng.randint(1, 30)]) for _ in range(rng.randint(1, 8))]
    setup, holding = rng.choice([0, 5, 40, 100]), rng.choice([0, 0.5, 1, 3])
    cost, quantity = wagner_whitin(demand, setup, holding)
    assert cost == pytest.approx(_by_trial(demand, setup, holding))
    lying = paid = 0.0
    for come, wanted in zip(quantity, demand, strict=True):
        lying += come - wanted
        assert lying >= -1e-9
        paid += setup * (come > 0) + holding * lying
    assert paid == pytest.approx(cost)


def test_the_textbook_example_costs_what_the_textbook_says() -> None:
    """Twelve months, set-up 54, holding 0.4 a piece and month: 501.20 (Silver, Pyke & Peterson, ch. 6)."""
    demand = [10, 62, 12, 130, 154, 129, 88, 52, 124, 160, 238, 41]
    assert wagner_whitin(demand, 54, 0.4)[0] == pytest.approx(501.2)


@pytest.mark.parametrize("seed", range(30))
def test_the_forward_area_goes_to_articles_within_one_of_the_best_choice(seed: int) -> None:
    """Beside every subset, each with the room that is best for it; the rule may miss by one article's saving at most."""
    rng = random.Random(seed)
    movers = [Mover(f"S{i}", rng.uniform(1, 100), rng.uniform(0, 20)) for i in range(7)]
    volume, saved, restock = 50.0, 10.0, 60.0

    def net(chosen: list[Mover]) -> float:
        roots = sum(m.flow**0.5 for m in chosen)
        return saved * sum(m.picks for m in chosen) - restock * roots * roots / volume

    room = allocate(movers, volume, saved, restock)
    mine = [m for m in movers if m.sku in room]
    best = max(net(list(c)) for n in range(8) for c in itertools.combinations(movers, n))
    assert net(mine) >= best - saved * max(m.picks for m in movers)
    assert sum(room.values()) == pytest.approx(volume if room else 0.0)
