"""A short form of `make fuzz` for problems: changed requests of every family get a checked plan or a named fault."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from containers.optimizer.registry import FAMILIES
from tests.fuzz.problems import cases, finding, requests

SEED, CASES, SECONDS = 1, 25, 0.05


def test_every_family_has_requests_to_change():
    assert set(requests()) == set(FAMILIES)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_the_requests_themselves_are_planned_scored_and_improved(name: str):
    for number, request in enumerate(requests()[name]):
        assert finding(name, request, SECONDS) is None, number


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_changed_requests_get_a_checked_plan_or_say_where_they_are_wrong(name: str):
    for number, request, changes in cases(name, SEED, CASES):
        assert finding(name, request, SECONDS) is None, f"seed {SEED} case {number}: {changes}"


def _enormous(data: dict[str, Any]) -> None:
    for item in data["items"]:
        item.update(length_mm=100_000, width_mm=100_000, height_mm=100_000, weight_g=100_000_000)
    for row in (*data["stock"], *(line for order in data["orders"] for line in order["lines"])):
        row["quantity"] = 1_000_000_000


@pytest.mark.parametrize("name", ["batching", "slotting", "reslotting", "replenishment", "scenario"])
@pytest.mark.parametrize("limit", [1, 10**6, 10**30])
def test_enormous_pieces_and_limits_are_planned_or_refused(name: str, limit: int):
    for number, request in enumerate(requests()[name]):
        changed = copy.deepcopy(request)
        _enormous(changed["data"])
        if changed["data"]["layout"]["type"] == "parametric":
            names = ("max_weight_g", "max_volume_mm3", "width_mm", "depth_mm", "height_mm")
            changed["data"]["layout"]["location_limits"] = dict.fromkeys(names, limit)
        if "cart" in changed["data"]:
            changed["data"]["cart"] = {"items": limit, "volume_mm3": limit, "weight_g": limit}
        assert finding(name, changed, SECONDS) is None, number
