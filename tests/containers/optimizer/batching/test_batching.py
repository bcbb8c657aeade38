"""Batching: feasible plans, never worse than first come first served, reasons for what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from containers.optimizer.batching import FAMILY
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from contracts.errors import ProblemError
from contracts.optimize import Budget, OptimizeRequest, OptimizeResult
from tests.containers.optimizer.warehouses import batching_data


def _solve(data: dict[str, Any], **more: Any) -> OptimizeResult:
    budget = Budget(seconds=20, iterations=200)
    request = OptimizeRequest(problem="batching", data=data, budget=budget, **more)
    return execute(request, Run(budget, warm_start=request.warm_start, locks=request.locks))


@pytest.mark.parametrize("seed", range(6))
def test_every_order_is_planned_and_the_walk_is_no_longer_than_the_baseline(seed: int) -> None:
    result = _solve(batching_data(seed, blocks=1 + seed % 3))
    planned = sorted(order for batch in result.solution["batches"] for order in batch["orders"])
    assert planned == sorted(f"O{i}" for i in range(8))
    assert result.baseline.value is not None
    assert result.objective.value <= result.baseline.value + 1e-6
    assert result.unassigned == ()


def test_an_order_larger_than_the_cart_is_left_out_with_the_cure() -> None:
    data = batching_data(1)
    data["orders"][0]["lines"] = [{"sku": "SKU-0", "quantity": 9}]
    left_out = _solve(data).unassigned
    assert [(one.id, one.reason) for one in left_out] == [("O0", "larger-than-cart")]
    assert "cart.items to 9" in left_out[0].smallest_change


def test_unknown_and_missing_stock_are_told_apart() -> None:
    data = batching_data(2)
    data["orders"][0]["lines"] = [{"sku": "NOBODY-KNOWS", "quantity": 1}]
    data["orders"][1]["lines"] = [{"sku": "SKU-0", "quantity": 5000}]
    data["cart"] = {}
    reasons = {one.id: one.reason for one in _solve(data).unassigned}
    assert reasons == {"O0": "unknown-sku", "O1": "out-of-stock"}


def test_no_orders_is_an_empty_plan() -> None:
    result = _solve(batching_data(3) | {"orders": []})
    assert result.solution["batches"] == []
    assert result.objective.value == 0


def test_stock_at_a_place_that_does_not_exist_is_an_error_that_points_there() -> None:
    data = batching_data(4)
    data["stock"][2]["location"] = "A99-L-001-1"
    with pytest.raises(ProblemError) as caught:
        _solve(data)
    assert caught.value.code == "invalid"
    assert caught.value.errors[0].pointer == "/data/stock/2/location"


def test_the_same_seed_and_iterations_give_the_same_plan() -> None:
    data = batching_data(5, orders=20)
    assert _solve(data).solution == _solve(data).solution


def test_a_larger_cart_never_walks_further() -> None:
    for seed in range(4):
        small = _solve(batching_data(seed, orders=12, cart={"items": 5}))
        large = _solve(batching_data(seed, orders=12, cart={"items": 5}), warm_start=small.solution)
        wide = _solve(batching_data(seed, orders=12, cart={"items": 9}), warm_start=small.solution)
        assert large.objective.value <= small.objective.value + 1e-6, seed
        assert wide.objective.value <= small.objective.value + 1e-6, seed


def test_locked_orders_stay_together_and_sealed_batches_take_nobody_else() -> None:
    data = batching_data(6, orders=10, cart={"items": 8})
    locks = {"together": [["O0", "O1"]], "sealed": [["O2"]]}
    batches = [set(batch["orders"]) for batch in _solve(data, locks=locks).solution["batches"]]
    assert any({"O0", "O1"} <= batch for batch in batches)
    assert {"O2"} in batches


def test_a_lock_on_an_unknown_order_names_its_place() -> None:
    with pytest.raises(ProblemError) as caught:
        _solve(batching_data(6), locks={"together": [["O0", "NOBODY"]]})
    assert caught.value.errors[0].pointer == "/locks/together/0"


def test_a_plan_that_leaves_the_aisle_is_scored_as_infeasible() -> None:
    data = batching_data(7)
    plan = _solve(data).solution
    plan["batches"][0]["path"].insert(1, [1.234, 5.678])
    result = _solve(data, mode="score", warm_start=plan)
    assert result.status == "infeasible"
    assert any("no aisle leads" in note for note in result.notes)


def test_a_good_plan_is_scored_with_the_objective_it_had() -> None:
    data = batching_data(8)
    solved = _solve(data)
    scored = _solve(data, mode="score", warm_start=solved.solution)
    assert (scored.status, scored.objective.value) == ("scored", pytest.approx(solved.objective.value))


def test_hard_deadlines_are_kept_and_impossible_ones_are_told() -> None:
    data = batching_data(9, due="hard", objective="time", start_at="2026-01-05T08:00:00Z", pickers=2)
    for order in data["orders"]:
        order["due_at"] = "2026-01-05T12:00:00Z"
    data["orders"][3]["due_at"] = "2026-01-05T08:00:01Z"
    result = _solve(data)
    assert [(one.id, one.reason) for one in result.unassigned] == [("O3", "deadline-missed")]
    assert all(batch["finish_s"] <= 4 * 3600 for batch in result.solution["batches"])


def test_incompatible_goods_never_share_a_cart() -> None:
    data = batching_data(10, orders=10, cart={"items": 20}, incompatible=[["hazard", "food"]])
    data["items"] = [
        {"sku": line["sku"], "family": "hazard" if i % 2 else "food"} for i, line in enumerate(data["stock"])
    ]
    for i, order in enumerate(data["orders"]):
        order["lines"] = [{"sku": f"SKU-{2 * i + i % 2}", "quantity": 1}]
    family = {item["sku"]: item["family"] for item in data["items"]}
    for batch in _solve(data).solution["batches"]:
        assert len({family[stop["sku"]] for stop in batch["stops"]}) == 1


def test_zone_picking_keeps_each_batch_in_its_zone() -> None:
    data = batching_data(11, zone_picking=True)
    data["layout"]["zones"] = [
        {"id": "east", "first_aisle": 0, "last_aisle": 1},
        {"id": "west", "first_aisle": 2, "last_aisle": 3},
    ]
    for batch in _solve(data).solution["batches"]:
        aisles = {int(stop["location"][1:3]) - 1 for stop in batch["stops"]}
        assert aisles <= ({0, 1} if batch["zone"] == "east" else {2, 3})


def test_a_batch_across_zones_is_a_fault() -> None:
    data = batching_data(11, zone_picking=True)
    data["layout"]["zones"] = [
        {"id": "east", "first_aisle": 0, "last_aisle": 1},
        {"id": "west", "first_aisle": 2, "last_aisle": 3},
    ]
    plan = _solve(data).solution
    east, west = (next(one for one in plan["batches"] if one["zone"] == zone) for zone in ("east", "west"))
    east["stops"] = [*east["stops"], *west["stops"]]
    told = FAMILY.check(FAMILY.read(data), plan, None).violations
    assert "orders are picked zone by zone; these lie in ['east', 'west']" in [fault.detail for fault in told]


def test_a_plan_may_walk_more_than_a_hundred_kilometres() -> None:
    """60 one-order carts, each some kilometres: no limit on one walk may be put on their sum."""
    data = batching_data(12, orders=60, cart={"orders": 1})
    data["layout"]["aisle_pitch_m"] = 90.0
    data["layout"]["bay_width_m"] = 90.0
    for order in data["orders"]:
        order["lines"] = [{"sku": f"SKU-{i}", "quantity": 1} for i in range(12)]
    solution = _solve(data).solution
    assert solution["distance_m"] > 100_000
    assert max(solution["rules_m"].values()) >= solution["distance_m"] - 1e-6
