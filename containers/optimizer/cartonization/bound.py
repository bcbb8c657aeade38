"""A proven limit on the cost of any plan, from dual feasible functions and a small integer program.

A dual feasible function f maps sizes to [0, 1] so that pieces that fit side by side never sum to more than 1. The
product of one such function per dimension does the same for boxes in a bin (Fekete & Schepers 2004; the functions are
theirs and those of Carlier, Clautiaux & Moukrim 2007). With several carton types each type has its own functions, and
the bound is the least cost of cartons in which every type's functions can be satisfied at once; free rotation takes
the smallest product over the orientations. Weight, volume limits and availability are rows of the same program.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from containers.optimizer.cartonization.problem import NO_LIMIT, Floats, Ints, PackingProblem
from contracts.optimize import Bound

MAX_VARIABLES = 60_000
ROUNDS = 6
# Dual feasible functions per dimension, with one column and with several (each round looks at all their products).
FUNCTIONS = {1: (60, 30), 2: (40, 12), 3: (8, 5)}
TIME_LIMIT_S = 1.0

Table = npt.NDArray[np.float64]
Function = Callable[[Ints], Floats]


def lower_bound(problem: PackingProblem, remaining: Callable[[], float] = lambda: math.inf) -> Bound:
    """For costs and counts: no plan costs less. For value: no plan loads more. remaining: seconds for it, or about."""
    kinds = np.flatnonzero(problem.counts)
    if not len(kinds):
        return Bound(value=_fixed_part(problem), method="nothing is left to place")
    columns = _columns(problem)
    if len(kinds) * len(columns) > MAX_VARIABLES:
        return Bound(
            reason=f"more than {MAX_VARIABLES} combinations of kinds and cartons: too many for the bound's program"
        )
    program = _Program(problem, kinds, columns, remaining)
    value = program.solve()
    if value is None:
        return Bound(reason="the bound's program did not finish in its time")
    if problem.source.objective == "value":
        total = sum(kind.value * len(kind.members) for kind in problem.kinds)
        return Bound(value=total - value, method="linear program over dual feasible functions")
    return Bound(
        value=value + _fixed_part(problem), method="integer program over dual feasible functions, volume and weight"
    )


def _fixed_part(problem: PackingProblem) -> float:
    """What pinned cartons cost, or the value in them."""
    if problem.source.objective == "value":
        return float(sum(kind.value * len(kind.members) for kind in problem.kinds))
    return float(sum(int(problem.type_cost[carton.type]) for carton in problem.begun if not carton.paid))


def _columns(problem: PackingProblem) -> list[tuple[int, int]]:
    """(type, begun carton or -1): every type, then every begun carton that still takes something."""
    fresh = [(t, -1) for t in range(len(problem.types)) if problem.type_available[t] > 0]
    return fresh + [(carton.type, b) for b, carton in enumerate(problem.begun) if not carton.closed]


class _Program:
    """x[k, c] pieces of kind k in cartons of column c, y[c] cartons, u[k] left out; rows are added as violated."""

    def __init__(
        self, problem: PackingProblem, kinds: Ints, columns: list[tuple[int, int]], remaining: Callable[[], float]
    ) -> None:
        self.problem = problem
        self.remaining = remaining
        self.kinds = kinds
        self.columns = columns
        self.counts = problem.counts[kinds].astype(float)
        self.is_value = problem.source.objective == "value"
        k, c = len(kinds), len(columns)
        cost = np.zeros(k * c + c + k)
        high = np.full(k * c + c + k, np.inf)
        for j, (t, b) in enumerate(columns):
            high[k * c + j] = (
                1 if b >= 0 else (problem.type_available[t] if problem.type_available[t] < NO_LIMIT else np.inf)
            )
            cost[k * c + j] = 0 if b >= 0 or self.is_value else float(problem.type_cost[t])
            for i in range(k):
                high[i * c + j] = self.counts[i] if problem.fits[kinds[i], t] else 0
        price = problem.leave_price
        cost[k * c + c :] = [problem.kinds[i].value for i in kinds] if self.is_value else price
        self.cost, self.high = cost, high
        self.rows: list[tuple[int, Floats, float]] = []  # column, coefficient per kind, capacity of one carton
        self.functions = [self._functions_of(t) for t, _ in columns]
        weight = np.array([problem.kinds[i].weight for i in kinds], dtype=float)
        volume = np.array([problem.kinds[i].volume for i in kinds], dtype=float)
        for j, (t, b) in enumerate(columns):
            fixed = problem.begun[b].fixed if b >= 0 else ()
            room = float(np.prod(problem.type_dims[t].astype(float))) * problem.source.fill_limit
            inside = sum(float(np.prod(np.array(piece.box[3:], dtype=float))) for piece in fixed)
            self.rows.append((j, volume, max(0.0, room - inside)))
            if problem.type_weight[t] < NO_LIMIT:
                self.rows.append((j, weight, float(problem.type_weight[t]) - sum(piece.weight for piece in fixed)))

    def _functions_of(self, t: int) -> list[list[Function]]:
        dims = self.problem.type_dims[t]
        used = self.problem.dimensions
        sizes = [kind.orientations for kind in self.problem.kinds]
        found: list[list[Function]] = []
        for axis in range(3):
            size = int(dims[axis])
            if axis >= used:
                found.append([_one])
                continue
            edges = sorted({o[axis] for orientations in sizes for o in orientations if o[axis] <= size})
            found.append(dual_feasible(size, edges, FUNCTIONS[used][len(self.columns) > 1]))
        return found

    def best_row(self, j: int, usage: Floats) -> tuple[Floats, float, float] | None:
        """The function product that the pieces `usage` violate most in column j: coefficients, capacity, excess."""
        tables, orders = self._tables(j)
        best: tuple[Floats, float, float] | None = None
        fixed = self._fixed_tables(j)
        names = [range(len(table)) for table in tables]
        for f, g, h in product(*names):
            # [K, 6] product per orientation, the least of them counts
            values = np.min(tables[0][f] * tables[1][g] * tables[2][h] + orders, axis=1)
            values = np.where(values > 1.5, 0.0, values)
            excess = float(values @ usage)
            capacity = 1.0 - (float(np.sum(fixed[0][f] * fixed[1][g] * fixed[2][h])) if fixed is not None else 0.0)
            if best is None or excess - capacity > best[2]:
                best = (values, capacity, excess - capacity)
        return best

    def _tables(self, j: int) -> tuple[list[Table], Table]:
        """Per axis [functions, K, 6] values; and [K, 6] a large number where an orientation does not exist or fit."""
        t = self.columns[j][0]
        dims = self.problem.type_dims[t]
        most = max(len(self.problem.kinds[i].orientations) for i in self.kinds)
        size = np.ones((len(self.kinds), most, 3), dtype=np.int64)
        absent = np.zeros((len(self.kinds), most))
        for row, i in enumerate(self.kinds):
            orientations = self.problem.kinds[i].orientations
            size[row, : len(orientations)] = orientations
            absent[row, len(orientations) :] = 10.0
        absent[(size > dims).any(axis=2)] = 10.0
        size = np.minimum(size, dims)
        tables = [np.array([f(size[:, :, axis]) for f in self.functions[j][axis]]) for axis in range(3)]
        return tables, absent

    def _fixed_tables(self, j: int) -> list[Table] | None:
        b = self.columns[j][1]
        if b < 0 or not self.problem.begun[b].fixed:
            return None
        size = np.array([piece.box[3:] for piece in self.problem.begun[b].fixed], dtype=np.int64)
        return [np.array([f(size[:, axis]) for f in self.functions[j][axis]]) for axis in range(3)]

    def solve(self) -> float | None:
        """The bound, rounded up where all costs are whole."""
        k, c = len(self.kinds), len(self.columns)
        if (
            c == 1
            and self.columns[0][1] < 0
            and not self.is_value
            and self.problem.type_available[self.columns[0][0]] >= NO_LIMIT
        ):
            single = self._single()
            if single is not None:
                return single
        found: tuple[float, Floats, Floats] | None = None
        for _ in range(ROUNDS):
            again = self._run(integer=False)
            if again is None:  # with fewer rows the bound is lower, and a bound
                break
            found = again
            added = 0
            for j in range(c):
                if found[2][j] <= 1e-9:
                    continue
                if self.remaining() <= 0:
                    break
                row = self.best_row(j, found[1][:, j] / found[2][j])
                if row is not None and row[2] > 1e-6:
                    self.rows.append((j, row[0], row[1]))
                    added += 1
            if not added:
                break
        if found is None:
            return None
        value = found[0]
        if not self.is_value and k * c <= 5000:
            whole = self._run(integer=True)
            value = max(value, whole[0]) if whole is not None else value
        if not self.is_value:
            value = float(np.ceil(value - 1e-6 * max(1.0, abs(value))))
        return value

    def _single(self) -> float | None:
        """One type, as many as needed: the most cartons that any function product asks for."""
        t = self.columns[0][0]
        if not self.problem.fits[self.kinds, t].all():
            return None
        row = self.best_row(0, self.counts)
        need = 0.0 if row is None else row[2] + 1.0
        for _, values, capacity in self.rows:
            if capacity > 0:
                need = max(need, float(values @ self.counts) / capacity)
        return float(np.ceil(need - 1e-6)) * float(self.problem.type_cost[t])

    def _run(self, integer: bool) -> tuple[float, Floats, Floats] | None:
        """Value (a proven bound), x [K, C], y [C]."""
        seconds = min(TIME_LIMIT_S, self.remaining())
        if seconds <= 0:
            return None
        k, c = len(self.kinds), len(self.columns)
        n = k * c + c + k
        at: list[tuple[Ints, Ints, Floats]] = []
        low: list[float] = []
        top: list[float] = []
        for i in range(k):
            columns = np.concatenate([np.arange(i * c, i * c + c), [k * c + c + i]])
            at.append((np.full(c + 1, len(low)), columns, np.ones(c + 1)))
            low.append(self.counts[i])
            top.append(self.counts[i])
        for j, values, capacity in self.rows:
            columns = np.concatenate([np.arange(k) * c + j, [k * c + j]])
            at.append((np.full(k + 1, len(low)), columns, np.concatenate([values, [-capacity]])))
            low.append(-np.inf)
            top.append(0.0)
        matrix = coo_matrix(
            (
                np.concatenate([a[2] for a in at]),
                (np.concatenate([a[0] for a in at]), np.concatenate([a[1] for a in at])),
            ),
            shape=(len(low), n),
        ).tocsr()
        whole = np.zeros(n)
        if integer:
            whole[k * c : k * c + c] = 1
        found = milp(
            self.cost, constraints=LinearConstraint(matrix, low, top), integrality=whole, bounds=Bounds(0, self.high),
            options={"time_limit": seconds},
        )  # fmt: skip
        if integer:
            proven = getattr(found, "mip_dual_bound", None)
            return None if proven is None else (float(proven), np.zeros((k, c)), np.zeros(c))
        if found.status != 0:
            return None
        return float(found.fun), found.x[: k * c].reshape(k, c), found.x[k * c : k * c + c]


def _one(size: Ints) -> Floats:
    return np.ones(size.shape, dtype=np.float64)


def dual_feasible(length: int, edges: list[int], most: int) -> list[Function]:
    """At most `most` functions of integer sizes for a bin of `length`, exact in integers before the division."""

    def identity(size: Ints) -> Floats:
        return size / float(length)

    def cut(small: int) -> Function:
        def f(size: Ints) -> Floats:
            value = np.where(size < small, 0.0, size / float(length))
            return np.where(size > length - small, 1.0, value)

        return f

    def rounded(k: int) -> Function:
        def f(size: Ints) -> Floats:
            product_ = (k + 1) * size
            return np.where(product_ % length == 0, size / float(length), (product_ // length) / float(k))

        return f

    def halves(small: int) -> Function:
        # Carlier, Clautiaux & Moukrim 2007, f_0^k: large sizes count what they leave, in multiples of `small`
        def f(size: Ints) -> Floats:
            units = max(1, length // small)
            large = (units - (length - size) // small) / float(units)
            value = np.where(2 * size > length, large, (size // small) / float(units))
            return np.where(2 * size == length, 0.5, value)

        return f

    cuts = sorted(
        {edge for edge in edges if 2 * edge <= length}
        | {length - edge + 1 for edge in edges if 2 * edge > length and 2 * (length - edge + 1) <= length}
    )
    room = max(1, (most - 1) // 3)
    if len(cuts) > room:
        cuts = [cuts[int(i * (len(cuts) - 1) / max(1, room - 1))] for i in range(room)]
    functions: list[Function] = [identity]
    functions += [cut(small) for small in cuts]
    functions += [rounded(k) for k in range(1, min(room, 8) + 1)]
    functions += [halves(small) for small in cuts]
    return functions[:most]
