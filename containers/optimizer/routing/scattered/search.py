"""The shortest tour of a list whose articles lie at several places: bounds, beams and neighbourhoods until they meet."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from containers.optimizer.chance import stream
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import Choice
from containers.optimizer.routing.scattered.improve import Neighbourhood
from containers.optimizer.routing.scattered.labels import extend_labels
from containers.optimizer.routing.scattered.network import FloatArray, Network, Place, network_of
from containers.optimizer.routing.scattered.relaxation import Relaxation
from containers.optimizer.routing.scattered.ruin import Ruin

EPSILON = 1e-6
INFINITY = float("inf")
FIRST_STEPS, FIRST_WIDTH = 60, 30
# (states of tracking at most, levels of each item, subgradient steps, labels kept a stage, whether these are spread), in turn
# until the bound meets the tour; the last is repeated with twice the labels.
ROUNDS = (
    (1, 1, 200, 200, True), (16, 2, 40, 300, True), (256, 2, 40, 1000, False), (256, 9, 30, 2000, False),
    (1024, 2, 30, 4000, False), (1024, 9, 30, 4000, False), (4096, 3, 20, 8000, False),
)  # fmt: skip
# The first round extends no labels where the narrow beam before it has made so many.
MANY_LABELS = 50_000
# With less than this part of its length between a tour and the bound, the proof is more likely to be missing than the tour.
WIDE = 0.03
MOST_WIDTH = 64_000
# Neighbourhoods are tried until so many in a row have found nothing, and a share of the labels that the extension before made.
PATIENCE = 8
SHARE = 3
# Bytes that the completions of one relaxation may take.
MOST_BYTES = 100_000_000


@dataclass
class Found:
    """places: those that the best tour passes, or is walked for; bound: none is shorter (metres without a ladder's stub)."""

    length: float = INFINITY
    bound: float = 0.0
    places: tuple[Place, ...] = ()

    @property
    def proven(self) -> bool:
        return self.bound >= self.length - EPSILON


class Search:
    """One list's search. `rounds` ends it deterministically, the clock by time."""

    def __init__(
        self,
        network: Network,
        choice: Choice,
        clock: Clock,
        rounds: int,
        seed: int,
        start: frozenset[int] = frozenset(),
    ) -> None:
        self.network = network
        self.clock = clock
        self.rounds = rounds
        self.found = Found()
        self.alive = np.ones(len(network.cost), dtype=np.bool_)  # options that a better tour than the best may take
        self.prices = np.zeros(len(network.worth.item))
        self.wrong = np.zeros(len(network.demand))
        self.made = 0  # labels of the last extension
        self.near = Neighbourhood(network, choice, self.prices, np.random.default_rng(seed))
        self.start = start
        self.ruin = Ruin(network, stream(seed))

    def run(self) -> Found:
        """The best tour and bound."""
        if self.start and self.near.pass_by(self.start, self.clock):
            self._accept(self.near.length, self.near.passed)
        guess = (
            self.found.length
            if self.found.places
            else 2.0 * float(self.network.step.sum() + 4 * self.network.cost.mean())
        )
        relaxation = Relaxation(self.network)
        self._ascend(relaxation, guess, FIRST_STEPS, 1.0)
        self._extend(relaxation, FIRST_WIDTH, True)
        if not self.found.proven:
            self._recreate(self.made)
        for number in range(self.rounds):
            if self.found.proven or self.clock.over():
                break
            self._round(number)
        return self.found

    def _round(self, number: int) -> None:
        network = self.network
        states, levels, steps, width, spread = ROUNDS[min(number, len(ROUNDS) - 1)]
        width = min(MOST_WIDTH, width * 2 ** max(0, number + 1 - len(ROUNDS)))
        tracked = _tracked(network, self._worth() * self.wrong, states, levels)
        relaxation = Relaxation(self.network, tracked, alive=self.alive, levels=levels)
        above = self.found.length if self.found.places else 1.2 * self.found.bound
        self._ascend(relaxation, above, steps, 1.0 if states == 1 else 0.5)
        if self.found.places and not self.found.proven:
            self.alive = relaxation.useful(self.prices, self.found.length - self.network.grain + EPSILON)
            relaxation = Relaxation(self.network, tracked, alive=self.alive, levels=levels)
        if not self.found.proven and (number > 0 or self.made < MANY_LABELS):
            self._extend(relaxation, width, spread)
        if self.found.bound < (1 - WIDE) * self.found.length:
            self._recreate(self.made // 2)
        if not self.found.proven:
            self._improve()

    def _ascend(self, relaxation: Relaxation, above: float, steps: int, size: float) -> None:
        started = time.perf_counter()
        self._raise_to(relaxation.bound(self.prices))
        took = time.perf_counter() - started
        left = self.clock.left()
        steps = min(steps, int(left / took / 3)) if took * steps * 3 > left else steps
        bound, prices, wrong = relaxation.ascend(self.prices, above, steps, size)
        self.prices = np.where(relaxation.priced, prices, self.prices)
        self.wrong = self.wrong + wrong
        self._raise_to(bound)

    def _extend(self, relaxation: Relaxation, width: int, spread: bool) -> None:
        seen = extend_labels(relaxation, self.prices, self.found.length, width, self.clock, spread)
        self.made = seen.labels
        self._accept(seen.length, self.network.passed(seen.options))
        self._raise_to(seen.bound)

    def _improve(self) -> None:
        near = self.near
        near.prices, near.alive = self.prices, self.alive
        if self.found.places:
            near.take(self.found.length, list(self.found.places))
            near.improve(self.clock, PATIENCE, self.made // SHARE)
        else:
            near.build(self.clock)
        self._accept(near.length, near.passed)
        self._raise_to(self.found.bound)

    def _recreate(self, work: int) -> None:
        """Ruin and recreate the best tour, or make a first one."""
        network = self.network
        first = network.shelves.first
        places = np.zeros(first[-1], dtype=np.bool_)
        places[[int(first[s]) + x for s, x in self.found.places]] = True
        length, places = self.ruin.improve(places, self._worth(), network.passable(self.alive), self.clock, work)
        stages = np.searchsorted(first, np.flatnonzero(places), side="right") - 1
        self._accept(length, list(zip(stages.tolist(), (np.flatnonzero(places) - first[stages]).tolist(), strict=True)))
        self._raise_to(self.found.bound)

    def _worth(self) -> FloatArray:
        """(items,) what a piece is worth, on average."""
        worth = self.network.worth
        total: FloatArray = np.add.reduceat(self.prices * worth.wanted, worth.first[:-1]) / self.network.demand
        return total

    def _accept(self, length: float, places: list[Place]) -> None:
        if length < self.found.length - EPSILON:
            self.found.length, self.found.places = length, tuple(places)

    def _raise_to(self, bound: float) -> None:
        found = self.found
        found.bound = max(found.bound, min(bound, found.length))
        if found.length - found.bound < self.network.grain - EPSILON:
            found.bound = found.length


def search(
    ladder: Ladder,
    choice: Choice,
    clock: Clock,
    rounds: int = 100,
    seed: int = 1,
    start: frozenset[int] = frozenset(),
) -> tuple[set[int], float] | None:
    """(positions, metres that no choice of places is shorter than), or None when no tour was found in time.

    start: positions that hold the demand, whose tour is the first to be improved on. The positions are those that a short tour passes; they hold the demand, and some may not be needed for it.
    """
    if not choice.demand:
        return set(choice.forced), ladder.tour_length(choice.forced)
    network = network_of(ladder, choice)
    found = Search(network, choice, clock, rounds, seed, start).run()
    if found.length == INFINITY:
        return None
    return network.positions(found.places) | choice.forced, found.bound + ladder.stub


def _tracked(network: Network, worth: FloatArray, most: int, levels: int) -> tuple[int, ...]:
    """The items worth tracking, as many as `most` states and the memory allow."""
    most = min(most, MOST_BYTES // (8 * (network.stages + 1) * network.nodes))
    chosen, states = [], 1
    for i in np.argsort(-worth, kind="stable"):
        radix = 1 + min(levels, int(network.demand[i]))
        if worth[i] > 0 and states * radix <= most:
            chosen.append(int(i))
            states *= radix
    return tuple(chosen)
