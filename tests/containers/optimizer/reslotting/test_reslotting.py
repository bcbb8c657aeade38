"""Re-slotting: moves that pay, in an order that never overfills a slot."""

from __future__ import annotations

import copy
import itertools
import random
from typing import Any

import pytest

from containers.optimizer.family import Run
from containers.optimizer.reslotting import FAMILY
from containers.optimizer.slotting.measure import Aim, measure
from contracts.errors import ProblemError
from contracts.optimize import Budget
from tests.containers.optimizer.slotting.helpers import slotting_data


def _solved(data: dict[str, Any], iterations: int = 4000, **run: Any) -> Any:
    instance = FAMILY.read(data)
    answer = FAMILY.solve(instance, Run(Budget(seconds=60, iterations=iterations), **run))
    report = FAMILY.check(instance, answer.solution, run.get("locks"))
    assert report.violations == ()
    assert report.objective.value == pytest.approx(answer.objective.value)
    assert answer.objective.value <= FAMILY.baseline(instance).value + 1e-6
    bound = FAMILY.bound(instance, answer)
    assert bound.value is None or bound.value <= answer.objective.value + 1e-6
    return instance, answer


def _line(places: list[str], visits: list[int], **more: Any) -> dict[str, Any]:
    """One aisle, one side; SKU i lies at places[i] and is asked for visits[i] times a day."""
    orders = [(f"S{i}", n) for i, count in enumerate(visits) for n in range(count)]
    return {
        "layout": {"type": "parametric", "aisles": 1, "bays_per_block": 4, "sides": 1},
        "stock": [{"sku": f"S{i}", "location": at, "quantity": 1} for i, at in enumerate(places)],
        "orders": [{"id": f"{sku}-{n}", "lines": [{"sku": sku, "quantity": 1}]} for sku, n in orders],
        **more,
    }


BAYS = [f"A01-L-{bay:03d}-1" for bay in range(1, 5)]


def test_one_move_to_a_free_slot_pays_back_as_computed_by_hand() -> None:
    """S0, 10 visits a day, from bay 4 (4 m) to bay 1 (1 m): 10 x 6 m saved; the move takes 60 s + 3 m = 63 s = 63 m."""
    _, answer = _solved(_line([BAYS[3]], [10]))
    plan = answer.solution
    assert [(m["from_location"], m["to_location"]) for m in plan["moves"]] == [(BAYS[3], BAYS[0])]
    assert plan["saved_m_per_day"] == pytest.approx(60)
    assert plan["minutes"] == pytest.approx(63 / 60)
    assert plan["payback_days"] == pytest.approx(63 / 60)


def test_a_swap_goes_by_a_free_slot_and_by_the_staging_place_when_there_is_none() -> None:
    free = _solved(_line([BAYS[0], BAYS[3]], [0, 50]))[1].solution["moves"]
    assert len(free) >= 1
    full = _line(BAYS, [0, 1, 2, 60])
    steps = _solved(full)[1].solution["moves"]
    assert any(step["to_location"] is None and step["temporary"] for step in steps)
    stuck = _solved({**full, "staging_places": 0})[1].solution
    assert stuck["moves"] == []  # four full slots, nowhere to put anything aside


def test_a_move_that_does_not_pay_within_the_horizon_is_not_made() -> None:
    """One visit a day saves 6 m; the move costs 63 m: it pays from the eleventh day on."""
    assert _solved(_line([BAYS[3]], [1], payback_days=10))[1].solution["moves"] == []
    assert len(_solved(_line([BAYS[3]], [1], payback_days=11))[1].solution["moves"]) == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("objective", ["frequency", "affinity", "pick_distance"])
def test_tiny_problems_reach_the_best_of_all_plans(seed: int, objective: str) -> None:
    """Three articles in five slots, moves almost free: the best arrangement by trial of all 60."""
    data = slotting_data(seed, skus=3, aisles=1, bays=5, orders=12, objective=objective, payback_days=3000.0)
    data["layout"]["sides"] = 1
    bays = [f"A01-L-{bay:03d}-1" for bay in range(1, 6)]
    for line, at in zip(data["stock"], random.Random(seed).sample(bays, 3), strict=True):
        line["location"] = at
    instance, answer = _solved(data)
    facts, floor = instance.source, instance.building.floor
    skus = [line["sku"] for line in data["stock"]]
    best = min(
        sum(measure(facts, floor, Aim(objective), {s: [at] for s, at in zip(skus, slots, strict=True)}, {}).values())
        for slots in itertools.permutations(bays, 3)
    )
    assert answer.objective.value - answer.objective.parts["moving"] == pytest.approx(best)


@pytest.mark.parametrize("limit", [{"max_moves": 0}, {"max_moves": 3}, {"max_moves": 9}, {"max_minutes": 4.0}])
def test_budgets_are_kept_and_more_budget_is_not_worse(limit: dict[str, Any]) -> None:
    data = slotting_data(3, skus=15, orders=40)
    _, answer = _solved({**data, **limit}, iterations=20_000)
    if "max_moves" in limit:
        assert len(answer.solution["moves"]) <= limit["max_moves"]
    _, free = _solved(data, iterations=20_000)
    assert free.objective.value <= answer.objective.value + 1e-6


@pytest.mark.parametrize("objective", ["frequency", "affinity", "pick_distance"])
def test_most_of_what_can_be_saved_is_saved_without_any_search(objective: str) -> None:
    """One try of the search: the first moves alone have more than half of what 20,000 tries save."""
    data = slotting_data(6, skus=60, aisles=4, bays=10, orders=300, objective=objective, payback_days=90)
    instance, at_once = _solved(data, iterations=1)
    _, later = _solved(data, iterations=20_000)
    today = FAMILY.baseline(instance).value
    assert at_once.solution["moves"]
    assert today - at_once.objective.value > 0.5 * (today - later.objective.value)
    assert later.objective.value <= at_once.objective.value + 1e-6


def test_incumbents_are_metres_a_day_like_the_baseline() -> None:
    told: list[float] = []
    data = slotting_data(6, skus=40, aisles=4, bays=6, orders=200, horizon_days=10)
    instance, answer = _solved(data, on_incumbent=lambda one: told.append(one.objective))
    assert told[0] == pytest.approx(FAMILY.baseline(instance).value)
    assert all(value <= told[0] + 1e-6 for value in told)
    assert answer.objective.value <= told[0] + 1e-6


@pytest.mark.parametrize("objective", ["frequency", "affinity", "pick_distance"])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_counts_locked_articles_where_they_lie(seed: int, objective: str) -> None:
    """The more stays, the higher the bound; with everything locked by frequency it is today's walking, and reached."""
    data = slotting_data(seed, skus=6, aisles=2, bays=3, objective=objective)
    skus = [line["sku"] for line in data["stock"]]
    values = []
    for many in range(len(skus) + 1):
        instance, answer = _solved(data, locks={"keep": skus[:many]})
        assert answer.bound.value <= answer.objective.value + 1e-6, seed
        values.append(answer.bound.value)
    assert values == pytest.approx(sorted(values)), seed
    if objective == "frequency":
        assert values[-1] == pytest.approx(FAMILY.baseline(instance).value)
        assert answer.objective.value == pytest.approx(values[-1])


def test_no_moves_allowed_still_has_the_bound_of_what_may_not_move() -> None:
    data = _line([BAYS[3], BAYS[1]], [10, 5], max_moves=0)
    _, free = _solved(data)
    _, held = _solved(data, locks={"keep": ["S0", "S1"]})
    assert free.bound.value < held.bound.value == pytest.approx(held.objective.value)


def test_locked_articles_do_not_move_and_unknown_ones_are_named() -> None:
    data = slotting_data(4, skus=10, orders=40)
    _, answer = _solved(data, locks={"keep": ["S01", "S02"]})
    assert not {"S01", "S02"} & {move["sku"] for move in answer.solution["moves"]}
    with pytest.raises(ProblemError) as caught:
        _solved(data, locks={"keep": ["S99"]})
    assert caught.value.errors[0].pointer == "/locks/keep"


def test_equal_seed_and_iterations_give_equal_moves_and_a_warm_start_is_not_lost() -> None:
    data = slotting_data(5, skus=15, orders=40)
    first, second = (_solved(data)[1] for _ in range(2))
    assert first.solution == second.solution
    again = _solved(data, iterations=1, warm_start=first.solution)[1]
    assert again.objective.value <= first.objective.value + 1e-6


def test_each_way_of_spoiling_a_plan_is_seen() -> None:
    instance, answer = _solved(_line(BAYS, [0, 1, 2, 60]))
    for spoil, word in (
        (lambda p: p["moves"].pop(0), "numbered"),
        (lambda p: p["moves"].__setitem__(0, {**p["moves"][0], "to_location": BAYS[1]}), "SKUs"),
        (lambda p: p["moves"][0].update(seconds=1.0), "takes"),
        (lambda p: p["assignments"].pop(), "after the last step"),
        (lambda p: p.update(minutes=0.0), "minutes"),
        (lambda p: p["moves"][-1].update(to_location=None), "staging"),
    ):
        plan = copy.deepcopy(answer.solution)
        spoil(plan)
        told = " ".join(fault.detail for fault in FAMILY.check(instance, plan, None).violations)
        assert word in told, (word, told)


@pytest.mark.parametrize("seed", range(20))
def test_random_buildings_with_rules_get_safe_steps(seed: int) -> None:
    """Shared slots, limits that today may break, tags apart, hardly a free slot, few places to put things aside."""
    rng = random.Random(seed)
    data = slotting_data(seed, skus=rng.randint(3, 18), aisles=3, bays=3, orders=30)
    for item in data["items"]:
        item |= {"attributes": rng.sample(["food", "paint", "cold"], rng.randint(0, 2)), "weight_g": rng.randint(1, 50)}
    data["layout"]["location_limits"] = {"max_weight_g": rng.choice([150, 400])}
    data["layout"]["zones"] = [{"id": "z", "first_aisle": 0, "last_aisle": 0, "attributes": ["cold"]}]
    data["rules"] = {
        "max_skus_per_slot": rng.choice([1, 2]),
        "zones": [{"tag": "cold", "only": ["cold"]}] if rng.random() < 0.5 else [],
        "apart": [{"tags": ["food", "paint"], "within": rng.choice(["slot", "bay", "aisle"])}],
        "together": [{"tag": "paint", "within": "zone"}] if rng.random() < 0.3 else [],
    }
    data |= {"staging_places": rng.choice([0, 1, 3]), "max_moves": rng.choice([None, 5]), "payback_days": 300}
    data["objective"] = rng.choice(["frequency", "affinity", "pick_distance"])
    _solved(data, iterations=2000)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"max_moves": -1}, "/data/max_moves"),
        ({"payback_days": 0}, "/data/payback_days"),
        ({"max_minutes": float("inf")}, "/data/max_minutes"),
        ({"objective": "cube_per_order"}, "/data/objective"),
        ({"stock": [{"sku": "A", "location": "B99", "quantity": 1}]}, "/data/stock/0/location"),
    ],
)
def test_a_fault_is_named_by_its_pointer(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        FAMILY.read({**slotting_data(1), **change})
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors)
