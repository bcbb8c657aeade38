"""The linear program over patterns, kept warm while patterns come, demand is served and patterns are ruled out."""

from __future__ import annotations

import highspy
import numpy as np

from containers.optimizer import highs
from containers.optimizer.cartonization.problem import Floats, Ints

Pattern = tuple[int, Ints]  # a type, and the copies of each kind in one carton of it
DUAL, PRIMAL = 1, 4  # simplex methods, as HiGHS numbers them


class Master:
    """Least cost of patterns that serve a demand. Patterns stay for good; `serve` sets the demand that is left.

    A pattern counts only while it does not exceed what is left.
    """

    def __init__(self, prices: Floats, demand: Ints) -> None:
        self.prices = prices
        self.demand = demand
        self.left = demand.copy()
        self.patterns: list[Pattern] = []
        self.known: set[tuple[int, bytes]] = set()
        self.x: Floats = np.zeros(0)
        self.value = 0.0
        self._where: Ints = np.zeros(0, dtype=np.int32)  # entries of all patterns: kinds,
        self._copies: Ints = np.zeros(0, dtype=np.int64)  # copies,
        self._starts: Ints = np.zeros(0, dtype=np.int32)  # and where each pattern begins
        self._open: Ints = np.zeros(0, dtype=np.bool_)
        self._moved = False
        self._model = highs.solver()
        none = np.zeros(0, dtype=np.int32)
        n = len(demand)
        infinite = np.full(n, highspy.kHighsInf)
        self._model.addRows(n, demand.astype(float), infinite, 0, np.zeros(n, dtype=np.int32), none, np.zeros(0))

    def add(self, patterns: list[Pattern]) -> int:
        """Add those that are new; how many they are."""
        fresh = []
        for t, copies in patterns:
            key = (t, copies.tobytes())
            if key not in self.known:
                self.known.add(key)
                fresh.append((t, copies))
        if not fresh:
            return 0
        where = [np.flatnonzero(copies).astype(np.int32) for _, copies in fresh]
        lengths = np.array([len(w) for w in where])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
        index = np.concatenate(where)
        entries = np.concatenate([copies[w] for (_, copies), w in zip(fresh, where, strict=True)])
        costs = np.array([self.prices[t] for t, _ in fresh], dtype=float)
        fits = np.logical_and.reduceat(entries <= self.left[index], starts)
        upper = np.where(fits, highspy.kHighsInf, 0.0)
        n = len(fresh)
        self._model.addCols(n, costs, np.zeros(n), upper, len(index), starts, index, entries.astype(float))
        self._starts = np.concatenate([self._starts, starts + len(self._where)]).astype(np.int32)
        self._where = np.concatenate([self._where, index])
        self._copies = np.concatenate([self._copies, entries])
        self._open = np.concatenate([self._open, fits])
        self.patterns += fresh
        return n

    def serve(self, left: Ints, wanted: Floats | None = None) -> None:
        """What is left to serve, from now on; the program asks for `wanted` of it, when that is given."""
        self.left = left.copy()
        self._moved = True
        rows = np.arange(len(left), dtype=np.int32)
        lower = left.astype(float) if wanted is None else wanted
        self._model.changeRowsBounds(len(left), rows, lower, np.full(len(left), highspy.kHighsInf))
        fits = np.logical_and.reduceat(self._copies <= left[self._where], self._starts)
        changed = np.flatnonzero(fits != self._open).astype(np.int32)
        if len(changed):
            upper = np.where(fits[changed], highspy.kHighsInf, 0.0)
            self._model.changeColsBounds(len(changed), changed, np.zeros(len(changed)), upper)
            self._open = fits

    def solve(self, seconds: float) -> Floats | None:
        """The duals, unless they take longer than `seconds`; `value` and `x` hold the optimum."""
        model = self._model
        # After a change of demand the duals stay feasible, after new patterns the values do.
        model.setOptionValue("simplex_strategy", DUAL if self._moved else PRIMAL)
        model.setOptionValue("time_limit", model.getRunTime() + max(0.0, min(seconds, 1e6)))
        model.run()
        self._moved = False
        solution = model.getSolution()
        x = np.array(solution.col_value)
        if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        self.value, self.x = float(model.getInfo().objective_function_value), x
        duals: Floats = np.maximum(0.0, np.array(solution.row_dual))
        return duals
