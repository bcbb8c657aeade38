"""Properties that hold for every batching problem, on problems that hypothesis makes up and shrinks."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.optimizer.batching import FAMILY
from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from contracts.errors import ProblemError
from contracts.optimize import Budget, OptimizeRequest, OptimizeResult
from tests.containers.optimizer.warehouses import batching_data

MOVES = 300
REPEATABLE = settings(max_examples=8, deadline=None, derandomize=True)


def _solve(data: dict[str, Any], iterations: int = MOVES, **more: Any) -> OptimizeResult:
    """The answer; `execute` raises when the plan fails its check or is not worth what it claims."""
    budget = Budget(seconds=60, iterations=iterations, seed=1)
    request = OptimizeRequest(problem="batching", data=data, budget=budget, **more)
    return execute(request, Run(budget, warm_start=request.warm_start, locks=request.locks))


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """Warehouses of up to three blocks, up to 10 orders, carts that several dimensions limit."""
    data: dict[str, Any] = batching_data(
        draw(st.integers(0, 10_000)), orders=draw(st.integers(1, 10)), blocks=draw(st.integers(1, 3))
    )
    data["cart"] = {"items": draw(st.integers(1, 12))}
    if draw(st.booleans()):
        data["cart"]["orders"] = draw(st.integers(1, 4))
    data["objective"] = draw(st.sampled_from(["distance", "time"]))
    if draw(st.booleans()):
        data["pace"] = {"setup_s": 30, "stop_s": 3, "piece_s": 1}
    return data


@given(problems())
@REPEATABLE
def test_every_answer_passes_its_check_and_is_no_better_than_its_bound(data: dict[str, Any]) -> None:
    result = _solve(data)
    planned = {order for batch in result.solution["batches"] for order in batch["orders"]}
    left_out = {one.id for one in result.unassigned}
    assert planned | left_out == {order["id"] for order in data["orders"]}
    assert not planned & left_out
    if result.bound.value is not None and not left_out:
        assert result.bound.value <= result.objective.value + 1e-6


@given(problems(), st.integers(1, 10))
@REPEATABLE
def test_a_proven_optimum_never_rises_with_a_larger_cart(data: dict[str, Any], more: int) -> None:
    small = _solve(data)
    wide = _solve(data | {"cart": {"items": data["cart"]["items"] + more}})
    if small.unassigned or wide.status != "optimal":
        return
    assert wide.objective.value <= small.objective.value + 1e-6


@given(problems(), st.randoms(use_true_random=False))
@REPEATABLE
def test_the_order_of_the_input_does_not_change_a_proven_optimum(data: dict[str, Any], rng: random.Random) -> None:
    shuffled = {**data, "orders": rng.sample(data["orders"], len(data["orders"]))}
    shuffled["stock"] = rng.sample(data["stock"], len(data["stock"]))
    one, other = _solve(data), _solve(shuffled)
    assert {left.id for left in one.unassigned} == {left.id for left in other.unassigned}
    if one.status == other.status == "optimal":
        assert one.objective.value == pytest.approx(other.objective.value)


@given(problems())
@REPEATABLE
def test_the_same_seed_and_moves_with_one_worker_give_the_same_answer(data: dict[str, Any]) -> None:
    one, other = _solve(data), _solve(data)
    assert (one.solution, one.bound, one.iterations) == (other.solution, other.bound, other.iterations)


def test_dives_and_programs_repeat_too_where_batches_are_too_many_to_list() -> None:
    data = batching_data(3, orders=45, aisles=6, bays=10, cart={"items": 14})
    one, other = _solve(data, 150_000), _solve(data, 150_000)
    assert one.iterations == 150_000
    assert one.bound.value is None  # not listed: the search, not the proof, is compared
    assert one.solution == other.solution


def test_late_orders_join_a_plan_whose_batches_have_left() -> None:
    data = batching_data(4, orders=10, cart={"items": 8})
    early = data | {"orders": data["orders"][:8]}
    plan = _solve(early).solution
    gone = plan["batches"][0]["orders"]
    extended = _solve(data, warm_start=plan, locks={"sealed": [gone]})
    batches = [sorted(batch["orders"]) for batch in extended.solution["batches"]]
    assert sorted(gone) in batches
    assert sorted(order for batch in batches for order in batch) == sorted(f"O{i}" for i in range(10))


BROKEN = [
    (("cart", "items"), float("nan"), "a limit that is not a number"),
    (("cart", "items"), 0, "a cart that takes nothing"),
    (("pace", "walk_m_per_s"), float("nan"), "a pace that is not a number"),
    (("orders", 0, "lines", 0, "quantity"), -1, "a negative quantity"),
    (("orders", 0, "id"), "O1", "two orders of one id"),
    (("stock", 0, "location"), "A99-L-001-1", "a place outside the layout"),
    (("layout", "aisles"), 10**9, "a warehouse larger than any"),
]


@pytest.mark.parametrize(("where", "value", "why"), BROKEN, ids=[why for _, _, why in BROKEN])
def test_a_broken_problem_is_refused_with_a_pointer(where: tuple[Any, ...], value: Any, why: str) -> None:
    data: Any = batching_data(1, pace={"walk_m_per_s": 1.0})
    at = data
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    with pytest.raises(ProblemError) as caught:
        FAMILY.read(data)
    assert caught.value.errors, why
    assert caught.value.errors[0].pointer.startswith("/data"), why
