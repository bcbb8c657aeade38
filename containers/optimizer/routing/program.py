"""Scattered storage as a mixed-integer program over the tour's classes, for lists whose articles lie almost everywhere.

The sweep of floor/tours.py becomes a network whose paths are the tours; beside it stand, per sub-aisle, how far it is
entered from below and from above, and whether it is walked through, which tell what the tour passes. What it passes must
hold what the list needs (Heßler & Irnich 2024, "Exact solution of the single-picker routing problem with scattered
storage", doi 10.1287/ijoc.2023.0075, with depths instead of one arc for each pair of depths). Solved by HiGHS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from containers.optimizer import highs
from containers.optimizer.floor import states
from containers.optimizer.floor.ladder import Ladder

Supply = Mapping[int, Mapping[str, int]]  # position → article → pieces there
BELOW_ACTIONS = (states.FROM_BELOW, states.GAP)
ABOVE_ACTIONS = (states.FROM_ABOVE, states.GAP)
PASS_ACTIONS = (states.ONE_PASS, states.TWO_PASSES)


@dataclass(frozen=True)
class Choice:
    """Positions to visit, and a proven lower bound in metres (of the tour without the ladder's stub)."""

    positions: tuple[int, ...]
    bound: float
    proven: bool


@dataclass
class _Program:
    """A mixed-integer program under construction: minimise cost over columns in [0, 1]."""

    cost: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)

    def row(self, low: float, high: float) -> int:
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def column(self, cost: float, integer: bool = False, rows: tuple[tuple[int, float], ...] = ()) -> int:
        self.cost.append(cost)
        self.integer.append(integer)
        number = len(self.cost) - 1
        self.entries += [(row, number, value) for row, value in rows]
        return number


class _Model:
    """The network of one pick list on one ladder."""

    def __init__(self, ladder: Ladder, supply: Supply, demand: Mapping[str, int]) -> None:
        self.ladder = ladder
        self.program = _Program()
        cells = {position // ladder.slots for position in supply}
        self.aisles = sorted({cell // ladder.blocks for cell in cells} | {ladder.start[0], ladder.end[0]})
        self.stages = ladder.stages(self.aisles)
        self.arcs, self.finals = self._reachable()
        self.needs = {article: self.program.row(pieces, np.inf) for article, pieces in demand.items()}
        self.reached: dict[int, int] = {}  # position → column that says the tour passes it
        self._build(supply, demand)

    def _reachable(self) -> tuple[list[list[tuple[int, int, int]]], dict[int, set[int]]]:
        """Moves per stage that lie on some tour, and per stage after which a tour may be whole, the classes there."""
        ladder, tables = self.ladder, self.ladder.tables
        same = ladder.start == ladder.end
        here, parity = {0}, 0
        arcs: list[list[tuple[int, int, int]]] = []
        for k, part in self.stages:
            group, after = part, parity
            if part >= ladder.blocks:
                corner = (self.aisles[k], part - ladder.blocks)
                need = (2 if same else 1) if corner == ladder.start else int(corner == ladder.end)
                group = ladder.blocks + 3 * corner[1] + need
                after = parity ^ (need == 1)
            span = range(tables.first[group, parity, 0], tables.first[group, parity, states.ACTIONS])
            moves = [(int(a), int(act), int(b)) for a, act, b in tables.moves[span.start : span.stop]]
            arcs.append([move for move in moves if move[0] in here])
            here, parity = {move[2] for move in arcs[-1]}, after
        last_depot = max(self.aisles.index(ladder.start[0]), self.aisles.index(ladder.end[0]))
        finals: dict[int, set[int]] = {}
        wanted: set[int] = set()
        for stage in range(len(self.stages) - 1, -1, -1):
            k, part = self.stages[stage]
            if part == ladder.blocks - 1 and k >= last_depot:
                finals[stage] = {b for _, _, b in arcs[stage] if self._whole(b, self.aisles[k])}
                wanted |= finals[stage]
            arcs[stage] = [move for move in arcs[stage] if move[2] in wanted]
            wanted = {move[0] for move in arcs[stage]}
        return arcs, finals

    def _whole(self, state: int, aisle: int) -> bool:
        """Whether a class is a whole tour when the aisle is its last."""
        tables, ladder = self.ladder.tables, self.ladder
        if tables.components[state] > 1:
            return False
        for row, degree in enumerate(tables.degrees[state]):
            ends = ((aisle, row) == ladder.start) + ((aisle, row) == ladder.end)
            if (degree == states.ODD) != (ends == 1) or (ends == 2 and degree == states.ZERO):
                return False
        return True

    def _build(self, supply: Supply, demand: Mapping[str, int]) -> None:
        program, ladder = self.program, self.ladder
        node = {(0, 0): program.row(-1, -1)}
        for stage, moves in enumerate(self.arcs[:-1]):
            for _, _, state in moves:
                if (stage + 1, state) not in node:
                    node[(stage + 1, state)] = program.row(0, 0)
        sink = program.row(1, 1)
        for stage, classes in self.finals.items():
            for state in classes:
                if (stage + 1, state) in node:
                    program.column(0.0, rows=((sink, 1), (node[(stage + 1, state)], -1)))
        places: dict[int, list[int]] = {}
        for position in sorted(supply, key=lambda p: (p // ladder.slots, ladder.offset[p])):
            places.setdefault(position // ladder.slots, []).append(position)
        for stage, moves in enumerate(self.arcs):
            k, part = self.stages[stage]
            inside: tuple[int, int, int] | None = None
            if part < ladder.blocks:
                cell = self.aisles[k] * ladder.blocks + part
                if cell in places:
                    inside = self._sub_aisle(places[cell], float(ladder.length[part]), supply, demand)
            for source, action, target in moves:
                if part < ladder.blocks and action >= states.FROM_BELOW and inside is None:
                    continue
                step = float(ladder.length[part]) if part < ladder.blocks else self._step(k)
                cost = step * action if part >= ladder.blocks or action in PASS_ACTIONS else 0.0
                out = node[(stage + 1, target)] if stage + 1 < len(self.arcs) else sink
                rows = [(node[(stage, source)], -1.0), (out, 1.0)]
                if inside is not None:
                    kinds = (BELOW_ACTIONS, ABOVE_ACTIONS, PASS_ACTIONS)
                    rows += [(row, 1.0) for row, kind in zip(inside, kinds, strict=True) if action in kind]
                program.column(cost, rows=tuple(rows))

    def _step(self, k: int) -> float:
        return float(self.ladder.across[self.aisles[k + 1]] - self.ladder.across[self.aisles[k]])

    def _sub_aisle(
        self, places: list[int], length: float, supply: Supply, demand: Mapping[str, int]
    ) -> tuple[int, int, int]:
        """Columns for how deep a sub-aisle is entered; rows that tie them to the network: below, above, through."""
        program, offset = self.program, self.ladder.offset
        ties = (program.row(0, 0), program.row(0, 0), program.row(0, 0))
        heights = [0.0, *(float(offset[position]) for position in places), length]
        through = program.column(0.0, True, ((ties[2], -1.0),))
        count = len(places)
        below = [program.column(2 * (heights[i + 1] - heights[i]), True) for i in range(count)]
        above = [program.column(2 * (heights[i + 2] - heights[i + 1]), True) for i in range(count)]
        program.entries += [(ties[0], below[0], -1.0), (ties[1], above[-1], -1.0)]
        for i in range(count - 1):
            deeper = program.row(0, np.inf)
            program.entries += [(deeper, below[i], 1.0), (deeper, below[i + 1], -1.0)]
            deeper = program.row(0, np.inf)
            program.entries += [(deeper, above[i + 1], 1.0), (deeper, above[i], -1.0)]
        for i, position in enumerate(places):
            held = tuple((self.needs[a], float(min(q, demand[a]))) for a, q in supply[position].items())
            passed = program.row(0, np.inf)
            self.reached[position] = program.column(0.0, False, ((passed, -1.0), *held))
            program.entries += [(passed, through, 1.0), (passed, below[i], 1.0), (passed, above[i], 1.0)]
        return ties


def choose(ladder: Ladder, supply: Supply, demand: Mapping[str, int], seconds: float) -> Choice | None:
    """The positions of the shortest tour whose places hold the demand, or None when none was found in time.

    The ladder's depot must not be floating. Every article of `supply` must be in `demand`.
    """
    model = _Model(ladder, supply, demand)
    solver, highspy = _solver(model.program, seconds)
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != 2:
        return None
    values = np.array(solver.getSolution().col_value)
    # A column that says "passed" may be a fraction where a part of the pieces does; it is 0 where the tour does not pass.
    passed = tuple(position for position, column in model.reached.items() if values[column] > 1e-6)
    proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return Choice(passed, float(info.mip_dual_bound), proven)


def _solver(program: _Program, seconds: float) -> tuple[Any, Any]:
    import highspy

    count = len(program.cost)
    entries = np.array(program.entries)
    entries = entries[np.lexsort((entries[:, 0], entries[:, 1]))]
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, len(program.low)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(program.cost), np.zeros(count), np.ones(count)
    lp.row_lower_, lp.row_upper_ = np.array(program.low, dtype=np.float64), np.array(program.high, dtype=np.float64)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(entries[:, 1], np.arange(count + 1)).astype(np.int32)
    lp.a_matrix_.index_ = entries[:, 0].astype(np.int32)
    lp.a_matrix_.value_ = entries[:, 2]
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[integer] for integer in program.integer]
    made = highs.solver(options={"time_limit": max(0.05, seconds), "mip_rel_gap": 0.0})
    made.passModel(lp)
    return made, highspy
