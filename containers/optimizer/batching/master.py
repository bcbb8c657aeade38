"""Column generation: the linear program over the batches seen, and plans that are rounded from it.

Batches that the program lacks are found by descents on reduced cost (pricing.py), so its value is close to, but not proven
to be, what no plan can go below. Plans come from dives (Sadykov et al. 2019): fix the batches nearest to one, solve and
price again what is left, until nothing is. HiGHS keeps its basis from one program to the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer import highs
from containers.optimizer.batching import pricing
from containers.optimizer.batching.chain import new_memory, new_pool
from containers.optimizer.batching.partition import Columns
from containers.optimizer.batching.units import IntArray, Units
from containers.optimizer.family import Run
from containers.optimizer.floor.places import Floor

FloatArray = npt.NDArray[np.float64]

FIRST_COLUMNS = 800
ROUND_COLUMNS, DIVE_COLUMNS = 300, 100
# Fewer batches than this of negative reduced cost in the pool: look for more by descents from so many batches, with at most
# so many measurements (half a microsecond each).
FEW, SEEDS, DIVE_SEEDS = 40, 100, 40
EFFORT, EFFORT_PER_SECOND = 200_000, 200_000
ROUNDS, DIVE_ROUNDS = 60, 2
MOST_COLUMNS = 1500
# A dive fixes the batch of the highest value (after the first dive, with noise), and all that are nearly one.
NEARLY_ONE, NOISE = 0.7, 0.3
PARTNERS = 64
PARTNER_SCALE = 0.02  # of the mean cost of a batch
DUAL_SIMPLEX, PRIMAL_SIMPLEX = 1, 4
ZERO = 1e-6


class Master:
    """The linear program over a pool of batches. One thread at a time."""

    def __init__(self, floor: Floor, units: Units, zobrist: npt.NDArray[np.uint64], run: Run) -> None:
        n = units.count
        self.value = np.inf  # of the linear program, once it has been solved
        self.converged = False
        self._floor, self._units, self._zobrist, self._run = floor, units, zobrist, run
        self._rng = np.random.default_rng(run.seed)
        self._scratch, self._memory = floor.scratch(), new_memory()
        self._pool = new_pool(n)
        self._absorbed: dict[int, int] = {}
        self._reduced = np.zeros(len(self._pool[2]))
        self._banned = np.zeros(n, dtype=np.bool_)
        self._duals = np.zeros(n)
        self._primal = np.zeros(0)
        self._objective = np.inf
        self._basic = np.zeros(0, dtype=np.int64)  # numbers in the pool of the last solution's batches
        self._solver: Any = None
        self._held = np.zeros(0, dtype=np.int64)  # numbers in the pool of the program's columns
        for unit in range(n):  # alone, every unit has a batch: the program always has a solution
            self._keep(np.array([unit], dtype=np.int64))
        self._alone = np.arange(n)

    def absorb(self, pool: tuple[Any, ...]) -> None:
        """Take over the batches of a chain that it has met since the last time."""
        begin = self._absorbed.get(id(pool), 0)
        self._absorbed[id(pool)] = pricing.absorb(self._pool, self._zobrist, pool, begin)

    def solve(self, plan: IntArray, value: float) -> bool:
        """Price until nothing is found, from a plan (batch number per unit) and its objective on. False: out of time."""
        if self._solver is None:
            self._duals = self.duals(plan, value)
            self._rebuild(FIRST_COLUMNS, np.inf)
        else:
            self._rebuild(MOST_COLUMNS, value)
        for _ in range(ROUNDS):
            if not self._optimize(PRIMAL_SIMPLEX):
                return False
            new = self.price(ROUND_COLUMNS, SEEDS)
            if len(new) == 0:
                self.converged = True
                break
            self._add(new)
        self.value = self._objective
        self._reduce()
        return True

    def dive(self, first: bool) -> IntArray | None:
        """A plan rounded from the program, batch number per unit; None when time runs out. `solve` comes before."""
        fixed: list[int] = []
        root = self._duals, self._objective, self._basic
        try:
            while (rising := self._rising(fixed, 0.0 if first else NOISE)) is not None:
                for column in self._compatible(rising, fixed):
                    self._solver.changeColBounds(column, 1.0, 1.0)
                    fixed.append(column)
                    self._banned[self._members(column)] = True
                if not self._optimize(DUAL_SIMPLEX):
                    return None
                for _ in range(DIVE_ROUNDS):
                    new = self.price(DIVE_COLUMNS, DIVE_SEEDS)
                    if len(new) == 0:
                        break
                    self._add(new)
                    if not self._optimize(PRIMAL_SIMPLEX):
                        return None
            plan = np.full(self._units.count, -1, dtype=np.int64)
            for number, column in enumerate(np.flatnonzero(self._primal > 0.5).tolist()):
                plan[self._members(column)] = number
            return plan if plan.min() >= 0 else None
        finally:
            self._banned[:] = False
            self._duals, self._objective, self._basic = root

    def duals(self, plan: IntArray, value: float) -> FloatArray:
        """Prices of the units: the program's, or before it is solved equal shares of a plan of this objective."""
        if self._solver is not None:
            return self._duals
        return (value / len(np.unique(plan))) / np.bincount(plan)[plan]

    def partners(self, scale: float) -> IntArray:
        """(n, K) units that share batches of low reduced cost, for the chains' moves. scale: mean cost of a batch."""
        slots = np.empty((self._units.count, PARTNERS), dtype=np.int64)
        return np.asarray(pricing.partners(self._pool, self._reduced, scale * PARTNER_SCALE, slots))

    def useful(self, value: float, most: int) -> Columns | None:
        """The batches that a plan better than `value` can hold, going by the program; None when more than `most`."""
        reduced = self._reduce()
        chosen = np.flatnonzero(reduced <= max(0.0, value - self.value) + ZERO)
        return None if len(chosen) > most else self._columns(chosen)

    def _keep(self, members: IntArray) -> None:
        nobody = -1
        size = len(members)
        pricing.cost_of(
            self._floor.frame, self._scratch, self._units.arrays, self._units.weights, self._memory, self._zobrist,
            members, size, nobody, nobody,
        )  # fmt: skip
        pricing.keep(self._pool, self._zobrist, members, size, self._memory)

    def _columns(self, numbers: IntArray) -> Columns:
        first, members, metres, halts = self._pool[:4]
        sizes = first[numbers + 1] - first[numbers]
        starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        index = np.repeat(first[numbers] - starts[:-1], sizes) + np.arange(starts[-1])
        weights = self._units.weights
        return Columns(starts, members[index], metres[numbers] * weights[0] + weights[1] + halts[numbers] * weights[2])

    def _members(self, column: int) -> npt.NDArray[np.int32]:
        number = self._held[column]
        return np.asarray(self._pool[1][self._pool[0][number] : self._pool[0][number + 1]])

    def _reduce(self) -> FloatArray:
        pricing.reduced_costs(self._pool, self._units.weights, self._duals, self._banned, self._reduced)
        return self._reduced[: int(self._pool[4][0])]

    def _rebuild(self, most: int, value: float) -> None:
        """A program of the `most` batches of lowest reduced cost, those in the last solution, and every unit alone."""
        n = self._units.count
        reduced = self._reduce()
        chosen = _lowest(reduced, most)
        if np.isfinite(value) and self._objective < value:
            chosen = chosen[reduced[chosen] <= value - self._objective + ZERO]
        self._solver = highs.solver(options={"presolve": "off", "solver": "simplex"})
        nothing = np.zeros(0, dtype=np.int32)
        self._solver.addRows(n, np.ones(n), np.ones(n), 0, np.zeros(n, dtype=np.int32), nothing, np.zeros(0))
        self._held = np.zeros(0, dtype=np.int64)
        self._add(np.unique(np.concatenate((chosen, self._basic, self._alone))))

    def _add(self, numbers: IntArray) -> None:
        columns = self._columns(numbers)
        size, entries = columns.count, len(columns.members)
        starts = columns.first[:-1].astype(np.int32)
        self._solver.addCols(
            size,
            columns.cost,
            np.zeros(size),
            np.full(size, np.inf),
            entries,
            starts,
            columns.members,
            np.ones(entries),
        )
        self._held = np.concatenate((self._held, numbers))

    def _optimize(self, strategy: int) -> bool:
        import highspy

        left = self._run.remaining_s
        if left <= 0 or self._run.stop_reason not in (None, "iterations"):
            return False
        self._solver.setOptionValue("simplex_strategy", strategy)
        # HiGHS counts the time of all its runs against the limit.
        self._solver.setOptionValue("time_limit", float(self._solver.getRunTime() + left))
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return False
        solution = self._solver.getSolution()
        self._objective = float(self._solver.getInfo().objective_function_value)
        self._duals, self._primal = np.array(solution.row_dual), np.array(solution.col_value)
        self._basic = self._held[self._primal > ZERO]
        return True

    def price(self, most: int, seeds: int) -> IntArray:
        """Numbers of batches of negative reduced cost that the program lacks."""
        new = self._missing(most)
        if len(new) >= FEW:
            return new
        starts = self._columns(self._rng.permutation(np.union1d(self._basic, _lowest(self._reduce(), seeds))))
        pricing.price(
            self._floor.frame, self._scratch, self._units.arrays, self._units.weights, self._memory, self._zobrist,
            self._pool, self._duals, np.argsort(-self._duals, kind="stable").astype(np.int64), self._banned,
            np.array([self._effort()], dtype=np.int64), starts.first, starts.members,
        )  # fmt: skip
        return self._missing(most)

    def _effort(self) -> int:
        """Measurements that a round of descents may take: towards the end of the time few, so that it is not passed."""
        if self._run.budget.iterations is not None:
            return EFFORT
        return max(0, min(EFFORT, int(self._run.remaining_s * EFFORT_PER_SECOND)))

    def _missing(self, most: int) -> IntArray:
        reduced = self._reduce().copy()
        reduced[self._held] = np.inf
        found = _lowest(reduced, most)
        return found[reduced[found] < -ZERO]

    def _rising(self, fixed: list[int], noise: float) -> int | None:
        """The column to fix next, None when all are whole."""
        score = self._primal + noise * self._rng.random(len(self._primal))
        score[(self._primal <= ZERO) | (self._primal >= 1 - ZERO)] = -1.0
        score[fixed] = -1.0
        best = int(np.argmax(score))
        return best if score[best] >= 0 else None

    def _compatible(self, column: int, fixed: list[int]) -> list[int]:
        """`column`, and those nearly one that share no unit with it or with each other."""
        chosen = [column]
        taken = set(self._members(column).tolist())
        done = set(fixed)
        nearly = np.flatnonzero(self._primal >= NEARLY_ONE)
        for other in nearly[np.argsort(-self._primal[nearly], kind="stable")].tolist():
            members = set(self._members(other).tolist())
            if other not in done and not members & taken:
                chosen.append(other)
                taken |= members
        return chosen


def _lowest(values: FloatArray, most: int) -> IntArray:
    """Numbers of the `most` lowest values, in no order."""
    if len(values) <= most:
        return np.arange(len(values))
    return np.sort(np.argpartition(values, most)[:most])
