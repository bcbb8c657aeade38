"""Set partitioning over listed batches: the cheapest choice that holds every unit once (HiGHS).

The list is priced with the duals of a restricted linear program, so that the integer program stays small: only batches
whose reduced cost is below the gap between the plan at hand and that program's value can improve the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer import highs
from containers.optimizer.batching.units import IntArray
from containers.optimizer.family import Run

FloatArray = npt.NDArray[np.float64]

FIRST_COLUMNS = 2000
ROUND_COLUMNS = 1500
ROUNDS = 30
MAX_INTEGER_COLUMNS = 4000
MAX_NODES = 500
PROBING, PROBING_COUNTED = 1e-7, 0.5


@dataclass(frozen=True)
class Columns:
    """Batches as a sparse matrix: members[first[c]:first[c + 1]] are the units of column c, which costs cost[c]."""

    first: IntArray
    members: npt.NDArray[np.int32]
    cost: FloatArray

    @property
    def count(self) -> int:
        return len(self.cost)

    def __add__(self, other: Columns) -> Columns:
        """Both, one after the other."""
        first = np.concatenate((self.first, other.first[1:] + self.first[-1]))
        return Columns(first, np.concatenate((self.members, other.members)), np.concatenate((self.cost, other.cost)))

    def priced(self, duals: FloatArray) -> FloatArray:
        """Reduced cost of every column."""
        if self.count == 0:
            return self.cost
        return self.cost - np.add.reduceat(duals[self.members], self.first[:-1])

    def take(self, chosen: IntArray) -> Columns:
        """Some of the columns."""
        sizes = self.first[chosen + 1] - self.first[chosen]
        first = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        index = np.repeat(self.first[chosen] - first[:-1], sizes) + np.arange(first[-1])
        return Columns(first, self.members[index], self.cost[chosen])


@dataclass(frozen=True)
class Found:
    """A better assignment (batch number per unit), if any, and what no choice of the columns can go below, if known."""

    assignment: IntArray | None = None
    bound: float | None = None


def partition(columns: Columns, units: int, duals: FloatArray, value: float, run: Run, share: float) -> Found:
    """The columns' best choice, if below `value`, and what is proven.

    duals: prices of the units to start from. share: of the time left, how much may pass; with a limit on iterations HiGHS
    counts nodes instead, so that the answer does not depend on the machine's speed.
    """
    seconds = run.remaining_s * (share if run.budget.iterations is None else 1.0)
    deadline = run.elapsed_s + seconds

    def left() -> float:
        return max(0.01, deadline - run.elapsed_s)

    if columns.count < 2 or seconds <= 0.02:
        return Found()
    sizes = np.diff(columns.first)
    reduced = columns.priced(duals)
    chosen = np.union1d(np.argsort(reduced, kind="stable")[:FIRST_COLUMNS], np.flatnonzero(sizes == 1))
    bound = -np.inf
    converged = False
    for _ in range(ROUNDS):
        solved = _linear(columns.take(chosen), units, left())
        if solved is None:
            return Found()
        bound, duals = solved
        reduced = columns.priced(duals)
        new = np.setdiff1d(np.argsort(reduced, kind="stable")[:ROUND_COLUMNS], chosen)
        new = new[reduced[new] < -1e-7]
        converged = len(new) == 0
        if converged or run.elapsed_s > deadline:
            break
        chosen = np.concatenate((chosen, new))
    proven = min(bound, value) if converged else None
    order = np.argsort(reduced, kind="stable")
    useful = order[reduced[order] <= max(0.0, value - bound) + 1e-7]
    whole = converged and len(useful) <= MAX_INTEGER_COLUMNS
    useful = useful[:MAX_INTEGER_COLUMNS]
    if len(useful) == 0 or bound >= value - 1e-7 or run.elapsed_s > deadline:
        return Found(None, proven)
    part = columns.take(useful)
    picked, lower = _integer(part, units, value, left(), run.budget.iterations is not None)
    if whole and lower is not None:
        proven = max(bound, min(lower, value))
    return Found(None if picked is None else _assignment(part, picked, units), proven)


def choose(columns: Columns, units: int, value: float, run: Run, seconds: float) -> IntArray | None:
    """Batch number per unit of a choice among a few columns that is better than `value`, if one is found in time."""
    counted = run.budget.iterations is not None
    limit = run.remaining_s if counted else min(seconds, run.remaining_s)
    if columns.count == 0 or limit <= 0.02:
        return None
    picked, _ = _integer(columns, units, value, limit, counted)
    return None if picked is None else _assignment(columns, picked, units)


def _assignment(columns: Columns, picked: IntArray, units: int) -> IntArray | None:
    assignment = np.full(units, -1, dtype=np.int64)
    for number, column in enumerate(picked):
        assignment[columns.members[columns.first[column] : columns.first[column + 1]]] = number
    return assignment if assignment.min() >= 0 else None


def _model(columns: Columns, units: int, upper: float) -> Any:
    import highspy

    program = highspy.HighsLp()
    program.num_col_ = columns.count
    program.num_row_ = units
    program.col_cost_ = columns.cost
    program.col_lower_ = np.zeros(columns.count)
    program.col_upper_ = np.full(columns.count, upper)
    program.row_lower_ = np.ones(units)
    program.row_upper_ = np.ones(units)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = columns.first.astype(np.int32)
    program.a_matrix_.index_ = columns.members
    program.a_matrix_.value_ = np.ones(len(columns.members))
    return program, highs.solver(), highspy


def _linear(columns: Columns, units: int, seconds: float) -> tuple[float, FloatArray] | None:
    program, solver, highspy = _model(columns, units, np.inf)
    solver.setOptionValue("time_limit", float(seconds))
    solver.passModel(program)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return solver.getInfo().objective_function_value, np.array(solver.getSolution().row_dual)


def _integer(
    columns: Columns, units: int, value: float, seconds: float, counted: bool
) -> tuple[IntArray | None, float | None]:
    """(columns of a choice better than `value`, a lower bound on any choice), either None when not known.

    counted: end by nodes, beside seconds.
    """
    program, solver, highspy = _model(columns, units, 1.0)
    program.integrality_ = [highspy.HighsVarType.kInteger] * columns.count
    # Presolve probes every column without a look at the clock, which takes about PROBING s x entries^2 / rows.
    if PROBING * len(columns.members) ** 2 / units > (0.5 * seconds if not counted else PROBING_COUNTED):
        solver.setOptionValue("presolve", "off")
    solver.setOptionValue("time_limit", float(seconds))
    solver.setOptionValue("objective_bound", float(value))
    if counted:
        solver.setOptionValue("mip_max_nodes", MAX_NODES)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.passModel(program)
    solver.run()
    info = solver.getInfo()
    lower = float(info.mip_dual_bound) if np.isfinite(info.mip_dual_bound) else None
    x = np.array(solver.getSolution().col_value)
    if len(x) != columns.count or info.primal_solution_status != 2:
        return None, lower
    picked = np.flatnonzero(x > 0.5).astype(np.int64)
    return (picked if columns.cost[picked].sum() < value - 1e-7 else None), lower
