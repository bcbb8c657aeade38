"""Floors drawn as graphs: exact tours where the graph is a ladder, searched ones through a matrix of walks elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.graph_ladder import FoundLadder, find_ladder, neighbours_of
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.matrix import MatrixTours, shortest_walks
from containers.optimizer.floor.walk import Point, Walk
from contracts.layout import GraphLayout

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GraphFloor:
    """A graph's walking positions are the nodes in `wanted`, those of the locations that the problem names."""

    layout: GraphLayout
    wanted: frozenset[str]

    @cached_property
    def _nodes(self) -> dict[str, str]:
        return {place.id: place.node for place in self.layout.locations}

    @cached_property
    def _zones(self) -> dict[str, str]:
        return {place.id: place.zone for place in self.layout.locations}

    @cached_property
    def _points(self) -> dict[str, Point]:
        return {node.id: (node.x_m, node.y_m) for node in self.layout.nodes}

    @cached_property
    def _stops(self) -> list[str]:
        return sorted({self._nodes[name] for name in self.wanted if name in self._nodes})

    @cached_property
    def _found(self) -> FoundLadder | None:
        found = find_ladder(self.layout, set(self._stops))
        return found if found is not None and found.ladder.exact else None

    @cached_property
    def _walks(self) -> FloatArray:
        """Metres between the stops, then start and end depot."""
        ends = [self.layout.depot, self.layout.end_depot or self.layout.depot]
        return shortest_walks(neighbours_of(self.layout), [*self._stops, *ends])

    @cached_property
    def _number(self) -> dict[str, int]:
        """Which of the stops a node is."""
        return {node: i for i, node in enumerate(self._stops)}

    @cached_property
    def _matrix(self) -> MatrixTours:
        return MatrixTours.numbered(self._walks)

    @cached_property
    def _position_of(self) -> dict[str, int]:
        if self._found is not None:
            return self._found.position_of
        return {self._stops[stop]: position for position, stop in enumerate(self._matrix.order)}

    @cached_property
    def _node_of(self) -> dict[int, str]:
        return {position: node for node, position in self._position_of.items()}

    @property
    def frame(self) -> tuple[Any, ...]:
        """The floor as arrays: see tours.py."""
        return self._matrix.frame if self._found is None else self._found.ladder.frame

    def scratch(self) -> tuple[Any, ...]:
        """Fresh scratch arrays for one thread's calls of the kernels."""
        return self._matrix.scratch() if self._found is None else self._found.ladder.scratch()

    @property
    def exact(self) -> bool:
        """Whether tours are proven to be the shortest."""
        return self._found is not None

    @property
    def stub(self) -> float:
        """Metres in every tour that the kernels leave out."""
        return 0.0 if self._found is None else self._found.ladder.stub

    @property
    def positions(self) -> int:
        """How many walking positions there are."""
        return len(self._stops) if self._found is None else self._found.ladder.positions

    def on_ladder(self, positions: Iterable[int]) -> tuple[Ladder, list[int]] | None:
        """The ladder that the graph is, if it is one; positions are numbered alike."""
        return None if self._found is None else (self._found.ladder, list(positions))

    def has(self, location: str) -> bool:
        """Whether the layout has a location of that id."""
        return location in self._nodes

    def reachable(self, location: str) -> bool:
        """Whether a picker can walk there from the depot and on to the end depot."""
        if self._found is not None:
            return True
        position = self.position(location)
        tours = self._matrix
        return bool(tours.matrix[-2, position] < tours.far and tours.matrix[position, -1] < tours.far)

    def position(self, location: str) -> int:
        """The walking position of a wanted location. Raises KeyError for any other."""
        return self._position_of[self._nodes[location]]

    def zone(self, location: str) -> str:
        """The zone of a location."""
        return self._zones[location]

    def xy(self, position: int) -> Point:
        """Where a position is."""
        return self._points[self._node_of[position]]

    def distance(self, here: int, there: int) -> float:
        """Metres of the shortest walk from one position to another."""
        return float(self._table[here, there])

    def distances(self, here: IntArray, there: IntArray) -> FloatArray:
        """The same for many at once."""
        found: FloatArray = self._table[here, there]
        return found

    @cached_property
    def _table(self) -> FloatArray:
        """(positions, positions) metres; rows and columns of positions that are no node are infinite."""
        at = np.array(sorted(self._node_of), dtype=np.int64)
        stops = [self._number[self._node_of[int(position)]] for position in at]
        table = np.full((self.positions, self.positions), np.inf)
        table[np.ix_(at, at)] = self._walks[np.ix_(stops, stops)]
        return table

    def from_start(self, position: int) -> float:
        """Metres from the start depot to a position."""
        return float(self._walks[len(self._stops), self._number[self._node_of[position]]])

    def tour_length(self, positions: Iterable[int]) -> float:
        """Metres of a short (the shortest, if `exact`) tour through the positions."""
        return self._matrix.tour(positions)[0] if self._found is None else self._found.ladder.tour_length(positions)

    def tour(self, positions: Iterable[int]) -> Walk:
        """That tour, with the nodes that it passes."""
        if self._found is None:
            metres, order = self._matrix.tour(positions)
            halts = [self._node_of[position] for position in order]
        else:
            walk = self._found.ladder.tour(positions)
            metres, order = walk.length_m, walk.order
            halts = [self._place_node(place) for place in walk.places]
        if not order:
            return Walk(0.0, (), ())
        nodes = self._joined([self.layout.depot, *halts, self.layout.end_depot or self.layout.depot])
        return Walk(metres, tuple(self._points[name] for name in nodes), order, nodes)

    def walks(self, positions: Iterable[int]) -> FloatArray | None:
        """(n + 2, n + 2) metres between the positions, start and end; None on a ladder."""
        return self._matrix.between(positions) if self._found is None else None

    def _place_node(self, place: int) -> str:
        assert self._found is not None
        if place >= 0:
            return self._node_of[place]
        return self._found.corner_nodes[self._found.ladder.corner(place)]

    def _joined(self, halts: list[str]) -> tuple[str, ...]:
        """The halts with every node between them."""
        path = [halts[0]]
        for a, b in itertools.pairwise(halts):
            path += self._between(a, b)[1:]
        return tuple(path)

    def _between(self, a: str, b: str) -> list[str]:
        if a == b:
            return [a]
        return self._paths.setdefault((a, b), self._shortest(a, b))

    @cached_property
    def _paths(self) -> dict[tuple[str, str], list[str]]:
        return {}

    @cached_property
    def _neighbours(self) -> dict[str, dict[str, float]]:
        return neighbours_of(self.layout)

    def _shortest(self, a: str, b: str) -> list[str]:
        """Dijkstra (1959) from a until b is reached."""
        import heapq

        best = {a: 0.0}
        came: dict[str, str] = {}
        heap = [(0.0, a)]
        while heap:
            metres, node = heapq.heappop(heap)
            if node == b:
                break
            if metres > best[node]:
                continue
            for following, step in self._neighbours[node].items():
                total = metres + step
                if total < best.get(following, float("inf")):
                    best[following] = total
                    came[following] = node
                    heapq.heappush(heap, (total, following))
        path = [b]
        while path[-1] != a:
            path.append(came[path[-1]])
        return path[::-1]
