"""Each packing rule on a case small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from containers.optimizer.cartonization import FAMILY
from containers.optimizer.family import Run
from contracts.errors import ProblemError
from contracts.optimize import Budget
from tests.containers.optimizer.cartonization.helpers import pack


def cube(name: str, edge: int = 10, **more: Any) -> dict[str, Any]:
    return {"id": name, "length_mm": edge, "width_mm": edge, "height_mm": edge, **more}


def carton(length: int, width: int, height: int, name: str = "t", **more: Any) -> dict[str, Any]:
    return {"id": name, "length_mm": length, "width_mm": width, "height_mm": height, **more}


def test_eight_cubes_fill_one_carton() -> None:
    answer = pack({"items": [cube("a", quantity=8)], "cartons": [carton(20, 20, 20)]})
    assert answer.objective.value == 1
    assert answer.solution["cartons"][0]["fill"] == 1.0


def test_the_weight_limit_opens_another_carton() -> None:
    """Four cubes of 300 g, 700 g per carton: two per carton."""
    answer = pack({"items": [cube("a", quantity=4, weight_g=300)], "cartons": [carton(20, 20, 20, max_weight_g=700)]})
    assert answer.objective.value == 2


def test_a_fragile_piece_carries_nothing() -> None:
    """A column for two cubes: two fragile ones need a carton each, a fragile one on top of a sturdy one does not."""
    column = [carton(10, 10, 20)]
    assert pack({"items": [cube("a", quantity=2, fragile=True, weight_g=1)], "cartons": column}).objective.value == 2
    mixed = pack({"items": [cube("a", fragile=True, weight_g=9), cube("b", weight_g=9)], "cartons": column})
    assert mixed.objective.value == 1
    top = max(mixed.solution["cartons"][0]["placements"], key=lambda place: place["z"])
    assert top["item"] == "a"


def test_load_is_passed_on_to_the_bottom() -> None:
    """Cubes of 100 g that bear 150 g: a third one would press with 200 g on the lowest, so two per column."""
    items = [cube("a", quantity=3, weight_g=100, max_load_g=150)]
    assert pack({"items": items, "cartons": [carton(10, 10, 30)]}).objective.value == 2


def test_categories_kept_apart_share_no_carton() -> None:
    items = [cube("a", category="food"), cube("b", category="bleach")]
    room = [carton(20, 20, 20)]
    assert pack({"items": items, "cartons": room}).objective.value == 1
    assert pack({"items": items, "cartons": room, "apart": [["food", "bleach"]]}).objective.value == 2


def test_what_belongs_together_shares_a_carton() -> None:
    """Two cartons of three cubes each; the three of a group must not be split for a fuller first carton."""
    items = [cube("a", quantity=2, together="set"), cube("b", together="set"), cube("c", quantity=3)]
    answer = pack({"items": items, "cartons": [carton(30, 10, 10)]})
    assert answer.objective.value == 2
    homes = {
        n
        for n, found in enumerate(answer.solution["cartons"])
        for place in found["placements"]
        if place["item"] in ("a", "b")
    }
    assert len(homes) == 1


def test_a_group_too_large_for_any_carton_stays_out_as_a_whole() -> None:
    items = [cube("a", quantity=4, together="set"), cube("b")]
    answer = pack({"items": items, "cartons": [carton(30, 10, 10)]})
    assert [(left.id, left.reason) for left in answer.unassigned] == [("a", "group-larger-than-any-carton")]


def test_support_keeps_overhanging_pieces_out() -> None:
    """A plate of 20 over a cube of 10 rests on half its base. With 0.75 asked, it must stand beside the cube."""
    items = [cube("a"), {"id": "p", "length_mm": 20, "width_mm": 10, "height_mm": 5, "rotations": "fixed"}]
    room = [carton(20, 10, 15)]
    assert pack({"items": items, "cartons": room, "min_support": 0.5}).objective.value == 1
    # The other way round the cube stands on the plate with its whole base.
    low = pack({"items": items, "cartons": room, "min_support": 1.0})
    assert low.objective.value == 1
    places = {place["item"]: place["z"] for place in low.solution["cartons"][0]["placements"]}
    assert places == {"p": 0, "a": 5}


def test_a_later_pick_never_lies_below_an_earlier_one() -> None:
    """The plate is picked first, so the cube (too high to lie below) goes on top of it and never under it."""
    items = [
        cube("a", sequence=0),
        {"id": "p", "length_mm": 10, "width_mm": 10, "height_mm": 5, "rotations": "fixed", "sequence": 1},
    ]
    answer = pack({"items": items, "cartons": [carton(10, 10, 15)]})
    places = {place["item"]: place["z"] for place in answer.solution["cartons"][0]["placements"]}
    assert places == {"a": 0, "p": 10}
    assert [place["item"] for place in answer.solution["cartons"][0]["placements"]] == ["a", "p"]


def test_a_later_pick_never_lies_behind_an_earlier_one_in_a_container_with_a_door() -> None:
    items = [cube("a", sequence=1), cube("b", sequence=0)]
    answer = pack({"items": items, "cartons": [carton(20, 10, 10, access="door")]})
    places = {place["item"]: place["x"] for place in answer.solution["cartons"][0]["placements"]}
    assert places == {"b": 0, "a": 10}


def test_a_fixed_item_is_not_turned() -> None:
    item = {"id": "a", "length_mm": 30, "width_mm": 10, "height_mm": 10, "rotations": "fixed"}
    answer = pack({"items": [item], "cartons": [carton(10, 30, 10)]})
    assert answer.unassigned[0].reason == "larger-than-any-carton"
    assert answer.unassigned[0].smallest_change == "needs a carton of at least 30×30×10 mm"
    assert not pack({"items": [{**item, "rotations": "upright"}], "cartons": [carton(10, 30, 10)]}).unassigned


def test_the_cheapest_mix_of_cartons_is_chosen() -> None:
    """Nine cubes: one carton of eight (10) and a single (2) cost 12; two of eight cost 20, nine singles 18."""
    cartons = [carton(20, 20, 20, "eight", cost=10), carton(10, 10, 10, "one", cost=2)]
    answer = pack({"items": [cube("a", quantity=9)], "cartons": cartons}, 200)
    assert answer.objective.value == 12
    assert answer.objective.parts == {"cartons": 12, "left_out": 0}


def test_availability_limits_the_plan_and_is_named() -> None:
    answer = pack({"items": [cube("a", quantity=3)], "cartons": [carton(10, 10, 10, available=2, cost=4)]})
    assert [(left.reason, left.smallest_change) for left in answer.unassigned] == [
        ("no-carton-left", "one more carton of type 't'")
    ]
    # two cartons at 4, and one piece left out at 1 + 2 x 4
    assert answer.objective.parts == {"cartons": 8, "left_out": 9}


def test_a_partly_filled_carton_is_continued_for_nothing() -> None:
    opened = {
        "id": "half",
        "type": "t",
        "contents": [{"id": "old", "x": 0, "length_mm": 10, "width_mm": 10, "height_mm": 10, "weight_g": 5}],
    }
    data = {"items": [cube("a", quantity=3)], "cartons": [carton(20, 10, 10)], "open_cartons": [opened]}
    answer = pack(data)
    assert answer.objective.value == 1
    continued = next(found for found in answer.solution["cartons"] if found.get("open_carton") == "half")
    assert [(place["x"], place["y"], place["z"]) for place in continued["placements"]] == [(10, 0, 0)]
    assert continued["weight_g"] == 5


def test_pinned_cartons_stay_and_may_be_added_to() -> None:
    place = {"item": "a", "piece": 1, "x": 10, "y": 0, "z": 0, "length_mm": 10, "width_mm": 10, "height_mm": 10}
    data = {"items": [cube("a", quantity=3)], "cartons": [carton(20, 10, 10)]}
    locks = {"cartons": [{"id": "mine", "type": "t", "placements": [place]}]}
    answer = pack(data, locks=locks)
    assert answer.objective.value == 2
    mine = next(found for found in answer.solution["cartons"] if found["id"] == "mine")
    assert len(mine["placements"]) == 2
    closed = pack(data, locks={**locks, "closed": ["mine"]})
    assert closed.objective.value == 2
    assert len(next(found for found in closed.solution["cartons"] if found["id"] == "mine")["placements"]) == 1


def test_a_pinned_plan_that_breaks_a_rule_is_refused_with_its_place() -> None:
    place = {"item": "a", "piece": 0, "x": 15, "length_mm": 10, "width_mm": 10, "height_mm": 10}
    data = {"items": [cube("a")], "cartons": [carton(20, 10, 10)]}
    with pytest.raises(ProblemError) as caught:
        pack(data, locks={"cartons": [{"id": "m", "type": "t", "placements": [place]}]})
    assert caught.value.errors[0].pointer == "/locks/cartons/0/placements/0"


def test_a_warm_start_is_never_made_worse() -> None:
    items = [cube(f"i{n}", edge=10 + n) for n in range(8)]
    data = {"items": items, "cartons": [carton(40, 40, 40)]}
    good = pack(data, 300)
    again = pack(data, 1, warm_start=good.solution)
    assert again.objective.value <= good.objective.value


def test_an_infeasible_part_of_a_warm_start_is_dropped_with_a_note() -> None:
    place = {"item": "a", "piece": 0, "x": 15, "length_mm": 10, "width_mm": 10, "height_mm": 10}
    plan = {"cartons": [{"id": "m", "type": "t", "placements": [place]}]}
    answer = pack({"items": [cube("a")], "cartons": [carton(20, 10, 10)]}, warm_start=plan)
    assert any("dropped" in note for note in answer.notes)
    assert answer.objective.value == 1


def test_the_most_valuable_load_is_chosen_for_the_room_there_is() -> None:
    items = [cube("cheap", quantity=3, value=1), cube("dear", quantity=2, value=5)]
    data = {"objective": "value", "items": items, "cartons": [carton(30, 10, 10, available=1)]}
    answer = pack(data, 100)
    assert answer.objective.value == 11
    assert answer.objective.sense == "max"


def test_fill_limit_keeps_room_for_padding() -> None:
    data = {"items": [cube("a", quantity=8)], "cartons": [carton(20, 20, 20)], "fill_limit": 0.5}
    assert pack(data).objective.value == 2


def test_the_deadline_is_honoured() -> None:
    items = [cube(f"i{n}", edge=7 + n % 9) for n in range(120)]
    problem = FAMILY.read({"items": items, "cartons": [carton(33, 31, 29), carton(24, 25, 26, "u", cost=1)]})
    FAMILY.warm()
    run = Run(Budget(seconds=1.0))
    FAMILY.solve(problem, run)
    assert run.elapsed_s < 1.3
