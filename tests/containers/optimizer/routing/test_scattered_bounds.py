"""What the relaxation and the labels say of a list, against every choice of places that there is."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import choice_of
from containers.optimizer.routing.scattered.improve import Neighbourhood
from containers.optimizer.routing.scattered.labels import extend_labels, still_held
from containers.optimizer.routing.scattered.network import network_of
from containers.optimizer.routing.scattered.relaxation import Relaxation
from containers.optimizer.routing.scattered.worth import Worth
from contracts.layout import ParametricLayout

SEED = 620
Supply = dict[int, dict[str, int]]


def _case(rng: random.Random) -> tuple[AisleFloor, Supply, dict[str, int], float]:
    """Three articles of up to seven pieces in nine places, and the length of the shortest tour by trying everything."""
    layout = ParametricLayout(aisles=rng.randint(2, 4), blocks=rng.randint(1, 2), bays_per_block=5, sides=1)
    floor = AisleFloor(layout)
    supply: Supply = {}
    for i, position in enumerate(rng.sample(range(floor.positions), 9)):
        supply[position] = {f"S{i % 3}": rng.randint(1, 4)}
    total = {f"S{i}": sum(held.get(f"S{i}", 0) for held in supply.values()) for i in range(3)}
    demand = {sku: rng.randint(1, min(7, pieces)) for sku, pieces in total.items()}
    shortest = min(
        floor.tour_length(some)
        for size in range(1, 10)
        for some in itertools.combinations(supply, size)
        if all(sum(supply[p].get(sku, 0) for p in some) >= pieces for sku, pieces in demand.items())
    )
    return floor, supply, demand, shortest


def test_bundles_count_pieces_for_no_more_than_they_are_worth() -> None:
    """However a demand is split among places, the parts are worth at least the whole: prices then never overstate."""
    rng = np.random.default_rng(SEED)
    demand = np.arange(1, 90)
    worth = Worth.of(demand)
    table = worth.table(rng.random(len(worth.item)))
    for pieces, base in zip(demand.tolist(), worth.base.tolist(), strict=True):
        if pieces > 64:
            continue
        values = table[base : base + pieces + 1]
        assert values[0] == 0
        for part in range(pieces + 1):
            assert values[part] + values[pieces - part] >= values[pieces] - 1e-12, (SEED, pieces, part)


@pytest.mark.parametrize(
    ("pieces", "sizes"),
    [
        (1, [1]),
        (2, [1]),  # a bundle of two is begun by any piece: says nothing that one piece does not
        (3, [1, 2]),  # two pieces begin one bundle of the two that are wanted: half, not two thirds
        (4, [1, 3]),  # three pieces are half of the demand, not three quarters
        (5, [1, 4, 2]),
        (6, [1, 5]),  # by twos, 2 and 4 pieces count for their share and 1, 3, 5 for more
        (65, [1]),
    ],
)
def test_only_bundles_that_say_more_than_single_pieces_are_priced(pieces: int, sizes: list[int]) -> None:
    assert Worth.of(np.array([pieces])).size.tolist() == sizes


def test_a_bundle_proves_that_two_places_are_needed() -> None:
    """Five pieces, three in each of three aisles: 5/3 of a place by pieces alone, but two must be reached."""
    floor = AisleFloor(ParametricLayout(aisles=3, bays_per_block=9, sides=1, aisle_pitch_m=5.0))
    supply = {9 + 4: {"S": 3}, 18 + 4: {"S": 3}, 4: {"S": 3}}
    network = network_of(floor.ladder, choice_of(supply, {"S": 5}, frozenset()))
    # Aisles 0 and 1, each entered 5 m deep from the front: 2 · 5 + 2 · 5 + 2 · 5.
    shortest = 30.0
    bound, prices, _ = Relaxation(network).ascend(np.zeros(3), shortest, 500)
    by_pieces = np.array([prices.sum(), 0.0, 0.0])
    assert shortest - 1.0 < bound <= shortest + 1e-6
    assert Relaxation(network).bound(by_pieces) < bound


@pytest.mark.parametrize("tracked", [(), (0,), (0, 2)])
def test_relaxations_stay_below_the_shortest_tour(tracked: tuple[int, ...]) -> None:
    rng = random.Random(SEED)
    for trial in range(12):
        floor, supply, demand, shortest = _case(rng)
        choice = choice_of(supply, demand, frozenset())
        if len(choice.demand) < 3:
            continue
        network = network_of(floor.ladder, choice)
        relaxation = Relaxation(network, tracked, levels=2)
        bound, prices, _ = relaxation.ascend(np.zeros(len(network.worth.item)), shortest, 60)
        assert bound <= shortest + 1e-6, (SEED, trial)
        assert relaxation.bound(prices) == pytest.approx(bound), (SEED, trial)
        # Options of the shortest tour are never left out.
        left = Relaxation(network, alive=relaxation.useful(prices, shortest + 1e-6))
        seen = extend_labels(left, np.zeros(len(network.worth.item)), float("inf"), 5000, Clock())
        assert seen.length == pytest.approx(shortest), (SEED, trial)


@pytest.mark.parametrize("spread", [False, True])
def test_labels_with_room_find_the_shortest_and_without_it_tell_a_bound(spread: bool) -> None:
    rng = random.Random(SEED + 1)
    for trial in range(12):
        floor, supply, demand, shortest = _case(rng)
        choice = choice_of(supply, demand, frozenset())
        if not choice.demand:
            continue
        network = network_of(floor.ladder, choice)
        relaxation = Relaxation(network)
        _, prices, _ = relaxation.ascend(np.zeros(len(network.worth.item)), shortest, 60)
        whole = extend_labels(relaxation, prices, float("inf"), 5000, Clock(), spread)
        assert whole.length == pytest.approx(shortest), (SEED, trial)
        assert whole.bound == pytest.approx(shortest), (SEED, trial)
        few = extend_labels(relaxation, prices, float("inf"), 3, Clock(), spread)
        assert few.bound <= shortest + 1e-6 <= few.length + 2e-6, (SEED, trial)


def test_what_is_still_held_falls_from_the_whole_supply_to_nothing() -> None:
    rng = random.Random(SEED + 2)
    floor, supply, demand, _ = _case(rng)
    network = network_of(floor.ladder, choice_of(supply, demand, frozenset()))
    held = still_held(Relaxation(network))
    assert (held[0] >= network.demand).all()
    assert (held[-1] == 0).all()
    assert (np.diff(held, axis=0) <= 0).all()


def test_neighbourhoods_keep_their_best_tour_through_kicks_and_repeat_themselves() -> None:
    """From a long tour, with work for some kicks: never longer, never shorter than the shortest, everything taken."""
    rng = random.Random(SEED + 3)
    for trial in range(6):
        floor, supply, demand, shortest = _case(rng)
        choice = choice_of(supply, demand, frozenset())
        if not choice.demand:
            continue
        network = network_of(floor.ladder, choice)
        prices = np.zeros(len(network.worth.item))
        long = extend_labels(Relaxation(network), prices, float("inf"), 1, Clock())
        if not long.options:
            continue
        ends = []
        for _ in range(2):
            near = Neighbourhood(network, choice, prices, np.random.default_rng(SEED))
            near.take(long.length, network.passed(long.options))
            near.improve(Clock(), patience=2, work=20_000)
            ends.append((near.length, near.passed))
            positions = network.positions(near.passed) | choice.forced
            assert shortest - 1e-6 <= near.length <= long.length + 1e-6, (SEED, trial)
            assert floor.tour_length(positions) <= near.length + 1e-6, (SEED, trial)
            for sku, pieces in demand.items():
                assert sum(supply.get(p, {}).get(sku, 0) for p in positions) >= pieces, (SEED, trial)
        assert ends[0] == ends[1], (SEED, trial)
