"""Compile the family's kernels: a tiny plan, and a tiny job shop, solved once."""

from __future__ import annotations


def warm() -> None:
    from containers.optimizer.family import Run
    from containers.optimizer.labour.problem import read
    from containers.optimizer.labour.solve import solve
    from contracts.optimize import Budget

    day = [{"start_s": 0, "end_s": 1000}]
    shop = {
        "workers": [{"id": name, "skills": [name], "shifts": day} for name in "ab"],
        "tasks": [
            {"id": "1", "seconds": 3, "skill": "a"},
            {"id": "2", "seconds": 2, "skill": "b", "after": ["1"]},
            {"id": "3", "seconds": 2, "skill": "b"},
            {"id": "4", "seconds": 4, "skill": "a", "after": ["3"]},
        ],
    }
    free = {
        "workers": [{"id": name, "shifts": day} for name in "ab"],
        "tasks": [{"id": n, "seconds": 2} for n in "123"],
    }
    for data in (shop, free):
        solve(read(data), Run(Budget(seconds=5, iterations=5)))
