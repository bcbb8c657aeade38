"""The routing rules of the field, by hand on small floors, and never shorter than the shortest walk."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.graphs import GraphFloor
from containers.optimizer.floor.many_blocks import ManyBlocksFloor
from containers.optimizer.routing import rules
from containers.optimizer.walk_check import WalkCheck, same
from contracts.errors import Fault
from contracts.layout import AccessPoint, GraphLayout, ParametricLayout, location_id

# Aisles 10 m apart; nine bays a block at 1..9 m from its lower cross aisle, the next cross aisle at 10 m.
ONE_BLOCK = ParametricLayout(aisles=4, bays_per_block=9, aisle_pitch_m=10.0)
TWO_BLOCKS = ParametricLayout(aisles=3, blocks=2, bays_per_block=9, aisle_pitch_m=10.0)


def _metres(layout: ParametricLayout, places: Iterable[tuple[int, int]]) -> dict[str, float]:
    """places: (aisle, y in metres)."""
    floor = AisleFloor(layout)
    bays = [(aisle, y // 10 * 9 + y % 10 - 1) for aisle, y in places]
    return rules.metres_on(floor, [floor.position(location_id(aisle, "L", bay, 0)) for aisle, bay in bays])


def test_one_block_by_hand() -> None:
    """Picks at aisle 0: 3 m; aisle 1: 4 m and 6 m; aisle 3: 6 m. Depot at the front of aisle 0."""
    assert _metres(ONE_BLOCK, [(0, 3), (1, 4), (1, 6), (3, 6)]) == {
        # up 0 (10), 10 across, down 1 (10), 20 across, into 3 and out (12), 30 back
        "s_shape": 92,
        # 30 out and 30 back, in and out 2 x (3 + 6 + 6)
        "return": 90,
        # up 0 (10), 10 across, 6 m from the back (8), 20 across, down 3 (10), 20 back, 4 m from the front (8), 10 back
        "midpoint": 96,
        # in aisle 1 the gaps are 4, 2 and 4: the first is left out, both picks are taken from the back (12)
        "largest_gap": 92,
        # into 0 and out (6), up 1 (10), down 3 (10), 60 across
        "combined": 86,
    }


def test_a_single_aisle_is_entered_and_left_on_the_depots_side() -> None:
    # 20 m out, 7 m in, and back: 54 m by every rule.
    assert set(_metres(ONE_BLOCK, [(2, 7), (2, 1)]).values()) == {54.0}


def test_two_blocks_by_hand() -> None:
    """Far block: aisle 1 at 13 m, aisle 2 at 18 m. Near block: aisle 0 at 4 m, aisle 1 at 2 m, aisle 2 at 5 m."""
    assert _metres(TWO_BLOCKS, [(1, 13), (2, 18), (0, 4), (1, 2), (2, 5)]) == {
        # up 0 to the middle past its pick (10), across (10), up 1 (10), across (10), down 2 to the front (20), across
        # (10), into 1 and out (4), back (10)
        "s_shape": 84,
        # up 0 (10), across (10), 3 m into 1 (6), across (10), 8 m into 2 (16), down 2 past its pick (10), across (10), 2 m
        # into 1 (4), back (10)
        "return": 86,
        # up 0 (10), across (10), up 1 (10), across (10), down 2 to the middle (10); the near block from its back: nothing
        # in 2 beyond its middle, across (10), down 1 (10), across to 2 (10), 5 m in and out (10), back (20)
        "midpoint": 110,
        # as midpoint to the middle of 2 (50); its pick from the back (10), across (10), down 1 (10), back (10)
        "largest_gap": 90,
        # as S-shape: what turns in the near block's last aisle is best
        "combined": 84,
        # 40 across; aisle 0 in and out (8), up 1 whole (20), down 2 whole (20)
        "aisle_by_aisle": 88,
    }


def test_a_depot_on_the_middle_cross_aisle_serves_both_sides() -> None:
    layout = TWO_BLOCKS.model_copy(update={"depot": AccessPoint(aisle=0, cross_aisle=1)})
    # Behind: 10 across, up 3 m in aisle 1 and back (6). Before: 6 m down aisle 1 and back (12), 10 home.
    metres = _metres(layout, [(1, 13), (1, 4)])
    assert (metres["s_shape"], metres["combined"]) == (38, 38)


def test_a_drawn_floor_of_straight_aisles_has_rules_and_others_have_none() -> None:
    """Two aisles of 10 m, 4 m apart; a pick 3 m into the second: 4 + 3, and back, by every rule."""
    points = {"a0": (0, 0), "a1": (0, 10), "b0": (4, 0), "p": (4, 3), "b1": (4, 10)}
    edges = [("a0", "a1", 10), ("b0", "p", 3), ("p", "b1", 7), ("a0", "b0", 4), ("a1", "b1", 4)]
    data = {
        "nodes": [{"id": name, "x_m": x, "y_m": y} for name, (x, y) in points.items()],
        "edges": [{"from_node": a, "to_node": b, "length_m": metres} for a, b, metres in edges],
        "locations": [{"id": "P", "node": "p"}],
        "depot": "a0",
    }
    floor = GraphFloor(GraphLayout.model_validate(data), frozenset("P"))
    assert set(rules.metres_on(floor, [floor.position("P")]).values()) == {14.0}
    one_way = [*data["edges"][:-1], {**data["edges"][-1], "one_way": True}]  # type: ignore[misc]
    floor = GraphFloor(GraphLayout.model_validate({**data, "edges": one_way}), frozenset("P"))
    assert rules.metres_on(floor, [floor.position("P")]) == {}


@st.composite
def _floors(draw: st.DrawFn, most_blocks: int = 4) -> tuple[ParametricLayout, list[str]]:
    aisles, blocks, bays = draw(st.integers(1, 6)), draw(st.integers(1, most_blocks)), draw(st.integers(1, 7))
    corners = st.builds(AccessPoint, aisle=st.integers(0, aisles - 1), cross_aisle=st.integers(0, blocks))
    layout = ParametricLayout(
        aisles=aisles,
        blocks=blocks,
        bays_per_block=bays,
        sides=1,
        aisle_pitch_m=draw(st.sampled_from([0.7, 3.0, 5.0])),
        bay_width_m=draw(st.sampled_from([0.9, 1.3])),
        end_gap_m=draw(st.sampled_from([0.0, 0.6, 1.5])),
        depot=draw(corners),
        end_depot=draw(st.none() | corners),
    )
    places = st.tuples(st.integers(0, aisles - 1), st.integers(0, blocks * bays - 1))
    names = [location_id(aisle, "L", bay, 0) for aisle, bay in draw(st.sets(places, min_size=1, max_size=14))]
    return layout, sorted(names)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_floors())
def test_no_rule_is_shorter_than_the_shortest_walk_and_each_passes_every_place(
    found: tuple[ParametricLayout, list[str]],
) -> None:
    layout, names = found
    floor = AisleFloor(layout)
    positions = [floor.position(name) for name in names]
    shortest = floor.tour_length(positions)
    reader = WalkCheck(layout)
    places = reader.places(names)
    metres = rules.metres_on(floor, positions)
    assert set(metres) == {*rules.RULES, *([rules.AISLE_BY_AISLE] if layout.blocks > 1 else [])}
    for rule, claimed in metres.items():
        path = rules.walk(floor.ladder, positions, rule)
        faults: list[Fault] = []
        assert reader.length(path, (), rule, faults) == pytest.approx(claimed)
        assert not faults, rule
        assert reader.unpassed(path, list(places.values())) == [], rule
        assert claimed >= shortest - 1e-6, rule
    # S-shape is one of the choices that combined takes the best of, block by block in the same order.
    assert metres["combined"] <= metres["s_shape"] + 1e-6


@settings(max_examples=60, deadline=None, derandomize=True)
@given(_floors(most_blocks=1))
def test_relations_of_the_rules_in_one_block(found: tuple[ParametricLayout, list[str]]) -> None:
    """From a depot at the front left: combined is at most a return route, largest gap at most midpoint."""
    layout = found[0].model_copy(update={"depot": AccessPoint(), "end_depot": None})
    floor = AisleFloor(layout)
    metres = rules.metres_on(floor, [floor.position(name) for name in found[1]])
    assert metres["combined"] <= metres["return"] + 1e-6
    assert metres["largest_gap"] <= metres["midpoint"] + 1e-6


def test_rules_serve_floors_with_more_blocks_than_exact_tours_can() -> None:
    layout = ParametricLayout(aisles=3, blocks=6, bays_per_block=4)
    names = [location_id(aisle, "L", bay, 0) for aisle, bay in itertools.product(range(3), (1, 9, 22))]
    floor = ManyBlocksFloor(layout, frozenset(names))
    positions = [floor.position(name) for name in names]
    assert min(rules.metres_on(floor, positions).values()) >= floor.tour_length(positions) - 1e-6
    ladder, places = floor.on_ladder(positions)
    path = rules.walk(ladder, places, rules.S_SHAPE)
    assert same(path[0], (0.0, 0.0))
    assert WalkCheck(layout).unpassed(path, list(WalkCheck(layout).places(names).values())) == []
