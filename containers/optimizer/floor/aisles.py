"""A parametric warehouse as the kernels see it, with exact tours and their walks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor import states
from containers.optimizer.floor.walk import Point, SubAisle, Walk, assemble, simplify
from contracts.layout import ParametricLayout, location_id

IntArray = npt.NDArray[np.int64]
_LOCATION = re.compile(r"A(\d{2,})-([LR])-(\d{3,})-(\d+)")


@dataclass(frozen=True)
class AisleFloor:
    """Walking positions of a parametric layout: `(aisle * blocks + block) * slots + slot`, left and right being one."""

    layout: ParametricLayout

    @cached_property
    def frame(self) -> tuple[Any, ...]:
        """The floor as arrays: see tours.py."""
        plan = self.layout
        end = plan.end_depot or plan.depot
        shape = [plan.aisles, plan.blocks, plan.bays_per_block]
        shape += [plan.depot.aisle, plan.depot.cross_aisle, end.aisle, end.cross_aisle]
        bays = plan.end_gap_m + plan.bay_width_m * np.arange(plan.bays_per_block)
        across = plan.aisle_pitch_m * np.arange(plan.aisles)
        return (
            np.array(shape, dtype=np.int64),
            np.tile(bays, plan.aisles * plan.blocks),
            np.full(plan.blocks, plan.block_length_m),
            np.tile(across, (plan.blocks + 1, 1)),
            *self.tables.arrays,
        )

    @property
    def exact(self) -> bool:
        """Whether tours are exact (few enough cross aisles for the equivalence classes)."""
        return self.layout.blocks + 1 <= states.MAX_CROSS_AISLES

    @property
    def positions(self) -> int:
        return self.layout.aisles * self.layout.blocks * self.layout.bays_per_block

    @cached_property
    def tables(self) -> states.Tables:
        return states.tables(self.layout.blocks + 1)

    def has(self, location: str) -> bool:
        """Whether the layout has a location of that id."""
        try:
            self._parse(location)
        except KeyError:
            return False
        return True

    def position(self, location: str) -> int:
        """The walking position of a location. Raises KeyError for an unknown id."""
        aisle, bay = self._parse(location)
        block, slot = divmod(bay, self.layout.bays_per_block)
        return (aisle * self.layout.blocks + block) * self.layout.bays_per_block + slot

    def zone(self, location: str) -> str:
        """The zone of a location."""
        return self.layout.zone_of(self._parse(location)[0])

    def _parse(self, location: str) -> tuple[int, int]:
        """(aisle, bay) from an id such as A03-L-012-2; looking up beats listing every location of a large layout."""
        plan = self.layout
        match = _LOCATION.fullmatch(location)
        if match is not None:
            aisle, bay, level = int(match[1]) - 1, int(match[3]) - 1, int(match[4]) - 1
            inside = aisle < plan.aisles and bay < plan.blocks * plan.bays_per_block and level < plan.levels
            if inside and match[2] in "LR"[: plan.sides] and location_id(aisle, match[2], bay, level) == location:
                return aisle, bay
        raise KeyError(location)

    def place(self, position: int) -> tuple[int, int, int]:
        """(aisle, block, slot) of a position."""
        cell, slot = divmod(position, self.layout.bays_per_block)
        aisle, block = divmod(cell, self.layout.blocks)
        return aisle, block, slot

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

    def from_start(self, position: int) -> float:
        """Metres from the start depot to a position."""
        plan = self.layout
        x_m, y_m = self.xy(position)
        depot_y = plan.depot.cross_aisle * plan.block_length_m
        return abs(x_m - plan.depot.aisle * plan.aisle_pitch_m) + abs(y_m - depot_y)

    def scratch(self) -> tuple[Any, ...]:
        """Fresh scratch arrays (bits, active, aisles, old, new) for one thread's calls of the kernels."""
        plan = self.layout
        cells, classes = plan.aisles * plan.blocks, len(self.tables.components)
        return (
            np.zeros((cells, (plan.bays_per_block + 63) // 64), dtype=np.uint64),
            np.zeros(cells + 2, dtype=np.int64),
            np.zeros(plan.aisles + 2, dtype=np.int64),
            np.empty(classes),
            np.empty(classes),
        )

    def tour_length(self, positions: Iterable[int]) -> float:
        """Metres of the shortest tour through the positions."""
        from containers.optimizer.floor import tours

        return float(tours.tour_length(self.frame, self.scratch(), np.fromiter(positions, dtype=np.int64)))

    def tour(self, positions: Iterable[int]) -> Walk:
        """The shortest tour itself."""
        from containers.optimizer.floor import tours

        wanted = np.unique(np.fromiter(positions, dtype=np.int64))
        if len(wanted) == 0:
            return Walk(0.0, (), ())
        bits, active, aisles, old, new = self.scratch()
        shape = self.frame[0]
        count, _ = tours.mark(wanted, 0, len(wanted), shape[2], bits, active, 0)
        aisle_count = tours.order_aisles(shape, active, count, aisles)
        stages = aisle_count * (2 * self.layout.blocks + 1)
        trace = np.full((stages, len(old)), -1, dtype=np.int32)
        length, final = tours.sweep(self.frame, bits, aisles, aisle_count, old, new, trace)
        path, order = self._unroll([int(a) for a in aisles[:aisle_count]], trace, int(final), wanted)
        return Walk(float(length), simplify(path), tuple(order))

    def _unroll(
        self, aisles: list[int], trace: npt.NDArray[np.int32], final: int, wanted: IntArray
    ) -> tuple[list[Point], list[int]]:
        plan = self.layout
        rows = plan.blocks + 1
        picks: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for position in sorted(int(p) for p in wanted):
            aisle, block, _ = self.place(position)
            picks.setdefault((aisle, block), []).append((position, self.xy(position)[1]))
        stages: list[tuple[int, int]] = []  # (index into aisles, block, or blocks + row for a cross aisle)
        for k in range(len(aisles)):
            stages += [(k, part) for part in range(plan.blocks)]
            if k + 1 < len(aisles):
                stages += [(k, plan.blocks + row) for row in range(rows)]
        sub_aisles: list[SubAisle] = []
        crossings: list[tuple[tuple[int, int], tuple[int, int], int]] = []
        state = final
        for stage in range(len(stages) - 1, -1, -1):
            source, action, _target = (int(v) for v in self.tables.moves[trace[stage, state]])
            k, part = stages[stage]
            if part < plan.blocks:
                cell = (aisles[k], part)
                sub_aisles.append(SubAisle(cell, action, tuple(picks.get(cell, ()))))
            elif action:
                row = part - plan.blocks
                crossings.append(((aisles[k], row), (aisles[k + 1], row), action))
            state = source
        places = {
            (aisle, row): (aisle * plan.aisle_pitch_m, row * plan.block_length_m)
            for aisle in aisles
            for row in range(rows)
        }
        start = (plan.depot.aisle, plan.depot.cross_aisle)
        finish = plan.end_depot or plan.depot
        return assemble(start, (finish.aisle, finish.cross_aisle), places, sub_aisles, crossings)
