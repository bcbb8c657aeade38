"""The labour family on job shop instances: stations with one person each, jobs that pass through them."""

from __future__ import annotations

from typing import Any

from benchmarks.quality.archives import best_known, files
from benchmarks.quality.runs import Options, gap_row, row, solve

LARGEST = 15  # jobs and machines: what a floor's shift of station work looks like, and what the literature closes
SHIFT_S = 31_536_000


def instances() -> list[tuple[str, dict[str, Any]]]:
    """(name, LabourProblem data) of every job shop up to 15 x 15."""
    found = []
    for path, text in files("jobshop").items():
        rows = [[int(word) for word in line.split()] for line in text.splitlines() if line.strip()]
        if path.endswith(".txt") and "/text/" in path and len(rows) > 1 and max(rows[0][:2]) <= LARGEST:
            name = path.rsplit("/", 1)[1].removesuffix(".txt")
            found.append((name, stations([list(zip(r[::2], r[1::2], strict=True)) for r in rows[1 : 1 + rows[0][0]]])))
    return found


def stations(jobs: list[list[tuple[int, int]]]) -> dict[str, Any]:
    """One person per machine, with that machine's skill alone; a job's operations wait for one another."""
    machines = sorted({machine for job in jobs for machine, _ in job})
    tasks = [
        {
            "id": f"J{j}.{k}",
            "seconds": duration,
            "skill": f"M{machine}",
            "after": [f"J{j}.{k - 1}"] if k else [],
        }
        for j, job in enumerate(jobs)
        for k, (machine, duration) in enumerate(job)
    ]
    shift = [{"start_s": 0, "end_s": SHIFT_S}]
    return {"workers": [{"id": f"M{m}", "skills": [f"M{m}"], "shifts": shift} for m in machines], "tasks": tasks}


def jobshop(options: Options) -> None:
    """Gaps of the last end to the best known makespans, beside CP-SAT on the textbook model with the same cores."""
    known = best_known("jobshop")
    chosen = options.chosen([(name, data) for name, data in instances() if name in known])
    for seconds in options.seconds:
        gaps = [
            solve("labour", data, seconds, options).objective.parts["finish"] / known[name] - 1 for name, data in chosen
        ]
        gap_row("jobshop", seconds, gaps, options)
        if options.others:
            theirs = [_cp_sat(data, seconds, options.workers) / known[name] - 1 for name, data in chosen]
            name = f"quality.jobshop.cp_sat_{seconds:g}s"
            row(name, 100 * sum(theirs) / max(1, len(theirs)), "% over best known", len(theirs), options)


def _cp_sat(data: dict[str, Any], seconds: float, workers: int) -> float:
    """Interval per operation, no overlap per machine, no hint (OR-Tools' own example)."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    horizon = sum(task["seconds"] for task in data["tasks"])
    ends: dict[str, Any] = {}
    on: dict[str, list[Any]] = {}
    last = model.new_int_var(0, horizon, "")
    for task in data["tasks"]:
        start = model.new_int_var(0, horizon, "")
        ends[task["id"]] = end = start + task["seconds"]
        on.setdefault(task["skill"], []).append(model.new_fixed_size_interval_var(start, task["seconds"], ""))
        for name in task["after"]:
            model.add(start >= ends[name])
        model.add(last >= end)
    for intervals in on.values():
        model.add_no_overlap(intervals)
    model.minimize(last)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.solve(model)
    return float(solver.objective_value)
