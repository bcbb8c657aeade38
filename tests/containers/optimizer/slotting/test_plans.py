"""Every objective: plans pass their check, lie between bound and baseline, and are the best on tiny problems."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from containers.optimizer.slotting import FAMILY
from containers.optimizer.slotting.measure import Aim, measure
from tests.containers.optimizer.slotting.helpers import slotting_data, solved, where

OBJECTIVES = ("cube_per_order", "frequency", "affinity", "pick_distance")


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(3))
def test_a_plan_lies_between_its_bound_and_its_baseline(objective: str, seed: int) -> None:
    instance, answer = solved(slotting_data(seed, objective=objective))
    bound = answer.bound or FAMILY.bound(instance, answer)
    assert bound.value is not None
    assert bound.value <= answer.objective.value + 1e-6
    assert answer.objective.value <= FAMILY.baseline(instance).value + 1e-6
    assert answer.unassigned == ()


def _best_by_trial(data: dict[str, Any]) -> float:
    """The least objective over every way to give each SKU a slot of its own."""
    instance = FAMILY.read(data)
    facts, ids = instance.source, instance.places.ids
    aim = Aim(instance.objective, instance.depot_weight)
    skus = list(instance.wanted)
    return min(
        sum(measure(facts, instance.floor, aim, {s: [at] for s, at in zip(skus, slots, strict=True)}, {}).values())
        for slots in itertools.permutations(ids, len(skus))
    )


@pytest.mark.parametrize("objective", ["frequency", "affinity", "pick_distance"])
@pytest.mark.parametrize("seed", range(3))
def test_tiny_problems_are_solved_to_the_optimum(objective: str, seed: int) -> None:
    data = slotting_data(seed, skus=4, aisles=2, bays=2, orders=6, objective=objective)
    data["layout"]["sides"] = 1
    data["stock"] = []
    data["layout"]["bays_per_block"] = 3  # six slots: 360 ways
    _, answer = solved(data)
    assert answer.objective.value == pytest.approx(_best_by_trial(data))


def test_frequency_is_proven_optimal_without_any_iteration() -> None:
    _, answer = solved(slotting_data(5, skus=20, objective="frequency"))
    assert (answer.status, answer.iterations) == ("optimal", 0)


def test_cube_per_order_gives_the_nearest_slot_to_the_article_asked_for_most() -> None:
    instance, answer = solved(slotting_data(2, objective="cube_per_order"))
    most = max(instance.demand.picks, key=lambda sku: instance.demand.picks[sku])
    nearest = min(range(instance.places.count), key=lambda slot: instance.places.metres[slot])
    at = instance.places.number[where(answer)[most][0]]
    assert instance.places.metres[at] == instance.places.metres[nearest]


def test_equal_seed_and_iterations_give_equal_plans() -> None:
    data = slotting_data(7, skus=20, orders=40)
    first, second = (solved(data, iterations=5000, seed=3)[1] for _ in range(2))
    assert first.solution == second.solution


def test_the_order_of_the_input_changes_nothing_that_matters() -> None:
    data = slotting_data(8, objective="frequency")
    turned = {**data, **{name: list(reversed(data[name])) for name in ("items", "stock", "orders")}}
    assert solved(data)[1].objective.value == pytest.approx(solved(turned)[1].objective.value)


def test_one_more_aisle_never_costs_a_frequency_plan_anything() -> None:
    """The exact plan of the smaller building is one of the larger's."""
    data = slotting_data(9, skus=20, objective="frequency")
    larger = {**data, "layout": {**data["layout"], "aisles": 4}}
    assert solved(larger)[1].objective.value <= solved(data)[1].objective.value + 1e-9


def test_a_warm_start_is_never_made_worse() -> None:
    data = slotting_data(10, skus=20, orders=40)
    _, good = solved(data, iterations=20_000)
    _, again = solved(data, iterations=1, warm_start=good.solution)
    assert again.objective.value <= good.objective.value + 1e-6


def test_todays_slots_can_be_scored_as_they_are() -> None:
    instance = FAMILY.read(slotting_data(11))
    report = FAMILY.check(instance, {"today": True}, None)
    assert report.violations == ()
    assert report.objective.value == pytest.approx(FAMILY.baseline(instance).value)


def test_an_article_too_large_for_one_slot_gets_several_and_is_visited_at_each_in_turn() -> None:
    """30 pieces of 1 dm³ in slots of 10 dm³: three slots. Six visits of 4, 4, 6 metres and back, twice each."""
    data = {
        "layout": {
            "type": "parametric",
            "aisles": 1,
            "bays_per_block": 5,
            "location_limits": {"max_volume_mm3": 10_000_000},
        },
        "items": [{"sku": "A", "length_mm": 100, "width_mm": 100, "height_mm": 100}],
        "needs": [{"sku": "A", "pieces": 30}],
        "orders": [{"id": f"O{i}", "lines": [{"sku": "A", "quantity": 1}]} for i in range(6)],
        "objective": "frequency",
    }
    _, answer = solved(data)
    assert sorted(one["pieces"] for one in answer.solution["assignments"]) == [10, 10, 10]
    # Bays at 1, 2 m ... from the front; two sides. Nearest three slots: 1, 1, 2 m, there and back, two visits each.
    assert answer.objective.value == pytest.approx(2 * (2 + 2 + 4))
