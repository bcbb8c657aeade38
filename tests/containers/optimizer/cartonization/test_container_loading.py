"""Blocks: whole containers, full support, limits of weight and load."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from containers.optimizer.cartonization import FAMILY
from containers.optimizer.cartonization.blocks import solver as blocks
from containers.optimizer.cartonization.blocks.kernel import _contact, place
from containers.optimizer.cartonization.blocks.solver import Loader, _loads
from containers.optimizer.cartonization.problem import parse
from tests.containers.optimizer.cartonization.helpers import pack


def container(rng: random.Random, kinds: int, **more: Any) -> dict[str, Any]:
    items = [
        {
            "id": f"k{n}",
            "quantity": rng.randint(30, 50),
            "length_mm": rng.randint(25, 60),
            "width_mm": rng.randint(20, 50),
            "height_mm": rng.randint(15, 40),
            "weight_g": rng.randint(1, 50),
            "rotations": rng.choice(["any", "upright"]),
        }
        for n in range(kinds)
    ]
    size = {"id": "c", "length_mm": 200, "width_mm": 120, "height_mm": 110}
    return {"items": items, "cartons": [{**size, **more}], "min_support": 1.0}


@pytest.mark.parametrize("seed", range(6))
def test_a_container_is_filled_well_with_full_support(seed: int) -> None:
    rng = random.Random(seed)
    data = {**container(rng, 5, available=1), "objective": "value"}
    answer = pack(data, 60)
    assert answer.solution["cartons"][0]["fill"] > 0.75


@pytest.mark.parametrize("seed", range(4))
def test_weight_and_load_limits_hold_in_blocks(seed: int) -> None:
    rng = random.Random(50 + seed)
    data = {**container(rng, 4, available=1, max_weight_g=700), "objective": "value"}
    data["items"][0]["fragile"] = True
    data["items"][1]["max_load_g"] = 40
    pack(data, 40)


def test_many_equal_boxes_need_no_more_cartons_than_their_volume() -> None:
    """240 cubes of 10 into cartons of 4 x 3 x 2 of them: exactly ten."""
    items = [{"id": "a", "quantity": 240, "length_mm": 10, "width_mm": 10, "height_mm": 10}]
    answer = pack({"items": items, "cartons": [{"id": "c", "length_mm": 40, "width_mm": 30, "height_mm": 20}]}, 20)
    assert answer.objective.value == 10
    assert answer.stopped_by == "optimal"


def test_a_larger_container_never_loads_less() -> None:
    rng = random.Random(9)
    data = {**container(rng, 4, available=1), "objective": "value"}
    small = pack(data, 60)
    large = pack({**data, "cartons": [{**data["cartons"][0], "length_mm": 260}]}, 60)
    assert large.objective.value >= small.objective.value


def cubes() -> Loader:
    """Cubes of 100 in a container of 1000 x 400 x 400."""
    items = [{"id": "a", "quantity": 80, "length_mm": 100, "width_mm": 100, "height_mm": 100}]
    size = {"id": "c", "length_mm": 1000, "width_mm": 400, "height_mm": 400, "available": 1}
    problem = FAMILY.read({"items": items, "cartons": [size], "objective": "value"})
    return Loader(problem, 0, problem.counts)


def test_a_side_within_a_twenty_fifth_of_the_edge_before_a_wall_touches_it() -> None:
    """The cube stands on the floor in the corner of y: two faces of six touch; the third is 4 or 5 off the wall of x."""
    blocks = cubes().blocks
    single = int(np.flatnonzero((blocks.dims == 100).all(axis=1))[0])
    empty = _loads(1, 1, 100)
    assert _contact(empty, 0, blocks, single, 4, 0, 0) == pytest.approx(3 / 6)
    assert _contact(empty, 0, blocks, single, 5, 0, 0) == pytest.approx(2 / 6)


def test_spaces_that_no_box_fits_are_not_kept() -> None:
    """A block of 950 in length leaves 50 behind it, less than an edge: only the spaces beside and above it stay."""
    loader = cubes()
    blocks = loader.blocks._replace(dims=loader.blocks.dims.copy(), top=loader.blocks.top.copy())
    blocks.dims[0], blocks.top[0] = (950, 100, 100), (950, 100)
    load, spare = _loads(1, 1, 100), np.zeros((60, 6), dtype=np.int64)
    load.left[0], load.n_spaces[0] = 10**6, 1
    load.spaces[0, 0] = (0, 0, 0, 1000, 400, 400)
    place(load, 0, blocks, 0, 0, spare)
    kept = {tuple(space) for space in load.spaces[0, : load.n_spaces[0]].tolist()}
    assert kept == {(0, 100, 0, 1000, 400, 400), (0, 0, 100, 950, 100, 400)}


def test_a_load_ends_when_there_is_no_room_to_note_another_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes that make no blocks of several (each of its own odd size), and room for 3 of the 12 that fit."""
    items = [
        {"id": f"k{n}", "length_mm": 20 + n, "width_mm": 21 + n, "height_mm": 22 + n, "rotations": "fixed"}
        for n in range(12)
    ]
    size = {"id": "c", "length_mm": 500, "width_mm": 500, "height_mm": 500, "available": 1}
    problem = parse({"items": items, "cartons": [size], "objective": "value", "min_support": 1.0})
    monkeypatch.setattr(blocks, "MAX_PLACED", 3)
    loader = Loader(problem, 0, problem.counts)
    loader.run(lambda iterations: iterations > 50, lambda _value, _iterations: None, widest=1)
    assert int(loader.best.n_placed[0]) <= 3
    assert loader.best.placed.shape[1] == 3
    assert 0 < len(loader.bin().pieces) < 12
