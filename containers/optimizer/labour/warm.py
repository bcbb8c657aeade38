"""Compile the family's kernels: a tiny plan, and a tiny job shop, solved once."""

from __future__ import annotations


def warm() -> None:
    from containers.optimizer.family import Run
    from containers.optimizer.labour.problem import read
    from containers.optimizer.labour.solve import solve
    from contracts.optimize import Budget

    day = [{"start_s": 0, "end_s": 1000}]
    # No plan of these three jobs reaches the bound, so that the search itself is run (and compiled).
    jobs = (("a3", "b2", "c3"), ("b2", "a1", "c3"), ("b1", "c2", "a2"))
    shop = {
        "workers": [{"id": name, "skills": [name], "shifts": day} for name in "abc"],
        "tasks": [
            {"id": f"{j}{k}", "seconds": int(step[1]), "skill": step[0], "after": [f"{j}{k - 1}"] if k else []}
            for j, job in enumerate(jobs)
            for k, step in enumerate(job)
        ],
    }
    free = {
        "workers": [{"id": name, "shifts": day} for name in "ab"],
        "tasks": [{"id": n, "seconds": 2} for n in "123"],
    }
    for data in (shop, free):
        solve(read(data), Run(Budget(seconds=5, iterations=5)))
