"""Exact tours against a dynamic program over subsets, on random small warehouses."""

from __future__ import annotations

import itertools
import random

import pytest

from containers.optimizer.floor.aisles import AisleFloor
from contracts.layout import AccessPoint, ParametricLayout

SEED = 20_240_517


def _shortest(floor: AisleFloor, positions: list[int]) -> float:
    """Held & Karp (1962) over all orders of visiting."""
    layout = floor.layout
    end = layout.end_depot or layout.depot
    finish = (end.aisle * layout.aisle_pitch_m, end.cross_aisle * layout.block_length_m)

    def to_end(position: int) -> float:
        x_m, y_m = floor.xy(position)
        return abs(x_m - finish[0]) + abs(y_m - finish[1])

    n = len(positions)
    best = {(1 << i, i): floor.from_start(positions[i]) for i in range(n)}
    for size in range(2, n + 1):
        for chosen in itertools.combinations(range(n), size):
            mask = sum(1 << i for i in chosen)
            for last in chosen:
                rest = mask ^ (1 << last)
                best[(mask, last)] = min(
                    best[(rest, before)] + floor.distance(positions[before], positions[last])
                    for before in chosen
                    if before != last
                )
    full = (1 << n) - 1
    return min(best[(full, last)] + to_end(positions[last]) for last in range(n))


def _random_floor(rng: random.Random, blocks: int) -> AisleFloor:
    aisles = rng.randint(1, 6)

    def corner() -> AccessPoint:
        return AccessPoint(aisle=rng.randrange(aisles), cross_aisle=rng.randint(0, blocks))

    return AisleFloor(
        ParametricLayout(
            aisles=aisles,
            blocks=blocks,
            bays_per_block=rng.randint(1, 6),
            aisle_pitch_m=rng.choice([0.5, 2.0, 5.0]),
            end_gap_m=rng.choice([0.0, 0.5, 1.5]),
            depot=corner(),
            end_depot=corner() if rng.random() < 0.6 else None,
        )
    )


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_the_tour_is_as_short_as_the_best_of_all_orders_of_visiting(blocks: int) -> None:
    rng = random.Random(SEED + blocks)
    for trial in range(25):
        floor = _random_floor(rng, blocks)
        positions = rng.sample(range(floor.positions), min(floor.positions, rng.randint(1, 7)))
        assert floor.tour_length(positions) == pytest.approx(_shortest(floor, positions)), (SEED, blocks, trial)


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_the_walk_has_the_tours_length_and_passes_every_position_once(blocks: int) -> None:
    rng = random.Random(SEED - blocks)
    for trial in range(60):
        floor = _random_floor(rng, blocks)
        positions = rng.sample(range(floor.positions), min(floor.positions, rng.randint(1, 12)))
        walk = floor.tour(positions)
        walked = sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(walk.path))
        assert walked == pytest.approx(walk.length_m), (SEED, blocks, trial)
        assert sorted(walk.order) == sorted(positions)
        end = floor.layout.end_depot or floor.layout.depot
        assert walk.path[-1] == (
            end.aisle * floor.layout.aisle_pitch_m,
            end.cross_aisle * floor.layout.block_length_m,
        )
