"""A parametric warehouse as the kernels see it, with exact tours and their walks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.walk import Point, Walk, simplify
from contracts.layout import ParametricLayout, location_id

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_LOCATION = re.compile(r"A(\d{2,})-([LR])-(\d{3,})-(\d+)")


@dataclass(frozen=True)
class AisleFloor:
    """Walking positions of a parametric layout: `(aisle * blocks + block) * slots + slot`, left and right being one."""

    layout: ParametricLayout

    @cached_property
    def ladder(self) -> Ladder:
        """The same floor without names."""
        plan = self.layout
        end = plan.end_depot or plan.depot
        bays = plan.end_gap_m + plan.bay_width_m * np.arange(plan.bays_per_block)
        return Ladder(
            slots=plan.bays_per_block,
            offset=np.tile(bays, plan.aisles * plan.blocks),
            length=np.full(plan.blocks, plan.block_length_m),
            across=plan.aisle_pitch_m * np.arange(plan.aisles, dtype=np.float64),
            start=(plan.depot.aisle, plan.depot.cross_aisle),
            end=(end.aisle, end.cross_aisle),
        )

    @property
    def frame(self) -> tuple[Any, ...]:
        """The floor as arrays: see tours.py."""
        return self.ladder.frame

    def scratch(self) -> tuple[Any, ...]:
        """Fresh scratch arrays for one thread's calls of the kernels."""
        return self.ladder.scratch()

    @property
    def exact(self) -> bool:
        """Whether tours are exact (few enough cross aisles for the equivalence classes)."""
        return self.ladder.exact

    @property
    def positions(self) -> int:
        return self.ladder.positions

    def on_ladder(self, positions: Iterable[int]) -> tuple[Ladder, list[int]]:
        """Its ladder; positions are numbered alike."""
        return self.ladder, list(positions)

    def has(self, location: str) -> bool:
        """Whether the layout has a location of that id."""
        try:
            self._parse(location)
        except KeyError:
            return False
        return True

    def reachable(self, location: str) -> bool:
        """Every place of an aisle is."""
        return self.has(location)

    @property
    def stub(self) -> float:
        """The kernels leave nothing out."""
        return 0.0

    def position(self, location: str) -> int:
        """The walking position of a location. Raises KeyError for an unknown id."""
        aisle, bay = self._parse(location)
        block, slot = divmod(bay, self.layout.bays_per_block)
        return (aisle * self.layout.blocks + block) * self.layout.bays_per_block + slot

    def zone(self, location: str) -> str:
        """The zone of a location."""
        return self.layout.zone_of(self._parse(location)[0])

    @cached_property
    def _parsed(self) -> dict[str, tuple[int, int]]:
        """What ids were found to say so far."""
        return {}

    def _parse(self, location: str) -> tuple[int, int]:
        """(aisle, bay) from an id such as A03-L-012-2; looking up beats listing every location of a large layout."""
        known = self._parsed.get(location)
        if known is not None:
            return known
        plan = self.layout
        match = _LOCATION.fullmatch(location)
        if match is not None:
            aisle, bay, level = int(match[1]) - 1, int(match[3]) - 1, int(match[4]) - 1
            inside = aisle < plan.aisles and bay < plan.blocks * plan.bays_per_block and level < plan.levels
            if inside and match[2] in "LR"[: plan.sides] and location_id(aisle, match[2], bay, level) == location:
                self._parsed[location] = (aisle, bay)
                return aisle, bay
        raise KeyError(location)

    def place(self, position: int) -> tuple[int, int, int]:
        """(aisle, block, slot) of a position."""
        return self.ladder.place(position)

    def xy(self, position: int) -> Point:
        aisle, block, slot = self.place(position)
        plan = self.layout
        y_m = block * plan.block_length_m + plan.end_gap_m + slot * plan.bay_width_m
        return aisle * plan.aisle_pitch_m, y_m

    def distance(self, here: int, there: int) -> float:
        """Metres of the shortest walk between two positions."""
        plan = self.layout
        (x1, y1), (x2, y2) = self.xy(here), self.xy(there)
        if x1 == x2:
            return abs(y1 - y2)
        block = plan.block_length_m
        around = min(abs(y1 - row * block) + abs(y2 - row * block) for row in range(plan.blocks + 1))
        return abs(x1 - x2) + around

    def distances(self, here: IntArray, there: IntArray) -> FloatArray:
        """The same for many at once."""
        plan = self.layout
        (x1, y1), (x2, y2) = (self._xys[positions].T for positions in (here, there))
        block = plan.block_length_m
        around = np.full(len(here), np.inf)
        for row in range(plan.blocks + 1):
            np.minimum(around, np.abs(y1 - row * block) + np.abs(y2 - row * block), out=around)
        found: FloatArray = np.where(x1 == x2, np.abs(y1 - y2), np.abs(x1 - x2) + around)
        return found

    @cached_property
    def _xys(self) -> FloatArray:
        """(positions, 2) where every position is."""
        return np.array([self.xy(position) for position in range(self.positions)]).reshape(-1, 2)

    def from_start(self, position: int) -> float:
        """Metres from the start depot to a position."""
        plan = self.layout
        x_m, y_m = self.xy(position)
        depot_y = plan.depot.cross_aisle * plan.block_length_m
        return abs(x_m - plan.depot.aisle * plan.aisle_pitch_m) + abs(y_m - depot_y)

    def tour_length(self, positions: Iterable[int]) -> float:
        """Metres of the shortest tour through the positions."""
        return self.ladder.tour_length(positions)

    def tour(self, positions: Iterable[int]) -> Walk:
        """The shortest tour itself."""
        walk = self.ladder.tour(positions)
        return Walk(walk.length_m, simplify([self._point(place) for place in walk.places]), walk.order)

    def walks(self, _positions: Iterable[int]) -> None:
        """Tours are exact."""

    def _point(self, place: int) -> Point:
        if place >= 0:
            return self.xy(place)
        aisle, row = self.ladder.corner(place)
        return aisle * self.layout.aisle_pitch_m, row * self.layout.block_length_m
