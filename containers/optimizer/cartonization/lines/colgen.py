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

from containers.optimizer import highs
from containers.optimizer.cartonization.boxes.data import Bin, Box
from containers.optimizer.cartonization.lines.knapsack import knapsack, search
from containers.optimizer.cartonization.problem import NO_LIMIT, Floats, Ints, PackingProblem

MAX_CELLS = 150_000_000  # of the knapsack's table, a byte each
EPS = 1e-7
QUICK_CELLS = 1_000_000  # a table this small is filled in a millisecond; a larger one only when the search does not end
NODES = 500_000  # of that search, a few milliseconds
IMPROVED = 4  # columns of one search
# When dives have failed so often, all patterns that a plan at the bound may use are listed, if they are so few, and an
# integer program chooses among them: it finds the plan, or proves that there is none.
DIVES, PROGRAM_SHARE = (3, 12, 48), 0.25
MOST_PATTERNS, LIST_NODES, PROGRAM_NODES = 20_000, 5_000_000, 5_000
DISJOINT = 8  # patterns of such a look
COARSE = (2_000, 20_000)  # capacities to which sizes are scaled, rounded up, for the first looks for a pattern


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
    lifted: bool = False  # the bound is above the linear program's

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
        self.root: Floats | None = None  # the linear program's duals for the whole demand
        self.random = np.random.default_rng(self.seed)

    @property
    def fits_memory(self) -> bool:
        return self.cells[0] * self.cells[1] <= MAX_CELLS

    def run(
        self,
        stop: Callable[[int], bool],
        report: Callable[[float, float], None],
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """Dive until the plan costs no more than the bound, or `stop`. remaining: seconds for the integer program."""
        self.taken = np.zeros(self.cells, dtype=np.bool_)
        self._take(self._greedy(self.demand))
        self.pool.update({(t, copies.tobytes()): (t, copies) for t, copies in self.patterns})
        report(self.cost, self.bound)
        dives = 0
        while self.cost > self.bound + 1e-6 and not (stop(self.rounds)):
            if dives in DIVES and self.root is not None:
                found = self._choose_among_all(self.root, remaining)
            else:
                found = self._dive(stop, noise=0.0 if dives == 0 else 0.3)
            dives += 1
            if found is not None and self._take(found):
                report(self.cost, self.bound)

    def _choose_among_all(self, duals: Floats, remaining: Callable[[], float]) -> list[tuple[int, Ints]] | None:
        """A plan at the bound, if one exists and is found in time; when none exists the bound is raised.

        Only patterns whose reduced cost is at most what lies between the linear program and the bound can be part of one.
        """
        spare = self.bound - float(duals @ self.demand)
        every = True
        columns: list[tuple[int, Ints]] = []
        for t, room in enumerate(self.room):
            listed, finished = self._listed(duals, room, self.prices[t] - spare - 1e-5 * max(1.0, self.prices[t]))
            columns += [(t, copies) for copies in listed]
            every &= finished
        columns += [one for one in self.pool.values() if not every]
        model = highs.solver(
            options={
                "mip_max_nodes": PROGRAM_NODES,
                "random_seed": self.seed,
                "time_limit": max(0.01, min(PROGRAM_SHARE * remaining(), 1e6)),
                "objective_target": self.bound + 1e-6,
            }
        )
        for wanted in self.demand:
            model.addRow(float(wanted), highspy.kHighsInf, 0, np.array([], dtype=np.int32), np.array([]))
        for j, (t, copies) in enumerate(columns):
            where = np.flatnonzero(copies)
            model.addCol(
                self.prices[t], 0.0, highspy.kHighsInf, len(where), where.astype(np.int32), copies[where].astype(float)
            )
            model.changeColIntegrality(j, highspy.HighsVarType.kInteger)
        model.run()
        info, status = model.getInfo(), model.getModelStatus()
        none = (
            (not columns)
            or status == highspy.HighsModelStatus.kInfeasible
            or (status == highspy.HighsModelStatus.kOptimal and info.objective_function_value > self.bound + 1e-6)
        )
        if none and every and bool((self.prices == np.rint(self.prices)).all()):
            self.bound, self.lifted = self.bound + 1.0, True
        if info.primal_solution_status != 2 or info.objective_function_value >= self.cost - 1e-6:
            return None
        taken = np.rint(np.array(model.getSolution().col_value)).astype(int)
        return [columns[j] for j in np.flatnonzero(taken) for _ in range(taken[j])]

    def _listed(self, duals: Floats, room: int, above: float) -> tuple[list[Ints], bool]:
        """Every pattern worth more than `above`, as far as there is room for them, and whether that is all of them."""
        # Kinds of no worth come along too; a trace of worth lists no pattern less.
        duals = np.maximum(duals, 1e-9)
        kinds = self._ranked(self.demand, duals, room)
        found = np.zeros((MOST_PATTERNS, len(kinds)), dtype=np.int64)
        worth = np.full(MOST_PATTERNS, -1.0)
        count, finished = search(
            self.sizes[kinds], self.demand[kinds], duals[kinds], room, above, LIST_NODES, found, worth
        )
        patterns = np.zeros((count, len(self.sizes)), dtype=np.int64)
        patterns[:, kinds] = found[:count]
        return list(patterns), finished

    def _ranked(self, left: Ints, duals: Floats, room: int) -> Ints:
        """Kinds that are wanted and worth something, by worth per size falling."""
        kinds = np.flatnonzero((left > 0) & (duals > 1e-12) & (self.sizes <= room))
        ranked: Ints = kinds[np.argsort(-duals[kinds] / self.sizes[kinds], kind="stable")]
        return ranked

    def _price(self, left: Ints, duals: Floats, t: int) -> tuple[float, list[Ints]]:
        """(no pattern of this type is worth more, patterns worth more than the type's price)."""
        room, price = self.room[t], self.prices[t]
        above = price + EPS * max(1.0, price)
        pieces = int(np.minimum(left, room // self.sizes).sum())
        if pieces * (room + 1) > QUICK_CELLS:
            for coarse in COARSE:
                patterns = self._coarse(left, duals, room, above, room // coarse) if room > 2 * coarse else []
                if patterns:
                    return math.inf, patterns
            kinds = self._ranked(left, duals, room)
            found, worth = np.zeros((IMPROVED, len(kinds)), dtype=np.int64), np.zeros(IMPROVED)
            count, finished = search(self.sizes[kinds], left[kinds], duals[kinds], room, above, NODES, found, worth)
            if finished:
                listed = np.zeros((count, len(left)), dtype=np.int64)
                listed[:, kinds] = found[:count]
                return float(worth[count - 1]) if count else above, list(listed)
        best, copies = knapsack(self.sizes, left, duals, room, self.taken)
        return float(best), [copies] if best > above else []

    def _coarse(self, left: Ints, duals: Floats, room: int, above: float, grain: int) -> list[Ints]:
        """Patterns worth more than `above` with no kind in common, on sizes rounded up to the grain."""
        values = duals.copy()
        patterns: list[Ints] = []
        while len(patterns) < DISJOINT:
            best, copies = knapsack(-(-self.sizes // grain), left, values, room // grain, self.taken)
            if best <= above:
                break
            patterns.append(copies)
            values[copies > 0] = 0.0
        return patterns

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
                if not self.lifted:
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
        model = highs.solver()
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
        proven = 0.0
        while True:
            model.run()
            duals = np.zeros(len(left))
            duals[rows] = np.maximum(0.0, np.array(model.getSolution().row_dual))
            value = float(model.getInfo().objective_function_value)
            added = False
            ratio = 1.0
            for t in range(len(self.room)):
                worth, patterns = self._price(left, duals, t)
                if self.prices[t] > 0:
                    ratio = min(ratio, self.prices[t] / max(worth, 1e-12))
                for copies in patterns:
                    add(t, copies)
                    self.pool[(t, copies.tobytes())] = (t, copies)
                    added = True
            self.rounds += 1
            # Farley's bound holds in every round
            proven = max(proven, value * ratio)
            if not added and (left == self.demand).all():
                self.root = duals
            if not added or stop(self.rounds):
                if proven == 0.0 and (self.prices > 0).all():  # stopped before any exact look
                    worths = [float(knapsack(self.sizes, left, duals, room, self.taken)[0]) for room in self.room]
                    proven = value * min(1.0, *(self.prices / np.maximum(worths, 1e-12)))
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
