"""The search for places against a mixed-integer program and every choice there is; bounds hold at every stage."""

from __future__ import annotations

import itertools
import random

import pytest

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.graphs import GraphFloor
from containers.optimizer.routing import program
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import choice_of
from containers.optimizer.routing.scattered.search import search
from containers.optimizer.routing.warm import warm
from contracts.layout import AccessPoint, ParametricLayout
from tests.containers.optimizer.floor.test_graphs import ladder_graph

SEED = 515


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Searches here have a time limit; loading or compiling kernels is not part of it."""
    warm()


Supply = dict[int, dict[str, int]]


def _case(rng: random.Random, blocks: int) -> tuple[AisleFloor, Supply, dict[str, int]]:
    aisles = rng.randint(2, 7)
    corner = AccessPoint(aisle=rng.randrange(aisles), cross_aisle=rng.randint(0, blocks))
    floor = AisleFloor(
        ParametricLayout(
            aisles=aisles,
            blocks=blocks,
            bays_per_block=rng.randint(3, 9),
            sides=1,
            aisle_pitch_m=rng.choice([1.7, 3.0]),
            depot=corner,
            end_depot=rng.choice([None, AccessPoint(aisle=rng.randrange(aisles), cross_aisle=0)]),
        )
    )
    supply: Supply = {}
    for _ in range(rng.randint(6, 30)):
        held = supply.setdefault(rng.randrange(floor.positions), {})
        held[f"S{rng.randrange(8)}"] = rng.randint(1, 4)
    total: dict[str, int] = {}
    for held in supply.values():
        for sku, pieces in held.items():
            total[sku] = total.get(sku, 0) + pieces
    return floor, supply, {sku: rng.randint(1, min(pieces, 6)) for sku, pieces in total.items()}


def _holds(positions: set[int], supply: Supply, demand: dict[str, int]) -> bool:
    return all(sum(supply.get(p, {}).get(sku, 0) for p in positions) >= pieces for sku, pieces in demand.items())


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_search_and_program_agree_on_the_shortest_tour(blocks: int) -> None:
    rng = random.Random(SEED + blocks)
    for trial in range(12 // blocks**2):
        floor, supply, demand = _case(rng, blocks)
        found = search(floor.ladder, choice_of(supply, demand, frozenset()), Clock.of(20))
        assert found is not None
        positions, bound = found
        length = floor.tour_length(positions)
        assert _holds(positions, supply, demand), (SEED, blocks, trial)
        assert length == pytest.approx(bound), (SEED, blocks, trial)
        every = {p: held for p, held in supply.items() if set(held) & set(demand)}
        solved = program.choose(floor.ladder, every, demand, 10)
        assert solved is not None
        # On a busy machine the program may end before its proof: it then says from where to where the shortest may be.
        assert solved.bound - 1e-6 <= length <= floor.tour_length(solved.positions) + 1e-6, (SEED, blocks, trial)


def test_places_that_must_be_visited_are_part_of_the_tour() -> None:
    rng = random.Random(SEED)
    for trial in range(10):
        floor, supply, demand = _case(rng, 2)
        fixed = frozenset(rng.sample(range(floor.positions), 2))
        found = search(floor.ladder, choice_of(supply, demand, fixed), Clock.of(20))
        assert found is not None
        positions, bound = found
        assert fixed <= positions
        assert _holds(positions, supply, demand)
        assert floor.tour_length(positions) == pytest.approx(bound), (SEED, trial)


def test_an_early_end_leaves_a_tour_that_holds_and_a_bound_below_the_shortest() -> None:
    rng = random.Random(SEED)
    for trial in range(10):
        floor, supply, demand = _case(rng, 2)
        choice = choice_of(supply, demand, frozenset())
        whole = search(floor.ladder, choice, Clock.of(20))
        early = search(floor.ladder, choice, Clock.of(20), rounds=0)
        assert whole is not None
        assert early is not None
        assert early[1] <= whole[1] + 1e-6, (SEED, trial)
        assert floor.tour_length(early[0]) >= whole[1] - 1e-6, (SEED, trial)
        assert _holds(early[0], supply, demand)
        assert search(floor.ladder, choice, Clock.of(20), rounds=0) == early


@pytest.mark.parametrize("hanging", ["everywhere", "between"])
def test_a_depot_on_several_corners_is_part_of_the_proof(hanging: str) -> None:
    """Against every choice of places, on drawn floors whose depot has edges to all front corners or lies between two."""
    rng = random.Random(f"{SEED}{hanging}")
    for trial in range(8):
        layout = ladder_graph(rng, rng.randint(2, 5), rng.randint(1, 2), hanging)
        names = [place.id for place in layout.locations]
        floor = GraphFloor(layout, frozenset(names))
        on_ladder = floor.on_ladder(())
        assert on_ladder is not None
        chosen = rng.sample(names, min(len(names), 8))
        supply = {floor.position(name): {f"S{i % 3}": rng.randint(1, 2)} for i, name in enumerate(chosen)}
        demand = {f"S{i}": rng.randint(1, 2) for i in range(3)}
        demand = {sku: min(n, sum(held.get(sku, 0) for held in supply.values())) for sku, n in demand.items()}
        found = search(on_ladder[0], choice_of(supply, demand, frozenset()), Clock.of(20))
        assert found is not None
        every = (set(one) for size in range(1, 9) for one in itertools.combinations(supply, size))
        shortest = min(floor.tour_length(one) for one in every if _holds(one, supply, demand))
        assert floor.tour_length(found[0]) == pytest.approx(shortest), (SEED, hanging, trial)
        assert found[1] == pytest.approx(shortest), (SEED, hanging, trial)


def test_a_search_that_is_told_to_stop_ends_with_what_it_has() -> None:
    """Told from the third look on: the tour holds the demand and the bound stands, proven or not."""
    rng = random.Random(SEED)
    floor, supply, demand = _case(rng, 3)
    whole = search(floor.ladder, choice_of(supply, demand, frozenset()), Clock.of(20))
    looks = itertools.count()
    stopped = search(floor.ladder, choice_of(supply, demand, frozenset()), Clock.of(20, lambda: next(looks) >= 3))
    assert whole is not None
    if stopped is not None:
        assert _holds(stopped[0], supply, demand)
        assert stopped[1] <= whole[1] + 1e-6 <= floor.tour_length(stopped[0]) + 2e-6
