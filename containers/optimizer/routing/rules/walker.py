"""A walk under construction on a ladder's own coordinates: x along the cross aisles, y along the aisles, in metres."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.walk import Point, Vertex

Picks = dict[int, list[float]]  # aisle → heights of the places to visit there, ascending


def length(path: Sequence[Point]) -> float:
    """Metres along a polyline with axis-parallel segments."""
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(path))


class Walker:
    """Somebody who stands at (x, y) on a floor and walks along its axes. `path` is the way so far, `metres` its length."""

    def __init__(self, ladder: Ladder) -> None:
        self.x_of, self.rows = ladder.x_of, ladder.heights
        self.x, self.y = self.corner(ladder.start)
        self.path: list[Point] = [(self.x, self.y)]
        self.metres = 0.0

    def corner(self, vertex: Vertex) -> Point:
        """Where an aisle meets a cross aisle."""
        return self.x_of[vertex[0]], self.rows[vertex[1]]

    def across(self, aisle: int) -> None:
        """Along the cross aisle where the walker stands."""
        x = self.x_of[aisle]
        if x != self.x:
            self.metres += abs(x - self.x)
            self.x = x
            self.path.append((x, self.y))

    def along(self, y: float) -> None:
        """Along the aisle where the walker stands."""
        if y != self.y:
            self.metres += abs(y - self.y)
            self.y = y
            self.path.append((self.x, y))

    def in_and_out(self, heights: Sequence[float]) -> None:
        """Into the aisle to the farthest of these heights, which are sorted, and back."""
        if heights:
            back = self.y
            first, last = heights[0], heights[-1]
            self.along(first if abs(first - back) >= abs(last - back) else last)
            self.along(back)

    def nearest_first(self, aisles: Iterable[int]) -> list[int]:
        """From the nearer of the two outer aisles to the other."""
        order = sorted(aisles)
        if order and abs(self.x_of[order[-1]] - self.x) < abs(self.x_of[order[0]] - self.x):
            order.reverse()
        return order


def picks_by_block(ladder: Ladder, positions: Iterable[int]) -> dict[int, Picks]:
    """block → aisle → heights ascending."""
    rows, offset = ladder.heights, ladder.offset
    found: dict[int, Picks] = {}
    for position in positions:
        aisle, block, _ = ladder.place(position)
        found.setdefault(block, {}).setdefault(aisle, []).append(rows[block] + offset.item(position))
    for picks in found.values():
        for heights in picks.values():
            heights.sort()
    return found
