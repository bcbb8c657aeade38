"""What cannot be packed is refused with the pointer and the cure, or left out with a reason: never a wrong plan."""

from __future__ import annotations

import math
from typing import Any

import pytest

from containers.optimizer.cartonization import FAMILY
from contracts.errors import ProblemError
from tests.containers.optimizer.cartonization.helpers import pack

ITEM = {"id": "a", "length_mm": 10, "width_mm": 10, "height_mm": 10}
CARTON = {"id": "t", "length_mm": 20, "width_mm": 20, "height_mm": 20}


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        pytest.param({"items": [ITEM], "cartons": []}, "/data/cartons", id="no carton type"),
        pytest.param({"items": [ITEM, ITEM], "cartons": [CARTON]}, "/data/items/1/id", id="item id twice"),
        pytest.param({"items": [ITEM], "cartons": [CARTON, CARTON]}, "/data/cartons/1/id", id="type id twice"),
        pytest.param({"items": [{**ITEM, "length_mm": 0}], "cartons": [CARTON]}, "/data/items/0/length_mm", id="zero"),
        pytest.param({"items": [{**ITEM, "value": math.nan}], "cartons": [CARTON]}, "/data/items/0/value", id="NaN"),
        pytest.param(
            {"items": [{"id": "a", "length_mm": 1, "width_mm": 1}], "cartons": [CARTON]},
            "/data/items/0/height_mm",
            id="no height in three dimensions",
        ),
        pytest.param(
            {
                "items": [
                    {**ITEM, "together": "g", "category": "x"},
                    {**ITEM, "id": "b", "together": "g", "category": "y"},
                ],
                "cartons": [CARTON],
                "apart": [["x", "y"]],
            },
            "/data/items/1/together",
            id="together and apart",
        ),
        pytest.param(
            {"items": [ITEM], "cartons": [CARTON], "open_cartons": [{"id": "o", "type": "none"}]},
            "/data/open_cartons/0/type",
            id="unknown type",
        ),
        pytest.param(
            {
                "items": [ITEM],
                "cartons": [CARTON],
                "open_cartons": [{"id": "o", "type": "t", "contents": [{**ITEM, "x": 15}]}],
            },
            "/data/open_cartons/0/contents/0",
            id="content beyond the wall",
        ),
        pytest.param(
            {"objective": "value", "items": [ITEM], "cartons": [CARTON]}, "/data/cartons/0/available", id="no number"
        ),
    ],
)
def test_a_fault_is_named_with_its_place(data: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        FAMILY.read(data)
    assert caught.value.code == "invalid"
    assert caught.value.errors[0].pointer == pointer
    assert caught.value.errors[0].detail


def test_too_many_pieces_are_refused_with_the_limit() -> None:
    with pytest.raises(ProblemError) as caught:
        FAMILY.read({"items": [{**ITEM, "quantity": 100_000}], "cartons": [CARTON]})
    assert caught.value.code == "too-large-to-solve"
    assert caught.value.extra["limit"] == 20_000


def test_nothing_to_pack_beside_what_an_open_carton_holds_is_a_complete_plan() -> None:
    size = {"length_mm": 100, "width_mm": 100, "height_mm": 100}
    lying = {"id": "old", "x": 0, "y": 0, "z": 0, "weight_g": 5, **dict.fromkeys(size, 50)}
    data = {
        "items": [],
        "cartons": [{"id": "S", **size}],
        "open_cartons": [{"id": "begun", "type": "S", "contents": [lying]}],
    }
    result = pack(data)
    assert (result.objective.value, result.unassigned) == (0.0, ())


def test_nothing_to_pack_is_a_complete_plan() -> None:
    answer = pack({"items": [], "cartons": [CARTON]})
    assert answer.objective.value == 0
    assert answer.solution["cartons"] == []


def test_an_item_larger_than_any_carton_is_left_out_and_the_rest_is_packed() -> None:
    answer = pack({"items": [ITEM, {**ITEM, "id": "long", "length_mm": 50}], "cartons": [CARTON]})
    left = answer.unassigned[0]
    assert (left.id, left.reason, left.smallest_change) == (
        "long",
        "larger-than-any-carton",
        "needs a carton of at least 50×20×20 mm",
    )
    # one carton at 1, one piece left out at 1 + 2 x 1
    assert answer.objective.parts == {"cartons": 1, "left_out": 3}


def test_an_item_heavier_than_any_carton_carries_is_left_out() -> None:
    answer = pack({"items": [{**ITEM, "weight_g": 900}], "cartons": [{**CARTON, "max_weight_g": 500}]})
    assert answer.unassigned[0].reason == "heavier-than-any-carton"


def test_a_plan_from_outside_is_scored_with_all_that_is_wrong() -> None:
    place = {"item": "a", "piece": 0, "x": 15, "y": 0, "z": 5, "length_mm": 10, "width_mm": 10, "height_mm": 10}
    problem = FAMILY.read({"items": [ITEM], "cartons": [CARTON]})
    report = FAMILY.check(problem, {"cartons": [{"id": "c", "type": "t", "placements": [place, place]}]}, None)
    found = " | ".join(fault.detail for fault in report.violations)
    assert "packed twice" in found
    assert "reaches out" in found
    assert "overlaps" in found
    assert "rests on" in found
