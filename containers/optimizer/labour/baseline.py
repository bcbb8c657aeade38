"""What a warehouse does today: tasks in the order of the list, each to whoever is free first."""

from __future__ import annotations

from containers.optimizer.labour.check import objective
from containers.optimizer.labour.problem import NEVER, Plan
from contracts.optimize import Reference
from contracts.problems.labour import Assignment

METHOD = "tasks in the order given, each to the able worker who is free first"


def baseline(plan: Plan) -> Reference:
    """Points of that plan. Equipment and aisles are waited for."""
    source = plan.source
    first, w_start, w_end = plan.windows
    free = [0] * plan.workers
    units = [[0] * int(number) for number in plan.capacity]
    ends: dict[int, int] = {}
    done: dict[str, Assignment] = {}
    for t in _listed(plan):
        before = plan.preds[1][plan.preds[0][t] : plan.preds[0][t + 1]]
        if any(int(p) not in ends for p in before):
            continue
        ready = max([int(plan.release[t]), *(ends[int(p)] for p in before)])
        for r in plan.resource[t]:
            if r >= 0:
                ready = max(ready, min(units[r]))
        for w in sorted(range(plan.workers), key=lambda w: (free[w], w)):
            need = int(plan.seconds[t, w])
            spans = [(max(ready, free[w], int(w_start[k])), int(w_end[k])) for k in range(first[w], first[w + 1])]
            start = next((a for a, b in spans if a + need <= b), None) if need < NEVER else None
            if start is None:
                continue
            free[w] = ends[t] = start + need
            for r in plan.resource[t]:
                if r >= 0:
                    units[r][units[r].index(min(units[r]))] = start + need
            task = source.tasks[t].id
            done[task] = Assignment(task=task, worker=source.workers[w].id, start_s=start, end_s=start + need)
            break
    return Reference(value=objective(source, done).value, method=METHOD)


def _listed(plan: Plan) -> list[int]:
    """As listed, but nothing before what it waits for."""
    placed: dict[int, None] = {}

    def add(t: int) -> None:
        stack = [t]
        while stack:
            top = stack[-1]
            missing = [
                int(p) for p in plan.preds[1][plan.preds[0][top] : plan.preds[0][top + 1]] if int(p) not in placed
            ]
            if missing:
                stack += missing
            else:
                placed.setdefault(stack.pop(), None)

    for t in range(plan.tasks):
        add(t)
    return list(placed)
