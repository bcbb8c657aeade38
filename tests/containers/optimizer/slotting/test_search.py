"""The search keeps its books: what it thinks a plan costs is what the plan costs, and windows only make it better."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from containers.optimizer.family import Run
from containers.optimizer.slotting import FAMILY
from containers.optimizer.slotting.bound import SINGLE
from containers.optimizer.slotting.costs import Chain, costs_of
from containers.optimizer.slotting.pair_bound import gilmore_lawler
from containers.optimizer.slotting.pricing import SAMPLE
from containers.optimizer.slotting.shared_bound import lagrangean
from containers.optimizer.slotting.windows import Windows
from contracts.errors import ProblemError
from contracts.optimize import Budget
from tests.containers.optimizer.slotting.helpers import slotting_data, solved


def _chain(data: dict[str, Any], home: bool = False) -> Chain:
    """A chain at today's slots, leaving which costs 5 m an article if `home`."""
    instance = FAMILY.read(data)
    today = instance.units.today
    costs = costs_of(instance, home=today, home_cost=np.full(len(today), 5.0)) if home else costs_of(instance)
    chain = Chain(instance, costs, np.full(instance.units.count, -1, dtype=np.int64))
    chain.restart(today)
    return chain


@pytest.mark.parametrize("objective", ["frequency", "affinity", "pick_distance"])
def test_the_running_value_is_the_plans_value_where_moves_have_a_price_and_articles_many_tours(objective: str) -> None:
    """More tours pass an article than a sample holds, so most moves are judged by a sample first."""
    data = slotting_data(3, skus=14, aisles=3, bays=8, orders=6 * SAMPLE, objective=objective)
    chain = _chain(data, home=True)
    for hot in (0.0, 3.0, 100.0):
        chain.run(2000, hot)
        running = float(chain.totals[0])
        assert running == pytest.approx(chain.settle())


def test_windows_make_a_plan_better_and_never_worse_and_keep_its_rules() -> None:
    data = slotting_data(4, skus=40, aisles=6, bays=8, orders=120, objective="affinity")
    for item in data["items"]:
        item["attributes"] = [random.Random(item["sku"]).choice(["food", "paint"])]
    data["rules"] = {"apart": [{"tags": ["food", "paint"], "within": "bay"}]}
    data["stock"] = []
    instance = FAMILY.read(data)
    answer = FAMILY.solve(instance, Run(Budget(seconds=60, iterations=1)))
    chain = Chain(instance, costs_of(instance), np.full(instance.units.count, -1, dtype=np.int64))
    number = instance.places.number
    place = np.full(instance.units.count, -1, dtype=np.int64)
    for one in answer.solution["assignments"]:
        place[instance.units.of_sku[one["sku"]][0]] = number[one["location"]]
    before = chain.restart(place)
    windows = Windows(chain, seed=1)
    values = [before]
    for _ in range(40):
        windows.improve()
        values.append(chain.settle())
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0]
    assert chain.value == pytest.approx(values[-1])
    lying = [
        {"sku": lot.sku, "location": instance.places.ids[slot], "pieces": lot.pieces}
        for lot, slot in zip(instance.units.lots, chain.best.tolist(), strict=True)
        if slot >= 0
    ]
    assert FAMILY.check(instance, {"assignments": lying}, None).violations == ()


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_on_pairs_is_above_the_bound_on_single_visits_and_below_the_plan(seed: int) -> None:
    more: dict[str, Any] = {"rules": {"max_skus_per_slot": 2}} if seed % 2 else {}
    data = slotting_data(seed, skus=12, aisles=2, bays=5, orders=60, objective="affinity", **more)
    instance, answer = solved(data)
    pairs = gilmore_lawler(instance)
    assert pairs is not None
    single = FAMILY.bound(FAMILY.read({**data, "objective": "frequency"}), answer).value
    assert single is not None
    assert single <= pairs + 1e-6
    assert pairs <= answer.objective.value + 1e-6
    assert answer.bound is not None
    assert answer.bound.value == pytest.approx(pairs)
    assert answer.bound.method != SINGLE


def test_two_articles_bought_together_meet_their_bound_by_hand() -> None:
    """One aisle, one side, 10 joint tours, bays at 1, 2 and 3 m: 10 x (2 + 4) m to the depot and back, 10 x 1 m apart."""
    data = {
        "layout": {"type": "parametric", "aisles": 1, "bays_per_block": 3, "sides": 1},
        "orders": [{"id": f"O{i}", "lines": [{"sku": sku, "quantity": 1} for sku in ("A", "B")]} for i in range(10)],
        "objective": "affinity",
    }
    instance, answer = solved(data)
    assert answer.objective.value == pytest.approx(70)
    assert gilmore_lawler(instance) == pytest.approx(70)


def test_a_short_budget_goes_without_a_bound_and_says_so() -> None:
    instance = FAMILY.read(slotting_data(1, objective="affinity"))
    answer = FAMILY.solve(instance, Run(Budget(seconds=0.2)))
    assert answer.bound is not None
    assert answer.bound.value is None
    assert "time budget" in (answer.bound.reason or "")


def test_pairs_of_articles_that_would_fill_the_memory_are_refused_with_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """200 articles are at most 200 x 200 pairs of 32 bytes, 1.2 MB; the tours have fewer."""
    data = slotting_data(1, skus=200, aisles=10, bays=20, orders=3, objective="affinity", orders_per_tour=3)
    data["orders"] = [{"id": "O", "lines": [{"sku": item["sku"], "quantity": 1} for item in data["items"]]}]
    instance = FAMILY.read(data)
    monkeypatch.setenv("STOREMAX_SOLVE_MEMORY_MB", "2")
    FAMILY.solve(instance, Run(Budget(seconds=60, iterations=10)))
    monkeypatch.setenv("STOREMAX_SOLVE_MEMORY_MB", "1")
    with pytest.raises(ProblemError) as caught:
        FAMILY.solve(instance, Run(Budget(seconds=60, iterations=10)))
    assert (caught.value.code, caught.value.errors[0].pointer) == ("too-large-to-solve", "/data/orders")
    assert caught.value.extra == {"limit": 1}
    assert "2 MB" in caught.value.detail


def test_what_finishing_takes_is_kept_back_up_to_seven_tenths_of_the_budget() -> None:
    run = Run(Budget(seconds=10))
    run.keep_back(3)
    assert run.remaining_s == pytest.approx(7, abs=0.5)
    run.keep_back(1)
    assert run.remaining_s == pytest.approx(7, abs=0.5)
    run.keep_back(60)
    assert run.remaining_s == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_on_shared_slots_is_below_every_plan_and_above_the_one_without_volume(seed: int) -> None:
    """Four articles, three slots in one aisle: all 256 plans, left out included, by the family's own check."""
    rng = random.Random(seed)
    layout = {"type": "parametric", "aisles": 1, "bays_per_block": 3, "sides": 1}
    skus = [f"S{i}" for i in range(4)]
    data = {
        "layout": {**layout, "location_limits": {"max_volume_mm3": 6000}},
        "items": [
            {"sku": sku, "length_mm": 10, "width_mm": 10, "height_mm": 10 * rng.randint(1, 4), "weight_g": 1} for sku in skus
        ],
        "needs": [{"sku": sku, "pieces": 1, "picks": rng.randint(1, 9)} for sku in skus],
        "rules": {"max_skus_per_slot": 2},
        "objective": "frequency",
    }  # fmt: skip
    instance, answer = solved(data)
    places = [*instance.places.ids, None]
    values = []
    for chosen in itertools.product(places, repeat=len(skus)):
        lying = [{"sku": s, "location": at, "pieces": 1} for s, at in zip(skus, chosen, strict=True) if at is not None]
        report = FAMILY.check(instance, {"assignments": lying}, None)
        if not report.violations:
            values.append(report.objective.value)
    shared = lagrangean(instance, instance.visits)
    assert shared is not None
    assert shared <= min(values) + 1e-6
    assert answer.objective.value == pytest.approx(min(values))
    assert answer.bound is not None
    assert answer.bound.value is not None
    assert shared - 1e-6 <= answer.bound.value <= min(values) + 1e-6


def test_tight_shared_slots_have_a_bound_that_knows_their_volume() -> None:
    """Twelve articles of 600 in slots of 1,000 that may hold four: one each, where four SKUs may lie."""
    data = slotting_data(2, skus=12, aisles=2, bays=4, orders=60, objective="frequency")
    data["layout"]["location_limits"] = {"max_volume_mm3": 1000}
    data["items"] = [{**item, "length_mm": 6, "width_mm": 10, "height_mm": 10, "weight_g": 1} for item in data["items"]]
    data["needs"] = [{"sku": item["sku"], "pieces": 1} for item in data["items"]]
    data["rules"] = {"max_skus_per_slot": 4}
    data["stock"] = []
    _, answer = solved(data)
    alone = solved({**data, "rules": {}})[1]
    assert answer.objective.value == pytest.approx(alone.objective.value)
    assert answer.bound is not None
    assert answer.bound.method is not None
    assert "Lagrangean" in answer.bound.method
    assert answer.bound.value is not None
    assert answer.bound.value > 0.6 * answer.objective.value
