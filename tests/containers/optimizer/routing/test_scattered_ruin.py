"""Ruin and recreate: against every choice of places on tiny floors, and the tour that its passes measure."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from containers.optimizer.chance import stream
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.graphs import GraphFloor
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import Choice, choice_of
from containers.optimizer.routing.scattered.network import Network, network_of
from containers.optimizer.routing.scattered.ruin import Ruin
from contracts.layout import AccessPoint, ParametricLayout
from tests.containers.optimizer.floor.test_graphs import ladder_graph

SEED = 731
WORK = 3000


def _ladder(rng: random.Random, kind: str) -> Ladder:
    if kind in ("everywhere", "between"):
        layout = ladder_graph(rng, rng.randint(2, 4), rng.randint(1, 2), kind)
        on_ladder = GraphFloor(layout, frozenset(place.id for place in layout.locations)).on_ladder(())
        assert on_ladder is not None
        return on_ladder[0]
    aisles = rng.randint(2, 4)
    return AisleFloor(
        ParametricLayout(
            aisles=aisles,
            blocks=int(kind),
            bays_per_block=4,
            sides=rng.randint(1, 2),
            depot=AccessPoint(aisle=rng.randrange(aisles), cross_aisle=rng.randint(0, int(kind))),
            end_depot=rng.choice([None, AccessPoint(aisle=rng.randrange(aisles), cross_aisle=0)]),
        )
    ).ladder


def _case(rng: random.Random, kind: str) -> tuple[Ladder, Choice, Network]:
    """Three articles of up to five pieces in nine places, one of them to be visited anyway."""
    while True:
        ladder = _ladder(rng, kind)
        chosen = rng.sample(range(ladder.positions), min(ladder.positions, 9))
        supply = {position: {f"S{i % 3}": rng.randint(1, 3)} for i, position in enumerate(chosen)}
        total = [sum(held.get(f"S{i}", 0) for held in supply.values()) for i in range(3)]
        demand = {f"S{i}": rng.randint(1, min(5, pieces)) for i, pieces in enumerate(total) if pieces}
        choice = choice_of(supply, demand, frozenset(chosen[:1]))
        if choice.demand:
            return ladder, choice, network_of(ladder, choice)


def _positions(network: Network, places: np.ndarray) -> set[int]:
    flat = [position for here in network.places for position in here]
    return {flat[p] for p in np.flatnonzero(places)}


def _holds(positions: set[int], choice: Choice) -> bool:
    return all(
        sum(choice.supply.get(p, {}).get(article, 0) for p in positions) >= pieces
        for article, pieces in choice.demand.items()
    )


@pytest.mark.parametrize("kind", ["1", "2", "3", "everywhere", "between"])
def test_ruin_and_recreate_finds_the_shortest_tour_of_tiny_lists(kind: str) -> None:
    """From nothing, on ladders of one to three blocks and with depots on several corners; twice the same."""
    rng = random.Random(f"{SEED}{kind}")
    for trial in range(6):
        ladder, choice, network = _case(rng, kind)
        nothing = np.zeros(network.shelves.first[-1], dtype=np.bool_)
        weight = np.zeros(len(network.demand))
        found = [Ruin(network, stream(SEED)).improve(nothing, weight, ~nothing, Clock(), WORK) for _ in range(2)]
        length, places = found[0]
        positions = _positions(network, places)
        assert choice.forced <= positions
        assert _holds(positions, choice), (SEED, kind, trial)
        assert ladder.tour_length(positions) == pytest.approx(length + ladder.stub), (SEED, kind, trial)
        every = (set(one) for size in range(10) for one in itertools.combinations(choice.supply, size))
        shortest = min(ladder.tour_length(one | choice.forced) for one in every if _holds(one, choice))
        assert length + ladder.stub == pytest.approx(shortest), (SEED, kind, trial)
        assert found[1][0] == length, (SEED, kind, trial)
        assert (found[1][1] == places).all(), (SEED, kind, trial)


def test_places_that_may_not_enter_stay_out_and_a_tour_without_them_is_not_longer_than_before() -> None:
    rng = random.Random(SEED)
    for trial in range(6):
        _, choice, network = _case(rng, "2")
        every = np.ones(network.shelves.first[-1], dtype=np.bool_)
        start, _ = Ruin(network, stream(SEED)).improve(every, np.ones(len(network.demand)), ~every, Clock(), 1)
        length, places = Ruin(network, stream(SEED)).improve(every, np.ones(len(network.demand)), ~every, Clock(), WORK)
        assert length <= start + 1e-9, (SEED, trial)
        assert _holds(_positions(network, places), choice), (SEED, trial)
        none = np.zeros_like(every)
        assert Ruin(network, stream(SEED)).improve(none, np.ones(len(network.demand)), none, Clock(), WORK)[0] == np.inf


def test_places_are_passable_where_an_option_passes_them() -> None:
    rng = random.Random(SEED)
    for _ in range(6):
        _, _, network = _case(rng, "1")
        alive = np.array([rng.random() < 0.3 for _ in network.cost])
        first = network.shelves.first
        passed = {int(first[s]) + x for s, x in network.passed(np.flatnonzero(alive).tolist())}
        assert set(np.flatnonzero(network.passable(alive)).tolist()) == passed
