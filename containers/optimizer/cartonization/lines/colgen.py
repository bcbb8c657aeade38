"""One-dimensional bin packing and cutting stock by column generation (Gilmore & Gomory 1961) with diving.

The linear program over patterns gives a bound that is nearly always, rounded up, the optimum. A dive fixes patterns of
the fractional solution, prices new ones for what remains, and goes on until everything is packed; further dives take
other patterns first. Several types with their costs are priced one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import highspy
import numpy as np

from containers.optimizer.cartonization.boxes.data import Bin, Box
from containers.optimizer.cartonization.lines.knapsack import knapsack
from containers.optimizer.cartonization.problem import NO_LIMIT, Ints, PackingProblem

MAX_CELLS = 150_000_000  # of the knapsack's table, a byte each
EPS = 1e-7


def suits(problem: PackingProblem) -> bool:
    """Plain lengths at a cost: no rule beyond the size, and as many cartons as needed."""
    return (
        problem.dimensions == 1
        and problem.source.objective != "value"
        and not problem.has_groups
        and not problem.has_sequence
        and not problem.conflicts.size
        and not problem.begun
        and bool((problem.type_available >= NO_LIMIT).all())
        and (bool((problem.type_weight >= NO_LIMIT).all()) or all(kind.weight == 0 for kind in problem.kinds))
    )


@dataclass
class Cutting:
    """The best plan and the bound so far. Patterns are (type, copies of each used kind)."""

    problem: PackingProblem
    counts: Ints
    seed: int
    bound: float = 0.0
    cost: float = math.inf
    patterns: list[tuple[int, Ints]] = field(default_factory=list)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.used = np.flatnonzero(self.counts)
        sizes = np.array([self.problem.kinds[k].orientations[0][0] for k in self.used], dtype=np.int64)
        limits = [math.floor(int(d[0]) * self.problem.source.fill_limit + 1e-9) for d in self.problem.type_dims]
        divisor = int(np.gcd.reduce(sizes))
        self.sizes = sizes // divisor
        self.room = [limit // divisor for limit in limits]
        self.prices = self.problem.type_cost.astype(float)
        self.demand = self.counts[self.used].astype(np.int64)
        copies = max(int(np.minimum(self.demand, room // self.sizes).sum()) for room in self.room)
        self.cells = (copies, max(self.room) + 1)
        self.pool: dict[tuple[int, bytes], tuple[int, Ints]] = {}
        self.random = np.random.default_rng(self.seed)

    @property
    def fits_memory(self) -> bool:
        return self.cells[0] * self.cells[1] <= MAX_CELLS

    def run(self, stop: Callable[[int], bool], report: Callable[[float, float], None]) -> None:
        """Dive until the plan costs no more than the bound, or `stop`."""
        self.taken = np.zeros(self.cells, dtype=np.bool_)
        self._take(self._greedy(self.demand))
        self.pool.update({(t, copies.tobytes()): (t, copies) for t, copies in self.patterns})
        report(self.cost, self.bound)
        first = True
        while self.cost > self.bound + 1e-6 and not (stop(self.rounds)):
            found = self._dive(stop, noise=0.0 if first else 0.3)
            first = False
            if found is not None and self._take(found):
                report(self.cost, self.bound)

    def _take(self, patterns: list[tuple[int, Ints]]) -> bool:
        cost = float(sum(self.prices[t] for t, _ in patterns))
        if cost < self.cost - 1e-9:
            self.cost, self.patterns = cost, patterns
            return True
        return False

    def _greedy(self, demand: Ints) -> list[tuple[int, Ints]]:
        """The fullest carton for its cost, again and again, from what is left; large pieces count a little more."""
        left = demand.copy()
        found = []
        values = self.sizes.astype(float) ** 1.05
        while left.any():
            best: tuple[float, int, Ints] | None = None
            for t, room in enumerate(self.room):
                _, copies = knapsack(self.sizes, left, values, room, self.taken)
                filled = float(copies @ self.sizes)
                if filled == 0:
                    continue
                ratio = (self.prices[t] + 1e-9) / filled * (0.9 if (copies == left).all() else 1.0)
                if best is None or ratio < best[0]:
                    best = (ratio, t, copies)
            assert best is not None
            _, t, copies = best
            times = int(np.min(left[copies > 0] // copies[copies > 0]))
            found += [(t, copies)] * times
            left = left - times * copies
        return found

    def _dive(self, stop: Callable[[int], bool], noise: float) -> list[tuple[int, Ints]] | None:
        left = self.demand.copy()
        fixed: list[tuple[int, Ints]] = []
        root = True
        while left.any():
            if not root and stop(self.rounds):
                return None
            solved = self._relax(left, stop)
            if solved is None:
                return None
            columns, x, bound = solved
            if root:
                self.bound = max(self.bound, bound)
                root = False
            spent = float(sum(self.prices[t] for t, _ in fixed))
            if spent + bound >= self.cost - 1e-6:
                return None
            whole = np.floor(x + 1e-6).astype(np.int64)
            if not whole.any():
                part = x * (1.0 + noise * (self.random.random(len(x)) - 0.5))
                whole[int(np.argmax(part))] = 1
            for j in np.flatnonzero(whole):
                t, copies = columns[j]
                times = int(min(whole[j], np.min(left[copies > 0] // copies[copies > 0])))
                fixed += [(t, copies)] * times
                left = left - times * copies
        return fixed

    def _relax(
        self, left: Ints, stop: Callable[[int], bool]
    ) -> tuple[list[tuple[int, Ints]], np.ndarray, float] | None:
        """Columns, their values and the bound (whole where prices are) of the linear program for `left`."""
        rows = np.flatnonzero(left)
        row = np.full(len(left), -1)
        row[rows] = np.arange(len(rows))
        model = highspy.Highs()
        model.setOptionValue("output_flag", False)
        model.setOptionValue("threads", 1)
        for k in rows:
            model.addRow(float(left[k]), highspy.kHighsInf, 0, np.array([], dtype=np.int32), np.array([]))
        columns: list[tuple[int, Ints]] = []

        def add(t: int, copies: Ints) -> None:
            where = np.flatnonzero(copies)
            model.addCol(
                self.prices[t],
                0.0,
                highspy.kHighsInf,
                len(where),
                row[where].astype(np.int32),
                copies[where].astype(float),
            )
            columns.append((t, copies))

        for k in rows:
            t = min((t for t, room in enumerate(self.room) if room >= self.sizes[k]), key=lambda t: self.prices[t])
            alone = np.zeros(len(left), dtype=np.int64)
            alone[k] = min(left[k], self.room[t] // self.sizes[k])
            add(t, alone)
        for t, copies in self.pool.values():
            if (copies <= left).all():
                add(t, copies)
        while True:
            model.run()
            duals = np.zeros(len(left))
            duals[rows] = np.maximum(0.0, np.array(model.getSolution().row_dual))
            value = float(model.getInfo().objective_function_value)
            added = False
            ratio = 1.0
            for t, room in enumerate(self.room):
                worth, copies = knapsack(self.sizes, left, duals, room, self.taken)
                if self.prices[t] > 0:
                    ratio = min(ratio, self.prices[t] / max(worth, 1e-12))
                if worth > self.prices[t] + EPS * max(1.0, self.prices[t]):
                    add(t, copies)
                    self.pool[(t, copies.tobytes())] = (t, copies)
                    added = True
            self.rounds += 1
            # Farley's bound holds in every round
            proven = value * ratio
            if not added or stop(self.rounds):
                break
        x = np.array(model.getSolution().col_value)
        return columns, x, float(np.ceil(proven - 1e-6 * max(1.0, proven)))

    def bins(self) -> list[Bin]:
        """The plan's cartons, pieces laid end to end, long ones first."""
        found = []
        left = self.demand.copy()
        for t, copies in self.patterns:
            take = np.minimum(copies, left)
            left -= take
            at = 0
            pieces: list[tuple[int, Box]] = []
            for n in sorted(np.flatnonzero(take), key=lambda n: -self.sizes[n]):
                kind = int(self.used[n])
                length = self.problem.kinds[kind].orientations[0][0]
                for _ in range(int(take[n])):
                    pieces.append((kind, (at, 0, 0, at + length, 1, 1)))
                    at += length
            if pieces:
                found.append(Bin(t, -1, tuple(pieces)))
        return found
