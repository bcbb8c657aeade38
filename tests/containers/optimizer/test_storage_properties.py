"""What holds for slotting, re-slotting and replenishment whatever the data: names and order do not matter, room never hurts."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.optimizer.family import Run
from containers.optimizer.replenishment import FAMILY as REPLENISHMENT
from containers.optimizer.reslotting import FAMILY as RESLOTTING
from containers.optimizer.slotting import FAMILY as SLOTTING
from contracts.layout import location_id
from contracts.optimize import Budget

SOME = settings(max_examples=25, deadline=None, derandomize=True)
PLACES = [location_id(a, side, bay, 0) for a in range(3) for side in "LR" for bay in range(3)]
START = datetime(2026, 3, 2, 6, tzinfo=UTC)


@st.composite
def buildings(draw: Any) -> dict[str, Any]:
    """Up to eight articles in eighteen slots, orders for them, perhaps sizes, tags, shared slots and rules."""
    skus = [f"S{i}" for i in range(draw(st.integers(1, 8)))]
    lying = draw(st.permutations(PLACES))[: len(skus)]
    tags = st.lists(st.sampled_from(["food", "paint"]), unique=True, max_size=1)
    wanted = st.lists(st.sampled_from(skus), min_size=1, max_size=4, unique=True)
    orders = draw(st.lists(wanted, max_size=15))
    rules: dict[str, Any] = {"max_skus_per_slot": draw(st.integers(1, 2))}
    if draw(st.booleans()):
        rules["apart"] = [{"tags": ["food", "paint"], "within": draw(st.sampled_from(["slot", "bay", "aisle"]))}]
    return {
        "layout": {"type": "parametric", "aisles": 3, "bays_per_block": 3, "levels": 1},
        "items": [{"sku": sku, "weight_g": draw(st.integers(1, 9)), "attributes": draw(tags)} for sku in skus],
        "stock": [
            {"sku": sku, "location": at, "quantity": draw(st.integers(1, 9))}
            for sku, at in zip(skus, lying, strict=True)
        ],
        "orders": [
            {"id": f"O{i}", "lines": [{"sku": sku, "quantity": 1} for sku in order]} for i, order in enumerate(orders)
        ],
        "rules": rules,
        "objective": draw(st.sampled_from(["frequency", "affinity", "pick_distance"])),
    }


def _solved(family: Any, data: dict[str, Any]) -> Any:
    """The answer, checked; its bound is not above it."""
    problem = family.read(data)
    answer = family.solve(problem, Run(Budget(seconds=30, iterations=400)))
    report = family.check(problem, answer.solution, None)
    assert report.violations == ()
    assert report.objective.value == pytest.approx(answer.objective.value)
    bound = answer.bound or family.bound(problem, answer)
    assert bound.value is None or bound.value <= answer.objective.value + 1e-6
    return answer


def _renamed(value: Any) -> Any:
    """The same data with other names for articles and orders, which sort as before."""
    if isinstance(value, dict):
        return {key: f"N{one}" if key in ("sku", "id") else _renamed(one) for key, one in value.items()}
    return [_renamed(one) for one in value] if isinstance(value, list) else value


@SOME
@given(buildings())
def test_slotting_answers_are_checked_bounded_and_the_same_under_other_names(data: dict[str, Any]) -> None:
    answer = _solved(SLOTTING, data)
    assert _solved(SLOTTING, _renamed(data)).objective.value == pytest.approx(answer.objective.value)


@SOME
@given(buildings())
def test_slotting_by_frequency_never_loses_by_an_aisle_more_or_by_the_order_of_the_lists(data: dict[str, Any]) -> None:
    """Without rules that join articles the plan is exact, and the smaller building's plans are among the larger's."""
    data = {**data, "objective": "frequency", "rules": {}}
    value = _solved(SLOTTING, data).objective.value
    larger = {**data, "layout": {**data["layout"], "aisles": 4}}
    assert _solved(SLOTTING, larger).objective.value <= value + 1e-6
    turned = {**data, **{name: data[name][::-1] for name in ("items", "stock", "orders")}}
    assert _solved(SLOTTING, turned).objective.value == pytest.approx(value)


@SOME
@given(buildings(), st.integers(0, 6))
def test_reslotting_is_never_worse_than_staying_and_keeps_its_budget(data: dict[str, Any], most: int) -> None:
    answer = _solved(RESLOTTING, {**data, "max_moves": most, "payback_days": 300})
    assert answer.objective.value <= RESLOTTING.baseline(RESLOTTING.read(data)).value + 1e-6
    assert len(answer.solution["moves"]) <= most
    if most == 0:
        assert answer.solution["saved_m_per_day"] == 0


@st.composite
def faces(draw: Any) -> dict[str, Any]:
    """Up to three pick faces with reserve behind them, and up to four waves an hour apart."""
    skus = [f"S{i}" for i in range(draw(st.integers(1, 3)))]
    waves = draw(st.integers(0, 4))
    pieces = st.integers(0, 12)
    orders = [
        {"id": f"O{w}", "lines": [{"sku": sku, "quantity": draw(pieces) + 1} for sku in skus]} for w in range(waves)
    ]
    return {
        "layout": {"type": "parametric", "aisles": 3, "bays_per_block": 3, "levels": 1},
        "stock": [
            {"sku": sku, "location": PLACES[i], "quantity": draw(pieces)} for i, sku in enumerate(skus)
        ] + [{"sku": sku, "location": PLACES[6 + i], "quantity": draw(st.integers(0, 60))} for i, sku in enumerate(skus)],
        "faces": [
            {"sku": sku, "location": PLACES[i], "min_pieces": draw(st.integers(0, 5)), "max_pieces": draw(st.integers(12, 30))}
            for i, sku in enumerate(skus)
        ],
        "packs": [{"sku": sku, "case_pieces": draw(st.integers(1, 4))} for sku in skus],
        "orders": orders,
        "start_at": START.isoformat(),
        "waves": [
            {"id": f"W{w}", "start_at": (START + timedelta(hours=w + 1)).isoformat(), "orders": [f"O{w}"]}
            for w in range(waves)
        ],
    }  # fmt: skip


@SOME
@given(faces())
def test_replenishment_is_the_same_in_any_order_and_its_lot_sizes_gain_by_room(data: dict[str, Any]) -> None:
    answer = _solved(REPLENISHMENT, data)
    turned = {**data, **{name: data[name][::-1] for name in ("stock", "packs", "waves")}}
    assert _solved(REPLENISHMENT, turned).objective.value == pytest.approx(answer.objective.value)
    roomy = copy.deepcopy(data)
    for face in roomy["faces"]:
        face["max_pieces"] += 10
    more = _solved(REPLENISHMENT, roomy)
    if answer.bound.value is not None:
        assert more.bound.value is not None
        assert more.bound.value <= answer.bound.value + 1e-6
    assert len(more.unassigned) <= len(answer.unassigned)
