"""The integer program over listed patterns: a plan at a given cost, or the proof that there is none."""

from __future__ import annotations

import highspy
import numpy as np

from containers.optimizer import highs
from containers.optimizer.cartonization.lines.master import Pattern
from containers.optimizer.cartonization.problem import Floats, Ints


def choose(
    patterns: list[Pattern],
    prices: Floats,
    demand: Ints,
    most: Floats,
    target: float,
    seconds: float,
    nodes: int,
    seed: int,
) -> tuple[list[Pattern] | None, bool]:
    """(a plan that costs `target` or less, if one is found; whether there is none).

    demand, most [kinds]: how many pieces the patterns of a plan have, at least and at most.
    """
    if not patterns:
        return None, True
    model = highs.solver(
        options={
            "mip_max_nodes": nodes,
            "random_seed": seed,
            "time_limit": max(0.01, min(seconds, 1e6)),
            "mip_max_improving_sols": 1,
            "presolve": "off",
        }
    )
    n, rows = len(patterns), len(demand)
    none = np.zeros(0, dtype=np.int32)
    infinite = np.full(n, highspy.kHighsInf)
    model.addRows(rows, demand.astype(float), most, 0, np.zeros(rows, dtype=np.int32), none, np.zeros(0))
    where = [np.flatnonzero(copies).astype(np.int32) for _, copies in patterns]
    starts = np.concatenate([[0], np.cumsum([len(w) for w in where])[:-1]]).astype(np.int32)
    index = np.concatenate(where)
    entries = np.concatenate([copies[w] for (_, copies), w in zip(patterns, where, strict=True)]).astype(float)
    costs = np.array([prices[t] for t, _ in patterns], dtype=float)
    model.addCols(n, costs, np.zeros(n), infinite, len(index), starts, index, entries)
    every = np.arange(n, dtype=np.int32)
    model.changeColsIntegrality(n, every, np.full(n, highspy.HighsVarType.kInteger))
    # With the cost as a row, every node above the target is infeasible; presolve costs more than it saves then.
    model.addRow(-highspy.kHighsInf, target + 1e-6, n, every, costs)
    model.run()
    if model.getInfo().primal_solution_status != highspy.kSolutionStatusFeasible:
        return None, model.getModelStatus() == highspy.HighsModelStatus.kInfeasible
    taken = np.rint(np.array(model.getSolution().col_value)).astype(int)
    return [patterns[j] for j in np.flatnonzero(taken) for _ in range(taken[j])], False
