"""Finds the ladder in a floor graph: straight parallel aisles between straight cross aisles, on which tours are exact.

An edge runs along an aisle when its length is the difference of its ends' y, along a cross aisle when it is that of their
x (or the other way round: both are tried). A depot may be a corner, lie on a cross aisle, or hang on one corner or more
by edges of its own. Anything else, one-way edges above all, is no ladder, and tours there are searched (stops.py).
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from containers.optimizer.floor.ladder import FloatArray, Ladder
from containers.optimizer.floor.walk import Vertex
from contracts.layout import GraphLayout

Neighbours = dict[str, dict[str, float]]
TOLERANCE = 1e-6


@dataclass(frozen=True)
class FoundLadder:
    """A ladder and its names. position_of: stop node → position. corner_nodes: (aisle, row) → node."""

    ladder: Ladder
    position_of: dict[str, int]
    corner_nodes: dict[Vertex, str]


class _NoLadderError(Exception):
    """This graph is not one."""


def neighbours_of(layout: GraphLayout) -> Neighbours:
    """node → {next node: metres}, along one-way edges in their direction only; the shortest of parallel edges."""
    found: Neighbours = {node.id: {} for node in layout.nodes}
    for edge in layout.edges:
        pairs = [(edge.from_node, edge.to_node)] + ([] if edge.one_way else [(edge.to_node, edge.from_node)])
        for a, b in pairs:
            found[a][b] = min(edge.length_m, found[a].get(b, math.inf))
    return found


def find_ladder(layout: GraphLayout, stops: set[str]) -> FoundLadder | None:
    """The ladder of the graph, with positions for the nodes in `stops`, or None."""
    graph = neighbours_of(layout)
    if any(graph[b].get(a) != metres for a, nexts in graph.items() for b, metres in nexts.items()):
        return None
    places = {node.id: (node.x_m, node.y_m) for node in layout.nodes}
    for axis in (0, 1):
        try:
            return _Finder(layout, graph, {name: (xy[axis], xy[1 - axis]) for name, xy in places.items()}, stops).find()
        except _NoLadderError:
            continue
    return None


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))


def _require(condition: bool) -> None:
    if not condition:
        raise _NoLadderError


class _Finder:
    def __init__(
        self, layout: GraphLayout, graph: Neighbours, places: dict[str, tuple[float, float]], stops: set[str]
    ) -> None:
        self.layout = layout
        self.places = places
        self.stops = stops
        self.graph = {name: dict(nexts) for name, nexts in graph.items()}
        self.depots = [layout.depot, layout.end_depot or layout.depot]
        self.hanging: dict[str, dict[str, float]] = {}  # depot node → corners it hangs on

    def find(self) -> FoundLadder:
        self._take_depots_out()
        up: Neighbours = defaultdict(dict)
        across: Neighbours = defaultdict(dict)
        for a, nexts in self.graph.items():
            for b, metres in nexts.items():
                (x1, y1), (x2, y2) = self.places[a], self.places[b]
                # An edge of no length joins places beside each other in one aisle.
                along = _same(abs(y1 - y2), metres)
                _require(along or _same(abs(x1 - x2), metres))
                (up if along else across)[a][b] = metres
        rows = self._rows(across)
        aisles = self._aisles(up, {node: r for r, row in enumerate(rows) for node in row})
        return self._named(rows, aisles, up, across)

    def _take_depots_out(self) -> None:
        """A depot that is no corner: joined out of a cross aisle, or remembered with what it hangs on."""
        for depot in dict.fromkeys(self.depots):
            nexts = self.graph[depot]
            straight = [b for b, metres in nexts.items() if self._runs_straight(depot, b, metres)]
            is_corner = len(straight) >= 3 or (len(straight) == 2 and not self._in_line(depot, *straight))
            if depot in self.stops or (is_corner and len(straight) == len(nexts)):
                _require(depot not in self.stops or is_corner)
                continue
            self.hanging[depot] = nexts
            for b in nexts:
                del self.graph[b][depot]
            del self.graph[depot]
            if len(nexts) == 2 and len(straight) == 2:  # it lay on a cross aisle, which goes on
                a, b = straight
                self.graph[a][b] = self.graph[b][a] = nexts[a] + nexts[b]
        for nexts in self.hanging.values():
            _require(all(b in self.graph for b in nexts))

    def _runs_straight(self, a: str, b: str, metres: float) -> bool:
        (x1, y1), (x2, y2) = self.places[a], self.places[b]
        return (_same(x1, x2) and _same(abs(y1 - y2), metres)) or (_same(y1, y2) and _same(abs(x1 - x2), metres))

    def _in_line(self, depot: str, a: str, b: str) -> bool:
        (x, y), (x1, y1), (x2, y2) = (self.places[name] for name in (depot, a, b))
        return (_same(x1, x2) and _same(x, x1)) or (_same(y1, y2) and _same(y, y1))

    def _rows(self, across: Neighbours) -> list[list[str]]:
        """Cross aisles from low to high, each as its nodes from left to right."""
        rows = [self._path(across, part) for part in _parts(across)]
        _require(len(rows) >= 2)
        for row in rows:
            _require(all(_same(self.places[node][1], self.places[row[0]][1]) for node in row))
            if self.places[row[0]][0] > self.places[row[-1]][0]:
                row.reverse()
        return sorted(rows, key=lambda row: self.places[row[0]][1])

    def _aisles(self, up: Neighbours, row_of: dict[str, int]) -> list[list[str]]:
        """Picking aisles from left to right, each as its nodes from low to high; they start and end at a corner."""
        aisles = []
        for part in _parts(up):
            path = self._path(up, part)
            corners = [node for node in path if node in row_of]
            _require(len(corners) >= 2)
            if row_of[corners[0]] > row_of[corners[-1]]:
                path.reverse()
                corners.reverse()
            _require([row_of[node] for node in corners] == list(range(max(row_of.values()) + 1)))
            _require(path[0] == corners[0] and path[-1] == corners[-1])
            aisles.append(path)
        lowest = {path[0]: self.places[path[0]][0] for path in aisles}
        return sorted(aisles, key=lambda path: lowest[path[0]])

    @staticmethod
    def _path(neighbours: Neighbours, part: set[str]) -> list[str]:
        ends = [node for node in part if len(neighbours[node]) == 1]
        _require(len(ends) == 2 and all(len(neighbours[node]) <= 2 for node in part))
        path = [ends[0]]
        before = ""
        while len(path) < len(part):
            following = [node for node in neighbours[path[-1]] if node != before]
            before = path[-1]
            path.append(following[0])
        return path

    def _named(self, rows: list[list[str]], aisles: list[list[str]], up: Neighbours, across: Neighbours) -> FoundLadder:
        row_of = {node: r for r, row in enumerate(rows) for node in row}
        corner_nodes: dict[Vertex, str] = {}
        cells: dict[tuple[int, int], list[tuple[str, float]]] = defaultdict(list)
        lengths: list[list[float]] = []
        for a, path in enumerate(aisles):
            row, since, walked = 0, 0.0, []
            corner_nodes[(a, 0)] = path[0]
            for before, node in itertools.pairwise(path):
                since += up[before][node]
                if node in row_of:
                    walked.append(since)
                    row, since = row + 1, 0.0
                    corner_nodes[(a, row)] = node
                elif node in self.stops:
                    cells[(a, row)].append((node, since))
            lengths.append(walked)
        covered = {node for path in aisles for node in path} | {node for row in rows for node in row}
        _require(set(self.graph) <= covered and not (self.stops - {n for p in aisles for n in p}))
        _require(all(_same(one, other) for walked in lengths for one, other in zip(walked, lengths[0], strict=True)))
        blocks = len(lengths[0])
        for (a, row), node in corner_nodes.items():
            if node in self.stops:
                block = min(row, blocks - 1)
                cells[(a, block)].append((node, lengths[0][block] if row == blocks else 0.0))
        slots = max([1, *(len(cell) for cell in cells.values())])
        offset = np.zeros(len(aisles) * blocks * slots)
        position_of = {}
        for (a, block), cell in cells.items():
            for slot, (node, metres) in enumerate(sorted(cell, key=lambda one: one[1])):
                position = (a * blocks + block) * slots + slot
                position_of[node] = position
                offset[position] = metres
        steps = self._steps(rows, corner_nodes, len(aisles), across)
        start, end, stub, entry = self._depots(corner_nodes, steps, lengths[0])
        ladder = Ladder(slots, offset, np.array(lengths[0]), steps, start, end, stub, entry)
        return FoundLadder(ladder, position_of, corner_nodes)

    @staticmethod
    def _steps(rows: list[list[str]], corner_nodes: dict[Vertex, str], aisles: int, across: Neighbours) -> FloatArray:
        """Metres along the cross aisles to each aisle, alike on every row."""
        along = []
        for r, row in enumerate(rows):
            at, walked = 0.0, {row[0]: 0.0}
            for before, node in itertools.pairwise(row):
                at += across[before][node]
                walked[node] = at
            _require(all(corner_nodes[(a, r)] in walked for a in range(aisles)))
            first = walked[corner_nodes[(0, r)]]
            along.append([walked[corner_nodes[(a, r)]] - first for a in range(aisles)])
        _require(all(_same(one, other) for line in along for one, other in zip(line, along[0], strict=True)))
        _require(all(after > before for before, after in zip(along[0], along[0][1:], strict=False)))
        return np.array(along[0])

    def _depots(
        self, corner_nodes: dict[Vertex, str], steps: FloatArray, length: list[float]
    ) -> tuple[Vertex, Vertex, float, FloatArray]:
        """(start corner, end corner, stub, entry) as in Ladder."""
        vertex_of = {node: vertex for vertex, node in corner_nodes.items()}
        reached: list[dict[Vertex, float]] = []
        for depot in self.depots:
            hangs = self.hanging.get(depot, {depot: 0.0})
            _require(len(hangs) > 0 and all(node in vertex_of for node in hangs))
            reached.append({vertex_of[node]: metres for node, metres in hangs.items()})
        nothing = np.zeros((0, 0))
        if all(len(corners) == 1 for corners in reached):
            (start,), (end,) = reached
            return start, end, reached[0][start] + reached[1][end], nothing
        _require(reached[0] == reached[1])
        rows = len(length) + 1
        height = [0.0, *np.cumsum(length)]
        corners = reached[0]
        for (a1, r1), d1 in corners.items():
            for (a2, r2), d2 in corners.items():
                apart = abs(steps[a1] - steps[a2]) + abs(height[r1] - height[r2])
                # No way through the depot is shorter than the floor, nor one to a corner shorter than its own edge.
                _require(r1 == r2 and abs(d1 - d2) <= apart + 1e-9 and d1 + d2 >= apart - 1e-9)
        entry = np.full((rows, len(steps)), math.inf)
        for (a, r), metres in corners.items():
            entry[r, a] = metres
        # Aisles that the depot has no edge to are reached along the cross aisle; sweeps enter at the corners alone.
        _require(len(corners) == len(steps) or self._lies_between(corners))
        return (0, 0), (0, 0), 0.0, entry

    @staticmethod
    def _lies_between(corners: dict[Vertex, float]) -> bool:
        """Whether the depot has edges to exactly two neighbouring corners."""
        (a1, _), (a2, _) = [*sorted(corners), (-9, 0)][:2]
        return len(corners) == 2 and a2 == a1 + 1


def _parts(neighbours: Neighbours) -> list[set[str]]:
    """Connected parts of the nodes that have an edge."""
    left = {node for node, nexts in neighbours.items() if nexts}
    parts = []
    while left:
        open_list = [left.pop()]
        part = set(open_list)
        while open_list:
            for node in neighbours[open_list.pop()]:
                if node not in part:
                    part.add(node)
                    left.discard(node)
                    open_list.append(node)
        parts.append(part)
    return parts
