"""Late orders: what is released stays, orders move only where it pays, the answer tells what it changed and checks say so too."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.optimizer.batching import FAMILY
from containers.optimizer.batching.disturbance import continued
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from contracts.errors import ProblemError
from contracts.optimize import Budget, Incumbent, OptimizeRequest, OptimizeResult
from tests.containers.optimizer.batching.test_proof import _partitions
from tests.containers.optimizer.warehouses import batching_data

SOME = settings(max_examples=12, deadline=None, derandomize=True)


def _solve(data: dict[str, Any], iterations: int = 12_000, **more: Any) -> OptimizeResult:
    """The answer; `execute` raises when the plan fails its check or is not worth what it claims."""
    budget = Budget(seconds=60, iterations=iterations, seed=1)
    request = OptimizeRequest(problem="batching", data=data, budget=budget, **more)
    return execute(request, Run(budget, warm_start=request.warm_start, locks=request.locks))


def _extended(seed: int, orders: int, late: int, **how: Any) -> dict[str, Any]:
    """A plan of the first orders, and the problem of all that extends it; `released`: how many batches have left."""
    data = batching_data(seed, orders=orders, **{k: how.pop(k) for k in ("cart", "objective", "pace") if k in how})
    released = how.pop("released", 0)
    plan = _solve({**data, "orders": data["orders"][: orders - late]}, 300).solution
    batches = [{"orders": batch["orders"], "released": i < released} for i, batch in enumerate(plan["batches"])]
    return {**data, "extend": {"batches": batches, **how}}


def _batches(result: OptimizeResult) -> set[frozenset[str]]:
    return {frozenset(batch["orders"]) for batch in result.solution["batches"]}


def _moved(earlier: list[frozenset[str]], batches: list[frozenset[str]]) -> int:
    """By trying every way to continue earlier batches."""
    rows = [*batches, *[frozenset[str]()] * len(earlier)]
    stay = max(
        sum(len(one & other) for one, other in zip(earlier, chosen, strict=True))
        for chosen in itertools.permutations(rows, len(earlier))
    )
    return sum(map(len, earlier)) - stay


@SOME
@given(
    st.integers(0, 10_000), st.integers(4, 14), st.integers(0, 4), st.integers(0, 2), st.sampled_from([None, 0, 1, 3])
)
def test_released_batches_stay_limits_hold_and_every_order_is_planned(
    seed: int, orders: int, late: int, released: int, most: int | None
) -> None:
    data = _extended(seed, orders, late, released=released, max_moved_orders=most)
    result = _solve(data)
    batches = _batches(result)
    for batch in data["extend"]["batches"]:
        assert not batch["released"] or frozenset(batch["orders"]) in batches
    assert sorted(order for batch in batches for order in batch) == sorted(one["id"] for one in data["orders"])
    told = result.solution["disturbance"]
    assert told["late_orders"] == late
    assert most is None or len(told["moved_orders"]) <= most
    assert result.objective.parts["disturbance"] == pytest.approx(20 * len(told["moved_orders"]))
    assert told["replanned_m"] + told["over_replanned_m"] == pytest.approx(result.solution["distance_m"])


@SOME
@given(st.integers(0, 10_000), st.integers(2, 14), st.integers(0, 2))
def test_without_late_orders_the_plan_stays_as_it_was(seed: int, orders: int, released: int) -> None:
    data = _extended(seed, orders, 0, released=released, moved_order_cost=0.0)
    result = _solve(data)
    assert _batches(result) == {frozenset(batch["orders"]) for batch in data["extend"]["batches"]}
    assert result.solution["disturbance"]["moved_orders"] == []
    assert result.solution["disturbance"]["changed_batches"] == 0


@pytest.mark.parametrize("seed", range(8))
def test_the_plan_is_the_best_of_all_within_the_limit_so_that_a_larger_one_never_loses(seed: int) -> None:
    """Six orders, two of them late, a poor plan before: every partition, its walks and its moves beside the answer."""
    data = batching_data(seed, orders=6)
    earlier = [["O0", "O3"], ["O1"], ["O2"]] if seed % 2 else [["O0"], ["O1", "O2"], ["O3"]]
    instance = FAMILY.read(data)
    ids = [part.order.id for part in instance.parts]
    if any(sum(instance.parts[ids.index(o)].demand[0] for o in batch) > 6 for batch in earlier):
        earlier = [["O0"], ["O1"], ["O2"], ["O3"]]
    plans = []
    for plan in _partitions(list(range(6))):
        if all(sum(instance.parts[p].demand[0] for p in batch) <= 6 for batch in plan):
            metres = sum(
                instance.floor.tour_length({pick.position for p in batch for pick in instance.parts[p].picks})
                for batch in plan
            )
            names = [frozenset(ids[p] for p in batch) for batch in plan]
            plans.append((metres, _moved([frozenset(batch) for batch in earlier], names)))
    values = []
    for most, price in itertools.product((0, 1, 2, 4), (0.0, 5.0)):
        how = {"max_moved_orders": most, "moved_order_cost": price}
        data["extend"] = {"batches": [{"orders": batch} for batch in earlier], **how}
        best = min(metres + price * moved for metres, moved in plans if moved <= most)
        result = _solve(data)
        assert result.objective.value == pytest.approx(best), (most, price)
        values.append(result.objective.value)
    assert values[0::2] == sorted(values[0::2], reverse=True)
    assert values[1::2] == sorted(values[1::2], reverse=True)


def test_an_order_moves_only_when_it_gains_more_than_it_costs() -> None:
    """A plan by hand that keeps neighbours apart: free moves mend it, dear ones do not."""
    data = batching_data(3, orders=8)
    bad = [{"orders": [f"O{i}"]} for i in range(7)]
    free = _solve({**data, "extend": {"batches": bad, "moved_order_cost": 0.0}})
    dear = _solve({**data, "extend": {"batches": bad, "moved_order_cost": 1000.0}})
    assert free.solution["distance_m"] < dear.solution["distance_m"]
    assert dear.solution["disturbance"]["moved_orders"] == []
    assert free.solution["disturbance"]["moved_orders"]


def test_cancelled_orders_are_passed_over_and_a_batch_that_no_longer_fits_is_parted() -> None:
    data = batching_data(5, orders=8, cart={"orders": 2})
    batches = [{"orders": ["O0", "O1", "O2"]}, {"orders": ["gone", "O3"]}, {"orders": ["gone too"], "released": True}]
    result = _solve({**data, "extend": {"batches": batches}})
    told = result.solution["disturbance"]
    assert told["late_orders"] == 4
    assert len(told["moved_orders"]) >= 1
    assert result.unassigned == ()


def test_deadlines_count_while_a_plan_is_extended() -> None:
    data = batching_data(9, orders=9, due="hard", objective="time", start_at="2026-01-05T08:00:00Z", pickers=2)
    for order in data["orders"]:
        order["due_at"] = "2026-01-05T12:00:00Z"
    data["extend"] = {"batches": [{"orders": ["O0", "O1"], "released": True}, {"orders": ["O2"]}]}
    result = _solve(data)
    assert result.unassigned == ()
    assert frozenset({"O0", "O1"}) in _batches(result)


def test_the_same_seed_and_iterations_give_the_same_extension() -> None:
    data = _extended(2, 14, 3)
    assert _solve(data).solution == _solve(data).solution


def test_incumbents_on_the_way_fall_and_the_last_is_the_answer() -> None:
    sent: list[Incumbent] = []
    budget = Budget(seconds=60, iterations=12_000)
    data = _extended(7, 14, 4)
    answer = FAMILY.solve(FAMILY.read(data), run := Run(budget, on_incumbent=sent.append))
    run.flush()
    objectives = [one.objective for one in sent]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[-1] == pytest.approx(answer.objective.value)


@pytest.mark.parametrize(
    ("extend", "more", "pointer"),
    [
        ({"batches": [{"orders": ["O1"]}, {"orders": ["O1"]}]}, {}, "/data"),
        ({"batches": [{"orders": [f"O{i}" for i in range(8)], "released": True}]}, {}, "/data/extend/batches/0"),
        ({"batches": [], "moved_order_cost": float("nan")}, {}, "/data/extend/moved_order_cost"),
        ({"batches": [], "max_moved_orders": -1}, {}, "/data/extend/max_moved_orders"),
        ({"batches": []}, {"zone_picking": True}, "/data"),
    ],
)
def test_a_fault_is_named_by_its_pointer(extend: dict[str, Any], more: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        _solve({**batching_data(1), **more, "extend": extend})
    assert caught.value.errors[0].pointer.startswith(pointer)


def test_locks_beside_an_extension_are_refused() -> None:
    with pytest.raises(ProblemError) as caught:
        _solve({**batching_data(1), "extend": {"batches": []}}, locks={"sealed": [["O1"]]})
    assert caught.value.errors[0].pointer == "/locks"


def test_each_way_of_spoiling_what_is_told_is_seen() -> None:
    data = _extended(4, 12, 3, released=1)
    solution = _solve(data).solution
    instance = FAMILY.read(data)
    for spoil, pointer in (
        (lambda p: p["disturbance"].update(late_orders=2), "/disturbance/late_orders"),
        (lambda p: p["disturbance"].update(moved_orders=["O0", "O1"]), "/disturbance/moved_orders"),
        (lambda p: p["disturbance"].update(changed_batches=9), "/disturbance/changed_batches"),
        (lambda p: p["disturbance"].update(replanned_m=1.0), "/disturbance/over_replanned_m"),
        (lambda p: p.pop("disturbance"), "/disturbance"),
    ):
        plan = copy.deepcopy(solution)
        spoil(plan)
        faults = FAMILY.check(instance, plan, None).violations
        assert pointer in {fault.pointer for fault in faults}, pointer
    other = {**data, "extend": {"batches": [{"orders": ["O0", "O1", "O2"], "released": True}], "max_moved_orders": 0}}
    told = " ".join(fault.detail for fault in FAMILY.check(FAMILY.read(other), solution, None).violations)
    assert "released, but not a batch" in told
    assert "at most 0 may" in told


@given(st.lists(st.integers(0, 3), min_size=1, max_size=7), st.lists(st.integers(0, 3), min_size=7, max_size=7))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_batches_are_continued_so_that_most_orders_stay(before: list[int], now: list[int]) -> None:
    earlier = [one for row in range(4) if (one := frozenset(f"O{i}" for i, r in enumerate(before) if r == row))]
    batches = [one for row in range(4) if (one := frozenset(f"O{i}" for i, r in enumerate(now) if r == row))]
    heirs = continued(earlier, batches)
    assert len(set(heirs.values())) == len(heirs)
    stay = sum(len(earlier[e] & batches[b]) for e, b in heirs.items())
    assert sum(map(len, earlier)) - stay == _moved(earlier, batches)
