"""Each rule, kept by plans and seen by the check; and what does not fit, with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from containers.optimizer.slotting import FAMILY
from tests.containers.optimizer.slotting.helpers import slotting_data, solved, where


def _with_items(data: dict[str, Any], **of_sku: dict[str, Any]) -> dict[str, Any]:
    items = [{**item, **of_sku.get(item["sku"], {})} for item in data["items"]]
    return {**data, "items": items}


def _zoned(seed: int, **more: Any) -> dict[str, Any]:
    """Three aisles: one dry, one chilled, one caged."""
    data = slotting_data(seed, **more)
    data["layout"]["zones"] = [
        {"id": "dry", "first_aisle": 0, "last_aisle": 0},
        {"id": "cold", "first_aisle": 1, "last_aisle": 1, "attributes": ["chilled"]},
        {"id": "cage", "first_aisle": 2, "last_aisle": 2, "attributes": ["hazard", "locked"]},
    ]
    return data


@pytest.mark.parametrize("objective", ["cube_per_order", "frequency", "affinity", "pick_distance"])
def test_zone_rules_send_articles_where_they_must_lie_and_keep_others_out(objective: str) -> None:
    data = _with_items(
        _zoned(1, skus=8, objective=objective),
        S00={"attributes": ["chilled"]},
        S01={"attributes": ["chilled"]},
        S02={"attributes": ["hazard"]},
        S03={"family": "paint"},
    )
    data["rules"] = {
        "zones": [
            {"tag": "chilled", "only": ["chilled"], "exclusive": True},
            {"tag": "hazard", "only": ["locked"]},
            {"tag": "paint", "never": ["dry"]},
        ]
    }
    at = {sku: names[0][:3] for sku, names in where(solved(data)[1]).items()}
    assert (at["S00"], at["S01"], at["S02"], at["S03"]) == ("A02", "A02", "A03", "A03")
    assert not [sku for sku, aisle in at.items() if aisle == "A02" and sku not in ("S00", "S01")]


def test_heavy_articles_lie_on_the_floor_and_fast_ones_in_the_golden_zone() -> None:
    data = _with_items(slotting_data(2, levels=3, objective="frequency"), S04={"weight_g": 20_000})
    data["rules"] = {"heavy": {"from_g": 15_000, "levels": [1]}, "golden": {"levels": [2], "penalty_m": 3.0}}
    instance, answer = solved(data)
    assert where(answer)["S04"][0].endswith("-1")
    most = max((s for s in instance.demand.picks if s != "S04"), key=lambda sku: instance.demand.picks[sku])
    assert where(answer)[most][0].endswith("-2")
    assert answer.objective.parts.keys() == {"walking", "golden_zone"}


@pytest.mark.parametrize("within", ["bay", "aisle", "zone"])
@pytest.mark.parametrize("objective", ["frequency", "pick_distance"])
def test_tags_are_kept_apart(within: str, objective: str) -> None:
    tagged = {f"S{i:02d}": {"attributes": ["food"]} for i in range(4)}
    tagged |= {f"S{i:02d}": {"attributes": ["poison"]} for i in range(4, 7)}
    data = _with_items(_zoned(3, skus=12, objective=objective), **tagged)
    data["rules"] = {"apart": [{"tags": ["food", "poison"], "within": within}]}
    _, answer = solved(data)
    assert answer.unassigned == ()


@pytest.mark.parametrize("within", ["aisle", "zone"])
def test_families_stay_together(within: str) -> None:
    families = {f"S{i:02d}": {"family": "tea" if i < 5 else "coffee"} for i in range(9)}
    data = _with_items(_zoned(4, skus=12), **families)
    data["rules"] = {"together": [{"tag": "tea", "within": within}, {"tag": "coffee", "within": within}]}
    _, answer = solved(data)
    assert answer.unassigned == ()
    assert len({where(answer)[f"S{i:02d}"][0][:3] for i in range(5)}) == 1


def test_slots_are_shared_up_to_their_volume_weight_and_number_of_skus() -> None:
    """Six articles of 4 dm³ in slots of 10 dm³, two SKUs a slot: three slots at the front, none with three."""
    data = {
        "layout": {
            "type": "parametric",
            "aisles": 1,
            "bays_per_block": 4,
            "sides": 1,
            "location_limits": {"max_volume_mm3": 10_000_000},
        },
        "items": [{"sku": f"A{i}", "length_mm": 100, "width_mm": 200, "height_mm": 200} for i in range(6)],
        "needs": [{"sku": f"A{i}", "pieces": 1, "picks": 1} for i in range(6)],
        "rules": {"max_skus_per_slot": 2},
        "objective": "frequency",
    }
    _, answer = solved(data)
    slots = [names[0] for names in where(answer).values()]
    assert sorted(slots.count(slot) for slot in set(slots)) == [2, 2, 2]
    assert answer.objective.value == pytest.approx(2 * (2 + 4 + 6))  # bays at 1, 2 and 3 m, there and back


def test_locked_articles_stay_and_contradictory_locks_are_named() -> None:
    data = slotting_data(5)
    today = {line["sku"]: line["location"] for line in data["stock"]}
    locks = {"keep": ["S01"], "fixed": {"S02": ["A01-L-001-1"]}}
    taken = [sku for sku, at in today.items() if at == "A01-L-001-1" and sku == "S01"]
    assert not taken
    _, answer = solved(data, locks=locks)
    assert where(answer)["S01"] == [today["S01"]]
    assert where(answer)["S02"] == ["A01-L-001-1"]
    from contracts.errors import ProblemError

    for wrong in (
        {"fixed": {"S02": ["nowhere"]}},
        {"fixed": {"S02": ["A01-L-001-1"], "S03": ["A01-L-001-1"]}},
        {"keep": ["S99"]},
        {"keep": ["S02"], "fixed": {"S02": ["A01-L-001-1"]}},
    ):
        with pytest.raises(ProblemError) as caught:
            solved(data, locks=wrong)
        assert caught.value.errors[0].pointer.startswith("/locks")


def _reason(data: dict[str, Any]) -> tuple[str, str]:
    _, answer = solved(data)
    left = {one.id: one for one in answer.unassigned}
    assert left["S00"].smallest_change
    return left["S00"].reason, left["S00"].smallest_change


@pytest.mark.parametrize(
    ("item", "limits", "reason", "change"),
    [
        ({"length_mm": 900, "width_mm": 10, "height_mm": 10}, {"width_mm": 500, "depth_mm": 500, "height_mm": 500},
         "larger-than-any-slot", "10×10×900"),
        ({"length_mm": 90, "width_mm": 90, "height_mm": 90}, {"max_volume_mm3": 100_000}, "larger-than-any-slot", "729000"),
        ({"weight_g": 5000}, {"max_weight_g": 4000}, "heavier-than-any-slot", "5000 g"),
        ({}, {"max_weight_g": 4000}, "item-size-unknown", "weight_g"),
        ({"weight_g": 1}, {"width_mm": 5}, "item-size-unknown", "length_mm"),
    ],
)  # fmt: skip
def test_what_fits_no_slot_says_why_and_what_would_help(item: Any, limits: Any, reason: str, change: str) -> None:
    data = slotting_data(6, skus=1)
    data["items"] = [{"sku": "S00", **item}]
    data["layout"]["location_limits"] = limits
    found, cure = _reason(data)
    assert found == reason
    assert change in cure


def test_rules_that_nothing_satisfies_and_full_buildings_leave_articles_out_with_the_reason() -> None:
    data = _with_items(_zoned(7), S00={"attributes": ["chilled", "hazard"]})
    data["rules"] = {"zones": [{"tag": "chilled", "only": ["chilled"]}, {"tag": "hazard", "only": ["hazard"]}]}
    assert _reason(data)[0] == "no-slot-allowed"
    data = _with_items(slotting_data(7), S00={"attributes": ["food", "poison"]})
    data["rules"] = {"apart": [{"tags": ["food", "poison"]}]}
    assert _reason(data)[0] == "contradictory-rules"
    full = slotting_data(7, skus=24, orders=0)
    full["orders"] = [{"id": "O", "lines": [{"sku": "new", "quantity": 1}]}]
    _, answer = solved(full)
    assert [one.reason for one in answer.unassigned] == ["no-free-slot"]


def test_a_plan_that_breaks_rules_is_told_each_of_them() -> None:
    data = _with_items(_zoned(8, skus=3), S00={"attributes": ["chilled"]}, S01={"weight_g": 900})
    data["rules"] = {"zones": [{"tag": "chilled", "only": ["chilled"]}]}
    data["layout"]["location_limits"] = {"max_weight_g": 1000}
    at = "A01-L-001-1"
    plan = {"assignments": [{"sku": sku, "location": at, "pieces": 5} for sku in ("S00", "S01", "S02")]}
    told = " ".join(f.detail for f in FAMILY.check(FAMILY.read(data), plan, None).violations)
    for word in ("must lie in ['chilled']", "holds 3 SKUs", "4500 g", "not known"):
        assert word in told
