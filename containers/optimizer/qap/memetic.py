"""Memetic search for quadratic assignment: small populations, robust tabu search, and a tournament of champions.

A population of random plans, each improved by a short tabu search, is crossed until it has gone stale; then a fresh one
starts with twice as long a tabu search, and every third one begins with the champions of those before. Short searches
and crossing suit structured instances, long searches random ones, and nobody has to know which it is (compare Benlic &
Hao 2015, "Memetic search for the quadratic assignment problem").
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from containers.optimizer.chance import below, fraction, stream
from containers.optimizer.jit import kernel
from containers.optimizer.qap import tabu
from containers.optimizer.qap.instance import Quadratic

Ints = npt.NDArray[np.int64]

POPULATION = 8
FIRST_MOVES = 5  # times the size: the length of the first population's tabu searches
STALE = 6  # times the population: offspring without a better one until a fresh start
CHAMPIONS_EVERY = 3
CHAMPIONS = 3
CHUNK_WORK = 40_000_000  # moves x size² between two looks at the clock, some 20 ms


@dataclass(frozen=True, eq=False)
class Outcome:
    """place[i]: the location of facility i. moves: swaps made, of the worker that made the most."""

    place: Ints
    value: float
    moves: int


@kernel
def cross(one, other, child, free, random):  # type: ignore[no-untyped-def]
    """Uniform crossover: what both parents agree on stays, the rest comes from either, holes are filled at random.

    Returns how many facilities the parents disagree on.
    """
    n = one.shape[0]
    free[:] = 1
    apart = 0
    for i in range(n):
        if one[i] == other[i]:
            child[i] = one[i]
            free[one[i]] = 0
        else:
            child[i] = -1
            apart += 1
    first = below(random, n)
    for k in range(n):
        i = (first + k) % n
        if child[i] >= 0:
            continue
        a, b = one[i], other[i]
        if fraction(random) < 0.5:
            a, b = b, a
        if free[a]:
            child[i] = a
        elif free[b]:
            child[i] = b
        else:
            continue
        free[child[i]] = 0
    for i in range(n):
        if child[i] < 0:
            at = below(random, n)
            while not free[at]:
                at = (at + 1) % n
            child[i] = at
            free[at] = 0
    return apart


@kernel
def shuffle(place, count, random):  # type: ignore[no-untyped-def]
    """Rotate the locations of `count` facilities taken at random."""
    n = place.shape[0]
    last = below(random, n)
    for _ in range(count - 1):
        i = below(random, n)
        place[i], place[last] = place[last], place[i]
        last = i


@dataclass(eq=False)
class _Shared:
    """What the workers tell each other."""

    value: float
    place: Ints
    should_stop: Callable[[int], bool]
    on_better: Callable[[float], None]
    least: float
    champions: list[tuple[float, Ints]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def offer(self, value: float, place: Ints) -> None:
        with self.lock:
            if value < self.value - tabu.TINY * max(1.0, abs(value)):
                self.value, self.place = value, place.copy()
                self.on_better(value)

    def done(self, moves: int) -> bool:
        return self.value <= self.least + tabu.TINY * max(1.0, abs(self.least)) or self.should_stop(moves)


class _Worker:
    """One thread's searches."""

    def __init__(self, problem: Quadratic, shared: _Shared, seed: int, number: int) -> None:
        self.problem, self.shared = problem, shared
        self.size = problem.size
        self.arrays = tabu.transposed(*problem.arrays)
        self.state = tabu.scratch(self.size)
        self.random = stream(seed, number)
        self.rng = np.random.default_rng([seed, number])
        self.totals = np.zeros(2)
        self.moves = 0
        self.chunk = max(20, CHUNK_WORK // self.size**2)

    def improve(self, place: Ints, moves: int) -> tuple[float, Ints]:
        """The best met on a tabu search of so many moves from `place`."""
        symmetric = self.problem.symmetric
        best = place.copy()
        self.totals[0] = tabu.prepare(self.arrays, symmetric, place, self.state)
        made = 0
        while made < moves and (made == 0 or not self.shared.done(self.moves)):
            count = min(self.chunk, moves - made)
            tabu.search(self.arrays, symmetric, place, self.state, made + 1, count, self.random, self.totals, best)
            made += count
            self.moves += count
        value = float(self.totals[1])
        self.shared.offer(value, best)
        return value, best

    def run(self, start: Ints | None) -> int:
        length, era = FIRST_MOVES * self.size, 0
        while not self.shared.done(self.moves):
            population = self._first(start if era == 0 else None, length, era)
            self._evolve(population, length)
            if population:
                with self.shared.lock:
                    self.shared.champions.append(min(population, key=lambda one: one[0]))
                    self.shared.champions.sort(key=lambda one: one[0])
                    del self.shared.champions[2 * CHAMPIONS :]
            length, era = min(2 * length, 2**24), era + 1
        return self.moves

    def _first(self, start: Ints | None, length: int, era: int) -> list[tuple[float, Ints]]:
        population: list[tuple[float, Ints]] = []
        if era % CHAMPIONS_EVERY == CHAMPIONS_EVERY - 1:
            with self.shared.lock:
                population = [(value, place.copy()) for value, place in self.shared.champions[:CHAMPIONS]]
        if start is not None:
            population.append(self.improve(start.copy(), length))
        while len(population) < POPULATION and not self.shared.done(self.moves):
            population.append(self.improve(self.rng.permutation(self.size), length))
        return population

    def _evolve(self, population: list[tuple[float, Ints]], length: int) -> None:
        """Cross until nothing better has come for a while. Changes the population."""
        n = self.size
        child, free = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        stale = 0
        while len(population) > 1 and stale <= STALE * POPULATION and not self.shared.done(self.moves):
            i, j = self.rng.choice(len(population), 2, replace=False)
            apart = cross(population[i][1], population[j][1], child, free, self.random)
            if apart < 4 or stale > 3:
                shuffle(child, max(3, int(n * (0.15 + 0.05 * min(stale, 6)))), self.random)
            value, place = self.improve(child.copy(), length)
            worst = max(range(len(population)), key=lambda k: population[k][0])
            twin = any(value == other and (place != its).mean() < 0.05 for other, its in population)
            best = min(population, key=lambda one: one[0])[0]
            stale = 0 if value < best - tabu.TINY * max(1.0, abs(best)) else stale + 1
            if not twin and value <= population[worst][0]:
                population[worst] = (value, place)


def solve(
    problem: Quadratic,
    should_stop: Callable[[int], bool],
    *,
    seed: int = 1,
    workers: int = 1,
    start: Ints | None = None,
    least: float = -np.inf,
    on_better: Callable[[float], None] = lambda _value: None,
) -> Outcome:
    """The best assignment found until `should_stop(moves so far)`, or until a value of `least` is reached.

    should_stop is asked every 20 ms or so. One worker, equal seeds and a stop by moves give equal outcomes.
    """
    size = problem.size
    first = np.arange(size, dtype=np.int64) if start is None else start.astype(np.int64)
    shared = _Shared(problem.cost(first), first, should_stop, on_better, least)
    if size < 2:
        return Outcome(first, shared.value, 0)
    team = [_Worker(problem, shared, seed, number) for number in range(workers)]
    if workers == 1:
        moves = team[0].run(start)
    else:
        with ThreadPoolExecutor(workers) as threads:
            moves = max(threads.map(lambda worker: worker.run(start if worker is team[0] else None), team))
    return Outcome(shared.place, problem.cost(shared.place), moves)
