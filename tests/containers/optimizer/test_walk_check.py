"""The independent reading of walks knows every location of a layout, and no other."""

from __future__ import annotations

from containers.optimizer.walk_check import WalkCheck
from contracts.layout import ParametricLayout, parametric_locations


def test_places_are_those_of_the_layout() -> None:
    layout = ParametricLayout(aisles=3, blocks=2, bays_per_block=4, levels=2, sides=2, end_gap_m=0.7)
    every = {place.id: (place.x_m, place.y_m) for place in parametric_locations(layout)}
    assert WalkCheck(layout).places(every) == every


def test_ids_that_the_layout_does_not_have_are_left_out() -> None:
    layout = ParametricLayout(aisles=3, bays_per_block=4, levels=2, sides=1)
    strange = ["A04-L-001-1", "A01-L-005-1", "A01-L-001-3", "A01-R-001-1", "A1-L-001-1", "A01--001-1", "A00-L-001-1"]
    strange += ["", "A", "A01-L-001", "A01-L-001-1-1", "A-L--", "A01-L-¹-1", "A01-L-001-01", "dock"]
    assert WalkCheck(layout).places(strange) == {}
