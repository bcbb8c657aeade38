"""The core of slots that several articles share on generalised assignment instances, beside HiGHS and CP-SAT."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.quality.archives import best_known, files
from benchmarks.quality.runs import Options, gap_row, row
from containers.optimizer import highs as quiet
from containers.optimizer.gap.instance import Generalised
from containers.optimizer.gap.search import solve


def instances() -> list[tuple[str, Generalised]]:
    """(name, problem) of every instance with a reference value. All are minimised."""
    known = best_known("gap")
    found = []
    for path, text in files("gap").items():
        name = "/".join(path.split("/")[-2:])
        if name not in known:
            continue
        numbers = np.array(text.split(), dtype=np.float64)
        agents, jobs = int(numbers[0]), int(numbers[1])
        size = agents * jobs
        cost, weight = numbers[2 : 2 + 2 * size].reshape(2, agents, jobs)
        room = numbers[2 + 2 * size : 2 + 2 * size + agents]
        found.append(
            (name, Generalised(np.ascontiguousarray(cost.T), np.ascontiguousarray(weight.T)[None], room[None]))
        )
    return found


def gap(options: Options) -> None:
    """Gaps to the best known values. An instance without a feasible assignment would count as a gap of one."""
    known = best_known("gap")
    chosen = options.chosen(instances())
    solve(chosen[0][1], 1.0, rounds=2)  # kernels are compiled before the clock runs
    for seconds in options.seconds:
        gaps, highs, cp_sat = [], [], []
        for name, problem in chosen:
            outcome = solve(problem, seconds, workers=options.workers)
            ours = 1.0
            if outcome.agent is not None and problem.feasible(outcome.agent):
                ours = problem.value(outcome.agent) / known[name] - 1
            gaps.append(ours)
            if options.others:
                highs.append(_highs(problem, seconds, options.workers) / known[name] - 1)
                cp_sat.append(_cp_sat(problem, seconds, options.workers) / known[name] - 1)
        gap_row("gap", seconds, gaps, options)
        for label, theirs in (("highs", highs), ("cp_sat", cp_sat)):
            solved = [one for one in theirs if np.isfinite(one)]
            if solved:
                mean = 100 * sum(solved) / len(solved)
                row(f"quality.gap.{label}_{seconds:g}s", mean, "% over best known, where solved", len(solved), options)


def _highs(problem: Generalised, seconds: float, workers: int) -> float:
    """The textbook program, as it is."""
    import highspy

    jobs, agents = problem.cost.shape
    solver = quiet.solver(workers, {"time_limit": seconds})
    model: Any = highspy.HighsLp()
    model.num_col_, model.num_row_ = jobs * agents, jobs + agents
    model.col_cost_ = problem.cost.reshape(-1)
    model.col_lower_, model.col_upper_ = np.zeros(jobs * agents), np.ones(jobs * agents)
    model.row_lower_ = np.concatenate([np.ones(jobs), np.full(agents, -highspy.kHighsInf)])
    model.row_upper_ = np.concatenate([np.ones(jobs), problem.capacity[0]])
    index, value = np.empty(2 * jobs * agents, dtype=np.int32), np.ones(2 * jobs * agents)
    index[0::2] = np.repeat(np.arange(jobs), agents)
    index[1::2] = jobs + np.tile(np.arange(agents), jobs)
    value[1::2] = problem.weight[0].reshape(-1)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.arange(0, 2 * jobs * agents + 1, 2)
    model.a_matrix_.index_, model.a_matrix_.value_ = index, value
    model.integrality_ = [highspy.HighsVarType.kInteger] * (jobs * agents)
    solver.passModel(model)
    solver.run()
    info = solver.getInfo()
    return float(info.objective_function_value) if info.primal_solution_status == 2 else float("inf")


def _cp_sat(problem: Generalised, seconds: float, workers: int) -> float:
    """One Boolean per job and agent, exactly one per job, one linear constraint per agent."""
    from ortools.sat.python import cp_model

    jobs, agents = problem.cost.shape
    model = cp_model.CpModel()
    takes = [[model.new_bool_var("") for _ in range(agents)] for _ in range(jobs)]
    weight, cost = problem.weight[0].astype(int), problem.cost.astype(int)
    for j in range(jobs):
        model.add_exactly_one(takes[j])
    for i in range(agents):
        terms = [int(weight[j, i]) * takes[j][i] for j in range(jobs)]
        model.add(sum(terms) <= int(problem.capacity[0, i]))
    model.minimize(sum(int(cost[j, i]) * takes[j][i] for j in range(jobs) for i in range(agents)))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    status = solver.solve(model)
    return float(solver.objective_value) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else float("inf")
