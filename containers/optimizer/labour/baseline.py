"""What a warehouse does today: tasks in the order of the list, each to whoever is free first."""

from __future__ import annotations

import bisect

from containers.optimizer.labour.check import objective
from containers.optimizer.labour.problem import NEVER, Plan, working_windows
from contracts.optimize import Reference
from contracts.problems.labour import Assignment

METHOD = "tasks in the order given, each to the able worker who is free first"


def baseline(plan: Plan) -> Reference:
    """Points of that plan. Equipment and aisles are waited for."""
    source = plan.source
    windows = [working_windows(worker) for worker in source.workers]
    ends_at = [rows[-1][1] if rows else 0 for rows in windows]
    queue = [(0, w) for w in range(plan.workers)]  # when free, who; in this order
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
        needs = plan.seconds[t].tolist()
        for place, (busy, w) in enumerate(queue):
            need, at = needs[w], max(ready, busy)
            if need >= NEVER or at + need > ends_at[w]:
                continue
            starts = (max(at, begin) for begin, end in windows[w] if max(at, begin) + need <= end)
            start = next(starts, None)
            if start is None:
                continue
            ends[t] = start + need
            del queue[place]
            bisect.insort(queue, (start + need, w))
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
