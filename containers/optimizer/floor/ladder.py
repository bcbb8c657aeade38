"""A ladder: parallel aisles between straight cross aisles, the shape of floor on which tours are exact.

A parametric layout is one, and so are most drawn floor graphs (graph_ladder.py finds it in them).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor import states
from containers.optimizer.floor.walk import SubAisle, Vertex, assemble, corner_place

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# shape[8] of a frame: see tours.py.
ONE_BLOCK, FIXED, FLOATING, GRAPH = range(4)


@dataclass(frozen=True)
class AbstractWalk:
    """metres; places in walking order (a position, or a corner as walk.corner_place numbers it) at which the walk turns
    or passes a corner; positions in picking order."""

    length_m: float
    places: tuple[int, ...]
    order: tuple[int, ...]


@dataclass(frozen=True)
class Ladder:
    """Geometry in metres. Positions are integers (aisle * blocks + block) * slots + slot.

    offset: (aisles * blocks * slots,) from a block's lower cross aisle to each position.
    length: (blocks,) between the cross aisles around a block. across: (aisles,) along a cross aisle.
    start, end: corners (aisle, row), row 0 being the lowest cross aisle.
    stub: metres walked between depots and these corners, in every tour.
    entry: (rows, aisles) metres from a depot that hangs on several corners instead, infinite where it does not.
    """

    slots: int
    offset: FloatArray
    length: FloatArray
    across: FloatArray
    start: Vertex = (0, 0)
    end: Vertex = (0, 0)
    stub: float = 0.0
    entry: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def blocks(self) -> int:
        return len(self.length)

    @property
    def rows(self) -> int:
        return len(self.length) + 1

    @property
    def aisles(self) -> int:
        return len(self.across)

    @property
    def positions(self) -> int:
        return self.aisles * self.blocks * self.slots

    @property
    def exact(self) -> bool:
        """Whether tours can be exact (few enough cross aisles for the equivalence classes)."""
        return self.rows <= states.MAX_CROSS_AISLES

    @property
    def floating(self) -> bool:
        return self.entry.size > 0

    @property
    def words(self) -> int:
        return -(-self.slots // 64)

    @cached_property
    def tables(self) -> states.Tables:
        return states.tables(self.rows)

    @cached_property
    def frame(self) -> tuple[Any, ...]:
        """The floor as arrays: see tours.py."""
        kind = ONE_BLOCK if self.blocks == 1 and self.start == self.end else FIXED
        kind = FLOATING if self.floating else kind
        shape = [self.aisles, self.blocks, self.slots, *self.start, *self.end, self.words, kind, self.tables.even]
        always = np.zeros(-(-self.aisles // 64), dtype=np.uint64)
        for aisle in self.depot_aisles:
            always[aisle >> 6] |= np.uint64(1 << (aisle & 63))
        return (
            np.array(shape, dtype=np.int64),
            self.offset,
            self.length,
            self.across,
            self.entry,
            always,
            *self.tables.arrays,
            np.zeros((0, 0)),
        )

    @property
    def depot_aisles(self) -> list[int]:
        """Aisles that every tour's sweep stops at."""
        if not self.floating:
            return [self.start[0], self.end[0]]
        hangs = [int(a) for a in np.flatnonzero(np.isfinite(self.entry).any(axis=0))]
        # A depot with an edge to every aisle is entered from, and left to, an aisle with a pick: see graph_ladder.py.
        return [] if len(hangs) == self.aisles else hangs

    def scratch(self) -> tuple[Any, ...]:
        """Fresh scratch arrays for one thread's calls of the kernels."""
        classes = len(self.tables.components)
        return (
            np.zeros(self.aisles * self.blocks * self.words, dtype=np.uint64),
            np.zeros(-(-self.aisles // 64), dtype=np.uint64),
            np.empty((3, classes)),
            np.empty((3, classes)),
            np.zeros(0, dtype=np.int64),
        )

    @cached_property
    def x_of(self) -> list[float]:
        """Metres along the cross aisles to each aisle."""
        found: list[float] = self.across.tolist()
        return found

    @cached_property
    def heights(self) -> list[float]:
        """Metres along the aisles to each cross aisle."""
        return [0.0, *accumulate(self.length.tolist())]

    def place(self, position: int) -> tuple[int, int, int]:
        """(aisle, block, slot) of a position."""
        cell, slot = divmod(position, self.slots)
        aisle, block = divmod(cell, self.blocks)
        return aisle, block, slot

    def tour_length(self, positions: Iterable[int]) -> float:
        """Metres of the shortest tour through the positions, 0 for none."""
        from containers.optimizer.floor import tours

        wanted = np.fromiter(positions, dtype=np.int64)
        return float(tours.tour_length(self.frame, self.scratch(), wanted)) + (self.stub if len(wanted) else 0.0)

    def tour(self, positions: Iterable[int]) -> AbstractWalk:
        """The shortest tour itself."""
        from containers.optimizer.floor import bits, tours

        wanted = np.unique(np.fromiter(positions, dtype=np.int64))
        if len(wanted) == 0:
            return AbstractWalk(0.0, (), ())
        marked, present, old, new, _ = self.scratch()
        frame = self.frame
        bits.mark(wanted, frame[0], marked, present)
        present |= frame[5]
        aisles = [aisle for aisle in range(self.aisles) if int(present[aisle >> 6]) >> (aisle & 63) & 1]
        stages = self.stages(aisles)
        trace = np.full((len(stages), 3 if self.floating else 1, old.shape[1]), -1, dtype=np.int32)
        metres, _halts, final, layer = tours.sweep(frame, marked, present, old, new, trace)
        places, order = self._unroll(aisles, stages, trace, int(final), int(layer), wanted)
        return AbstractWalk(float(metres) + self.stub, tuple(places), tuple(order))

    def stages(self, aisles: list[int]) -> list[tuple[int, int]]:
        """(index into aisles, block), or (index, blocks + row) for the step along a cross aisle, in the sweep's order."""
        stages: list[tuple[int, int]] = []
        for k in range(len(aisles)):
            if k:
                stages += [(k - 1, self.blocks + row) for row in range(self.rows)]
            stages += [(k, block) for block in range(self.blocks)]
        return stages

    def _unroll(
        self,
        aisles: list[int],
        stages: list[tuple[int, int]],
        trace: npt.NDArray[np.int32],
        state: int,
        layer: int,
        wanted: IntArray,
    ) -> tuple[list[int], list[int]]:
        picks: dict[Vertex, list[tuple[int, float]]] = {}
        heights = self.offset[wanted]
        cells = wanted // self.slots
        by_cell = np.lexsort((heights, cells))
        rows = (cells[by_cell].tolist(), wanted[by_cell].tolist(), heights[by_cell].tolist())
        for number, position, height in zip(*rows, strict=True):
            picks.setdefault(divmod(number, self.blocks), []).append((position, height))
        blocks, moves = self.blocks, self.tables.moves
        sub_aisles: list[SubAisle] = []
        crossings: list[tuple[Vertex, Vertex, int]] = []
        ends = self._last_ends(aisles[-1], state, layer) if self.floating else [self.start, self.end]
        for stage in range(len(stages) - 1, -1, -1):
            # One entry at a time: a row of an array costs ten times as much, and there are some hundred stages.
            move = trace.item(stage, layer, state)
            source, action = moves.item(move, 0), moves.item(move, 1)
            k, part = stages[stage]
            if part < blocks:
                cell = (aisles[k], part)
                sub_aisles.append(SubAisle(cell, action, tuple(picks.get(cell, ()))))
            else:
                row = part - blocks
                if action:
                    crossings.append(((aisles[k], row), (aisles[k + 1], row), action))
                if self.floating:
                    placed = self.tables.need_of(move)
                    ends += [(aisles[k], row)] * placed
                    layer -= placed
            state = source
        return assemble(ends[0], ends[1], self.rows, sub_aisles, crossings)

    def _last_ends(self, aisle: int, state: int, layer: int) -> list[Vertex]:
        """Where the depot's ends that are still free touch the last aisle."""
        degrees = [int(d) for d in self.tables.degrees[state]]
        ends = [(aisle, row) for row, degree in enumerate(degrees) if degree == states.ODD]
        if not ends and layer == 0:
            row = min((r for r, d in enumerate(degrees) if d == states.EVEN), key=lambda r: self.entry[r, aisle])
            ends = [(aisle, row), (aisle, row)]
        return ends

    def corner(self, place: int) -> Vertex:
        """(aisle, row) of a place of an AbstractWalk that is a corner."""
        return divmod(corner_place(0, 0, self.rows) - place, self.rows)
