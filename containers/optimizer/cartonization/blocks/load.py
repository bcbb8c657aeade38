"""When blocks are the way to load: one container to be filled well, or many equal boxes over several cartons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from containers.optimizer.cartonization.blocks.solver import Loader, suits
from containers.optimizer.cartonization.boxes.data import Bin
from containers.optimizer.cartonization.problem import NO_LIMIT, Ints, PackingProblem
from containers.optimizer.family import Run

FEW_PIECES = 60  # up to here the search over single pieces follows, from the loaded plan
START_WIDTH = 4
ALIKE = 5  # pieces per kind from which several cartons are loaded with blocks first
START_SHARE = 0.4  # of the time, for that


@dataclass(frozen=True)
class Loaded:
    """Cartons filled with blocks. `final`: nothing else should follow; `closed`: it is proven to be the best."""

    bins: list[Bin]
    iterations: int
    final: bool
    closed: bool = False


def load(problem: PackingProblem, counts: Ints, run: Run, bound: float | None) -> Loaded | None:
    """Fill cartons with blocks where the rules allow it and it pays; None otherwise."""
    if not suits(problem) or not counts.any():
        return None
    if problem.source.objective == "value" and len(problem.types) == 1 and problem.type_available[0] == 1:
        return _one(problem, counts, run, bound)
    if problem.source.objective != "value" and counts.sum() >= ALIKE * max(2, int((counts > 0).sum())):
        return _several(problem, counts, run)
    return None


def _one(problem: PackingProblem, counts: Ints, run: Run, bound: float | None) -> Loaded:
    loader = Loader(problem, 0, counts)
    final = int(counts.sum()) > FEW_PIECES
    if final:
        loader.run(run.should_stop, lambda value, iterations: run.report(value, bound, iterations))
    else:
        loader.run(lambda _: run.should_stop(), lambda value, _: run.report(value, bound), widest=START_WIDTH)
    closed = bound is not None and loader.worth >= bound - 1e-6 * max(1.0, bound)
    return Loaded([loader.bin()] if loader.worth > 0 else [], loader.iterations, final, closed)


def _several(problem: PackingProblem, counts: Ints, run: Run) -> Loaded | None:
    """One carton after another, of the type that holds most per cost, as far as its share of the time goes."""
    left = counts.copy()
    available = problem.type_available.copy()
    bins: list[Bin] = []
    deadline = run.elapsed_s + START_SHARE * run.remaining_s

    def late() -> bool:
        return run.stop_reason is not None or (run.budget.iterations is None and run.elapsed_s > deadline)

    while left.any():
        best: tuple[float, Bin, Ints] | None = None
        for t in range(len(problem.types)):
            if available[t] <= 0:
                continue
            if late():
                return Loaded(bins, 0, final=False) if bins else None
            loader = Loader(problem, t, left)
            loader.run(lambda _: late(), lambda _value, _iterations: None, widest=1)
            filled = loader.bin() if loader.worth > 0 else None
            if filled is None:
                continue
            inside = np.bincount([kind for kind, _ in filled.pieces], minlength=len(left))
            volume = sum(problem.kinds[kind].volume for kind, _ in filled.pieces)
            whole = 0.9 if (inside == left).all() else 1.0
            ratio = whole * (float(problem.type_cost[t]) + 1e-9) / volume
            if best is None or ratio < best[0]:
                best = (ratio, filled, inside)
        if best is None:
            break
        _, filled, inside = best
        # the same load again, as long as there are pieces for it
        times = int(min(left[k] // inside[k] for k in np.flatnonzero(inside)))
        times = max(1, min(times, int(available[filled.type])))
        bins += [filled] * times
        left -= times * inside
        available[filled.type] -= times if available[filled.type] < NO_LIMIT else 0
    return Loaded(bins, 0, final=False)
