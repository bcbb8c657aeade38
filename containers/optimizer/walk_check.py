"""An independent reading of a walk: is it possible on the layout, how long is it, and what does it pass?

Shares no code with the floors that make walks: it knows the layout's own description and the walk alone.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from contracts.errors import Fault
from contracts.layout import GraphLayout, ParametricLayout, location_id, locations

Point = tuple[float, float]
EPSILON = 1e-6
METRES_EPSILON = 1e-4
POINTS_AT_ONCE = 512


def same(a: Point, b: Point) -> bool:
    """Whether two points are one."""
    return abs(a[0] - b[0]) < EPSILON and abs(a[1] - b[1]) < EPSILON


class WalkCheck:
    """Reads walks on one layout."""

    def __init__(self, layout: ParametricLayout | GraphLayout) -> None:
        self.layout = layout

    def places(self, names: Iterable[str]) -> dict[str, Point]:
        """Where these locations are; unknown ones are left out."""
        wanted = set(names)
        if isinstance(self.layout, ParametricLayout):
            found = {name: _bay_point(self.layout, name) for name in wanted}
            return {name: point for name, point in found.items() if point is not None}
        return {place.id: (place.x_m, place.y_m) for place in locations(self.layout) if place.id in wanted}

    def length(self, path: Sequence[Point], nodes: Sequence[str], where: str, faults: list[Fault]) -> float:
        """Metres from depot to end depot; appends what is wrong with the walk. An empty path is a walk of nothing."""
        if isinstance(self.layout, GraphLayout):
            return self._along_edges(self.layout, path, nodes, where, faults)
        return self._along_aisles(self.layout, path, where, faults)

    def unpassed(self, path: Sequence[Point], points: Sequence[Point]) -> list[int]:
        """The indexes of those points that the walk does not lead over."""
        if not path or not points:
            return list(range(len(points)))
        halts = np.array(path, dtype=float)
        begins, ends = halts, halts
        if not isinstance(self.layout, GraphLayout):  # on a graph an edge may lead anywhere between its nodes
            begins, ends = np.vstack((halts, halts[:-1])), np.vstack((halts, halts[1:]))
        low, high = np.minimum(begins, ends) - EPSILON, np.maximum(begins, ends) + EPSILON
        missed: list[int] = []
        for first in range(0, len(points), POINTS_AT_ONCE):
            some = np.array(points[first : first + POINTS_AT_ONCE], dtype=float)[:, None, :]
            over = ((low <= some) & (some <= high)).all(axis=2).any(axis=1)
            missed += (first + np.flatnonzero(~over)).tolist()
        return missed

    def reaches(self, location: str) -> bool:
        """Whether some walk leads from the depot to the location and on to the end depot."""
        return not isinstance(self.layout, GraphLayout) or self._node_of.get(location) in self._on_the_way

    @cached_property
    def _on_the_way(self) -> set[str]:
        """Nodes that the depot leads to and that lead to the end depot."""
        assert isinstance(self.layout, GraphLayout)
        onward, back = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
        for a, b in self._edges:
            onward[a].append(b)
            back[b].append(a)
        ends = (self.layout.depot, onward), (self.layout.end_depot or self.layout.depot, back)
        found = []
        for start, steps in ends:
            seen, open_nodes = {start}, [start]
            while open_nodes:
                fresh = set(steps[open_nodes.pop()]) - seen
                seen |= fresh
                open_nodes += fresh
            found.append(seen)
        return found[0] & found[1]

    def passes_node(self, nodes: Sequence[str], location: str) -> bool:
        """Whether a walk on a graph leads over the location's node; true on other layouts."""
        return not isinstance(self.layout, GraphLayout) or self._node_of.get(location) in nodes

    def halt_of(self, location: str, point: Point) -> object:
        """What tells one halt from another: the node on a graph, else the point."""
        return self._node_of.get(location) if isinstance(self.layout, GraphLayout) else point

    @cached_property
    def _node_of(self) -> dict[str, str]:
        assert isinstance(self.layout, GraphLayout)
        return {place.id: place.node for place in self.layout.locations}

    @cached_property
    def _edges(self) -> dict[tuple[str, str], float]:
        assert isinstance(self.layout, GraphLayout)
        metres: dict[tuple[str, str], float] = {}
        for edge in self.layout.edges:
            for pair in [(edge.from_node, edge.to_node), (edge.to_node, edge.from_node)][: 1 if edge.one_way else 2]:
                metres[pair] = min(edge.length_m, metres.get(pair, math.inf))
        return metres

    @cached_property
    def _points(self) -> dict[str, Point]:
        assert isinstance(self.layout, GraphLayout)
        return {node.id: (node.x_m, node.y_m) for node in self.layout.nodes}

    def _along_edges(
        self, layout: GraphLayout, path: Sequence[Point], nodes: Sequence[str], where: str, faults: list[Fault]
    ) -> float:
        if len(path) != len(nodes):
            faults.append(Fault(f"{where}/nodes", "on a graph a walk has one node for each point of its path"))
            return 0.0
        length = 0.0
        for step, (a, b) in enumerate(itertools.pairwise(nodes)):
            if (a, b) not in self._edges:
                faults.append(Fault(f"{where}/nodes/{step}", f"no edge leads from {a!r} to {b!r}"))
            length += self._edges.get((a, b), 0.0)
        for step, (name, point) in enumerate(zip(nodes, path, strict=True)):
            if name not in self._points or not same(self._points[name], point):
                faults.append(Fault(f"{where}/path/{step}", f"node {name!r} is at {self._points.get(name)}"))
        if nodes and (nodes[0] != layout.depot or nodes[-1] != (layout.end_depot or layout.depot)):
            faults.append(Fault(f"{where}/nodes", "the walk must lead from the depot to the end depot"))
        return length

    @staticmethod
    def _along_aisles(layout: ParametricLayout, path: Sequence[Point], where: str, faults: list[Fault]) -> float:
        length = 0.0
        for step, (a, b) in enumerate(itertools.pairwise(path)):
            if not _is_walkable(layout, a, b):
                faults.append(Fault(f"{where}/path/{step}", f"no aisle leads from {a} to {b}"))
            length += abs(a[0] - b[0]) + abs(a[1] - b[1])
        for point, depot, name in (
            (path[:1], layout.depot, "start at the depot"),
            (path[-1:], layout.end_depot or layout.depot, "end at the end depot"),
        ):
            home = (depot.aisle * layout.aisle_pitch_m, depot.cross_aisle * layout.block_length_m)
            if point and not same(point[0], home):
                faults.append(Fault(f"{where}/path", f"the walk must {name}, {home}"))
        return length


def _bay_point(layout: ParametricLayout, name: str) -> Point | None:
    """Where the picker stands before a location, read from its id; None for ids that the layout does not have."""
    aisle, side, bay, level = [*name.split("-"), "", "", ""][:4]
    numbers = (aisle.removeprefix("A"), bay, level)
    if not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    a, b, shelf = (int(number) - 1 for number in numbers)
    known = 0 <= a < layout.aisles and 0 <= b < layout.blocks * layout.bays_per_block and 0 <= shelf < layout.levels
    if not known or side not in ("L", "R")[: layout.sides] or location_id(a, side, b, shelf) != name:
        return None
    block, slot = divmod(b, layout.bays_per_block)
    y_m = block * layout.block_length_m + layout.end_gap_m + slot * layout.bay_width_m
    return a * layout.aisle_pitch_m, y_m


def _is_walkable(layout: ParametricLayout, a: Point, b: Point) -> bool:
    def multiple(value: float, step: float, last: int) -> bool:
        nearest = round(value / step)
        return 0 <= nearest <= last and abs(value - nearest * step) < METRES_EPSILON

    if abs(a[0] - b[0]) < EPSILON:  # along an aisle
        top = layout.blocks * layout.block_length_m + EPSILON
        inside = min(a[1], b[1]) >= -EPSILON and max(a[1], b[1]) <= top
        return inside and multiple(a[0], layout.aisle_pitch_m, layout.aisles - 1)
    if abs(a[1] - b[1]) < EPSILON:  # along a cross aisle
        right = (layout.aisles - 1) * layout.aisle_pitch_m + EPSILON
        inside = min(a[0], b[0]) >= -EPSILON and max(a[0], b[0]) <= right
        return inside and (layout.block_length_m == 0 or multiple(a[1], layout.block_length_m, layout.blocks))
    return False
