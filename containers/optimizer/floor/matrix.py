"""Tours through a matrix of walks: numbering of the stops along one good tour, search, exact answers for few stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.ladder import GRAPH
from contracts.errors import Fault, ProblemError

FloatArray = npt.NDArray[np.float64]

# A matrix of this many stops takes 72 MB, and the kernels a few microseconds per stop of a tour.
MAX_STOPS = 3000
STOPS_AT_ONCE = 64
# Kicks of the search that polishes a tour for an answer: some milliseconds.
KICKS = 100
TINY = 1e-12
# The tour that numbers the stops is improved up to here; beyond, that would take seconds.
IMPROVED_STOPS = 600


def shortest_walks(neighbours: Mapping[str, Mapping[str, float]], stops: list[str]) -> FloatArray:
    """(S, S) metres of the shortest walk from each stop to each other (Dijkstra 1959); infinite where no way leads.

    Raises ProblemError too-large-to-solve for more stops than MAX_STOPS and two depots.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    if len(stops) > MAX_STOPS + 2:
        detail = f"tours on a graph pass at most {MAX_STOPS} different nodes with stock; this problem has {len(stops)}"
        raise ProblemError("too-large-to-solve", detail, errors=(Fault("/data/layout", detail),))
    number = {name: i for i, name in enumerate(neighbours)}
    rows = [number[a] for a, nexts in neighbours.items() for _ in nexts]
    columns = [number[b] for nexts in neighbours.values() for b in nexts]
    # csgraph takes an explicit zero as no edge: places beside each other are a hair apart there, and exactly 0 after.
    metres = np.array([step for nexts in neighbours.values() for step in nexts.values()], dtype=np.float64)
    graph = csr_array((np.maximum(metres, TINY), (rows, columns)), shape=(len(number), len(number)))
    at = [number[name] for name in stops]
    found = np.empty((len(at), len(at)))
    # A walk to every node is found on the way: some stops at a time, since all of them could fill the memory.
    for first in range(0, len(at), STOPS_AT_ONCE):
        found[first : first + STOPS_AT_ONCE] = dijkstra(graph, indices=at[first : first + STOPS_AT_ONCE])[:, at]
    return np.where(found < len(number) * TINY, 0.0, found)


@dataclass(frozen=True)
class MatrixTours:
    """matrix: (P + 2, P + 2) walks between positions, then start and end; `far` where no way leads.
    order: which stop each position is."""

    matrix: FloatArray
    order: tuple[int, ...]
    far: float

    @classmethod
    def numbered(cls, walks: FloatArray) -> MatrixTours:
        """From walks between stops (then start and end): positions are numbered along one good tour through all."""
        from containers.optimizer.floor import stops

        count = len(walks) - 2
        # What cannot be reached is far away, not infinitely so: differences of two such walks must stay numbers.
        finite = walks[np.isfinite(walks)]
        far = 1e6 * (1.0 + float(finite.max(initial=0.0)))
        near = np.where(np.isfinite(walks), walks, far)
        tour = np.zeros(count + 2, dtype=np.int64)
        tour[0], tour[-1] = count, count + 1
        to_go = near[:, :count].copy()
        for place in range(1, count + 1):  # nearest neighbour
            tour[place] = int(np.argmin(to_go[tour[place - 1]]))
            to_go[:, tour[place]] = np.inf
        if count <= IMPROVED_STOPS:
            stops.improve(near, tour, count)
        index = np.array([*tour[1:-1], count, count + 1])
        return cls(near[np.ix_(index, index)], tuple(int(stop) for stop in tour[1:-1]), far)

    @property
    def positions(self) -> int:
        return len(self.order)

    @cached_property
    def frame(self) -> tuple[Any, ...]:
        """As arrays: see tours.py."""
        words = max(1, -(-self.positions // 64))
        shape = [words, 1, 64, 0, 0, 0, 0, 1, GRAPH, 0]
        tables: list[Any] = [np.zeros(size, dtype=np.int32) for size in ((0, 2, 7), (0, 3), (0, 0), 0)]
        nothing = np.zeros(0)
        always = np.zeros(-(-words // 64), dtype=np.uint64)
        return (
            np.array(shape, dtype=np.int64), nothing, nothing, nothing, np.zeros((0, 0)), always, *tables, self.matrix,
        )  # fmt: skip

    def scratch(self) -> tuple[Any, ...]:
        """Fresh scratch arrays for one thread's calls of the kernels."""
        words = max(1, -(-self.positions // 64))
        return (
            np.zeros(words, dtype=np.uint64),
            np.zeros(-(-words // 64), dtype=np.uint64),
            np.empty((3, 0)),
            np.empty((3, 0)),
            np.zeros(self.positions + 2, dtype=np.int64),
        )

    def between(self, positions: Iterable[int]) -> FloatArray:
        """(n + 2, n + 2) walks between these positions, then start and end."""
        chosen = [*sorted(set(positions)), self.positions, self.positions + 1]
        return self.matrix[np.ix_(chosen, chosen)]

    def tour(self, positions: Iterable[int], kicks: int = KICKS) -> tuple[float, tuple[int, ...]]:
        """(metres, positions in walking order): the shortest for few stops, a well searched one otherwise.

        kicks: how often the search perturbs a longer tour.
        """
        from containers.optimizer.floor import stops

        wanted = sorted(set(positions))
        count = len(wanted)
        if count == 0:
            return 0.0, ()
        tour = np.array([self.positions, *wanted, self.positions + 1], dtype=np.int64)
        if count <= stops.MAX_SUBSET_STOPS:
            metres = float(stops.subset_tour(self.matrix, tour, count))
        else:
            random = np.array([0x9E3779B97F4A7C15 ^ count], dtype=np.uint64)
            metres = float(stops.kicked(self.matrix, tour, count, kicks, random))
        return metres, tuple(int(stop) for stop in tour[1:-1])
