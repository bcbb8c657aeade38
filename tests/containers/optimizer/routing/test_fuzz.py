"""Random and broken routing problems: a checked answer with reasons for what it leaves out, or a clear problem."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.optimizer.execute import execute
from containers.optimizer.family import Run
from containers.optimizer.routing.warm import warm
from contracts.errors import ProblemError
from contracts.layout import location_id
from contracts.optimize import OptimizeRequest, OptimizeResult

BLOCKS, BAYS, AISLES = 2, 4, 4


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Searches here have a time limit; loading or compiling kernels is not part of it."""
    warm()


def _solve(data: dict[str, Any]) -> OptimizeResult:
    request = OptimizeRequest.model_validate({"problem": "routing", "data": data, "budget": {"seconds": 20}})
    return execute(request, Run(request.budget))


@st.composite
def _problems(draw: st.DrawFn) -> dict[str, Any]:
    """Lists of places and of articles, which may be too many for the stock."""
    places = st.builds(
        lambda aisle, side, bay: location_id(aisle, side, bay, 0),
        st.integers(0, AISLES - 1), st.sampled_from("LR"), st.integers(0, BLOCKS * BAYS - 1),
    )  # fmt: skip
    skus = st.sampled_from(["a", "b", "c", "d"])
    pieces = st.integers(1, 4)
    stock = st.builds(lambda sku, place, n: {"sku": sku, "location": place, "quantity": n}, skus, places, pieces)
    lines = st.builds(lambda sku, n: {"sku": sku, "quantity": n}, skus, pieces)
    lists = [
        {"locations": draw(st.lists(places, max_size=6)), "lines": draw(st.lists(lines, max_size=3))}
        for _ in range(draw(st.integers(1, 3)))
    ]
    layout = {"type": "parametric", "aisles": AISLES, "bays_per_block": BAYS, "blocks": BLOCKS}
    layout["depot"] = {"aisle": draw(st.integers(0, AISLES - 1)), "cross_aisle": draw(st.integers(0, BLOCKS))}
    kept = [{"id": f"L{i}", **one} for i, one in enumerate(lists) if one["locations"] or one["lines"]]
    return {"layout": layout, "lists": kept, "stock": draw(st.lists(stock, max_size=10))}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(_problems())
def test_every_answer_is_checked_bounded_and_explains_what_it_leaves_out(data: dict[str, Any]) -> None:
    """`execute` refuses answers that the family's own check rejects."""
    result = _solve(data)
    planned = {route["id"] for route in result.solution["routes"]}
    left_out = {one.id for one in result.unassigned}
    assert planned | left_out == {one["id"] for one in data["lists"]}
    assert not planned & left_out
    assert all(one.reason == "out-of-stock" and one.smallest_change for one in result.unassigned)
    if result.bound.value is not None:
        assert result.bound.value <= result.objective.value + 1e-6
    for route in result.solution["routes"]:
        assert min(route["rules_m"].values()) >= route["distance_m"] - 1e-6


@settings(max_examples=25, deadline=None, derandomize=True)
@given(_problems(), st.data())
def test_more_stock_never_makes_a_list_longer(data: dict[str, Any], draw: st.DataObject) -> None:
    data["lists"] = data["lists"][:1]
    before = _solve(data)
    line = draw.draw(st.sampled_from(["a", "b", "c", "d"]))
    place = location_id(draw.draw(st.integers(0, AISLES - 1)), "L", draw.draw(st.integers(0, BLOCKS * BAYS - 1)), 0)
    data["stock"] = [*data["stock"], {"sku": line, "location": place, "quantity": 3}]
    after = _solve(data)
    if before.status == "optimal" and not before.unassigned and after.status == "optimal":
        assert after.objective.value <= before.objective.value + 1e-6


@settings(max_examples=25, deadline=None, derandomize=True)
@given(_problems(), st.randoms(use_true_random=False))
def test_the_order_of_stock_and_locations_changes_no_length(data: dict[str, Any], shuffler: Any) -> None:
    data["lists"] = data["lists"][:1]
    turned = copy.deepcopy(data)
    shuffler.shuffle(turned["stock"])
    for one in turned["lists"]:
        shuffler.shuffle(one["locations"])
        shuffler.shuffle(one["lines"])
    assert _solve(turned).objective.value == pytest.approx(_solve(data).objective.value)


LAYOUT = {"type": "parametric", "aisles": 3, "bays_per_block": 4}
PLACE = "A01-L-001-1"


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"layout": LAYOUT, "lists": [{"id": "L"}]}, "/data/lists/0"),  # neither locations nor lines
        ({"layout": LAYOUT, "lists": [{"id": "L", "locations": ["nowhere"]}]}, "/data/lists/0/locations/0"),
        ({"layout": LAYOUT, "lists": [{"id": "L", "locations": [PLACE]}] * 2}, "/data/lists"),  # one id twice
        ({"layout": {**LAYOUT, "aisles": 0}, "lists": []}, "/data/layout"),
        ({"layout": {**LAYOUT, "aisle_pitch_m": math.nan}, "lists": []}, "/data/layout"),
        ({"layout": {**LAYOUT, "bay_width_m": math.inf}, "lists": []}, "/data/layout"),
        ({"layout": {**LAYOUT, "depot": {"aisle": 9}}, "lists": []}, "/data/layout"),
        (
            {"layout": LAYOUT, "lists": [], "stock": [{"sku": "a", "location": "X", "quantity": 1}]},
            "/data/stock/0/location",
        ),
        (
            {"layout": LAYOUT, "lists": [{"id": "L", "lines": [{"sku": "a", "quantity": 10**30}]}], "stock": []},
            "/data/lists/0/lines/0/quantity",
        ),
    ],
)
def test_a_broken_problem_is_refused_where_it_is_broken(data: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        _solve(data)
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors), caught.value.errors


def test_no_lists_are_a_plan_of_no_metres() -> None:
    result = _solve({"layout": LAYOUT, "lists": []})
    assert (result.status, result.objective.value, result.bound.value) == ("optimal", 0.0, 0.0)


def test_articles_that_lie_almost_everywhere_are_planned_within_the_time() -> None:
    """1,000 places of three articles in two long aisles: more ways into them than the search lists."""
    layout = {"type": "parametric", "aisles": 2, "bays_per_block": 500, "sides": 1}
    stock = [
        {"sku": f"S{(7 * bay + aisle) % 3}", "location": location_id(aisle, "L", bay, 0), "quantity": 1}
        for aisle in range(2)
        for bay in range(500)
    ]
    lines = [{"sku": f"S{i}", "quantity": 60} for i in range(3)]
    data = {"layout": layout, "stock": stock, "lists": [{"id": "L", "lines": lines}]}
    request = OptimizeRequest.model_validate({"problem": "routing", "data": data, "budget": {"seconds": 2}})
    result = execute(request, Run(request.budget))
    taken = sum(take["quantity"] for take in result.solution["routes"][0]["takes"])
    assert taken == 180
    assert result.elapsed_s < 10
