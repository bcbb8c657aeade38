"""A parametric layout with more cross aisles than exact tours can take: tours are searched through a matrix of walks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.matrix import MAX_STOPS, MatrixTours
from containers.optimizer.floor.walk import Point, Walk, simplify
from contracts.errors import Fault, ProblemError
from contracts.layout import AccessPoint, ParametricLayout

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ManyBlocksFloor:
    """Positions are those of the locations in `wanted`."""

    layout: ParametricLayout
    wanted: frozenset[str]

    @cached_property
    def _aisles(self) -> AisleFloor:
        return AisleFloor(self.layout)

    @cached_property
    def _stops(self) -> list[int]:
        """Positions on the aisles' own numbering."""
        return sorted({self._aisles.position(name) for name in self.wanted if self._aisles.has(name)})

    @cached_property
    def _matrix(self) -> MatrixTours:
        if len(self._stops) > MAX_STOPS:
            detail = f"with more than four blocks, at most {MAX_STOPS} different places can hold the stock"
            raise ProblemError("too-large-to-solve", detail, errors=(Fault("/data/layout", detail),))
        end = self.layout.end_depot or self.layout.depot
        points = [self._aisles.xy(stop) for stop in self._stops] + [self._corner(self.layout.depot), self._corner(end)]
        x, y = np.array(points).T
        rows = self.layout.block_length_m * np.arange(self.layout.blocks + 1)
        around = np.full((len(x), len(x)), np.inf)
        for row in rows:
            to_row = np.abs(y - row)
            np.minimum(around, to_row[:, None] + to_row[None, :], out=around)
        same = np.abs(x[:, None] - x[None, :]) == 0
        return MatrixTours.numbered(
            np.where(same, np.abs(y[:, None] - y[None, :]), np.abs(x[:, None] - x[None, :]) + around)
        )

    def _corner(self, point: AccessPoint) -> Point:
        return point.aisle * self.layout.aisle_pitch_m, point.cross_aisle * self.layout.block_length_m

    @cached_property
    def _position_of(self) -> dict[int, int]:
        return {self._stops[stop]: position for position, stop in enumerate(self._matrix.order)}

    @property
    def frame(self) -> tuple[Any, ...]:
        """The floor as arrays: see tours.py."""
        return self._matrix.frame

    def scratch(self) -> tuple[Any, ...]:
        """Fresh scratch arrays for one thread's calls of the kernels."""
        return self._matrix.scratch()

    @property
    def exact(self) -> bool:
        """Tours are searched."""
        return False

    @property
    def stub(self) -> float:
        """The kernels leave nothing out."""
        return 0.0

    @property
    def positions(self) -> int:
        """How many walking positions there are."""
        return len(self._stops)

    def on_ladder(self, positions: Iterable[int]) -> tuple[Ladder, list[int]]:
        """The layout's ladder (too tall for exact tours) and its numbers of these positions."""
        return self._aisles.ladder, [self._stops[self._matrix.order[position]] for position in positions]

    def has(self, location: str) -> bool:
        """Whether the layout has a location of that id."""
        return self._aisles.has(location)

    def reachable(self, location: str) -> bool:
        """Every place of an aisle is."""
        return self.has(location)

    def position(self, location: str) -> int:
        """The walking position of a wanted location. Raises KeyError for any other."""
        return self._position_of[self._aisles.position(location)]

    def zone(self, location: str) -> str:
        """The zone of a location."""
        return self._aisles.zone(location)

    def xy(self, position: int) -> Point:
        """Where a position is."""
        return self._aisles.xy(self._stops[self._matrix.order[position]])

    def distance(self, here: int, there: int) -> float:
        """Metres of the shortest walk between two positions."""
        return float(self._matrix.matrix[here, there])

    def distances(self, here: IntArray, there: IntArray) -> FloatArray:
        """The same for many at once."""
        found: FloatArray = self._matrix.matrix[here, there]
        return found

    def from_start(self, position: int) -> float:
        """Metres from the start depot to a position."""
        return float(self._matrix.matrix[-2, position])

    def place(self, position: int) -> tuple[int, int, int]:
        """(aisle, block, slot) of a position."""
        return self._aisles.place(self._stops[self._matrix.order[position]])

    def tour_length(self, positions: Iterable[int]) -> float:
        """Metres of a short tour through the positions."""
        return self._matrix.tour(positions)[0]

    def tour(self, positions: Iterable[int]) -> Walk:
        """That tour."""
        metres, order = self._matrix.tour(positions)
        if not order:
            return Walk(0.0, (), ())
        end = self.layout.end_depot or self.layout.depot
        halts = [self._corner(self.layout.depot), *(self.xy(p) for p in order), self._corner(end)]
        path = [halts[0]]
        for halt in halts[1:]:
            path += self._way(path[-1], halt)
        return Walk(metres, simplify(path), order)

    def walks(self, positions: Iterable[int]) -> npt.NDArray[np.float64]:
        """(n + 2, n + 2) metres between the positions, start and end."""
        return self._matrix.between(positions)

    def _way(self, here: Point, there: Point) -> list[Point]:
        """Corners between two points, and the second: within one aisle straight, else over the best cross aisle."""
        if here[0] == there[0]:
            return [there]
        rows = [row * self.layout.block_length_m for row in range(self.layout.blocks + 1)]
        row = min(rows, key=lambda y: (abs(here[1] - y) + abs(there[1] - y), y))
        return [(here[0], row), (there[0], row), there]
