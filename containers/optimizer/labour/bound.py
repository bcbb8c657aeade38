"""Proven limits without search: chains of tasks, work per skill, and tasks that nobody can do."""

from __future__ import annotations

import numpy as np

from containers.optimizer.labour.problem import NEVER, Ints, Plan
from contracts.optimize import Bound


def possible(plan: Plan) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tasks that fit into some working window of somebody who may do them, with all that they wait for."""
    fits = earliest_ends(plan) < NEVER
    return np.asarray(fits, dtype=np.bool_)


def earliest_ends(plan: Plan) -> Ints:
    """The earliest instant that each task can end when nobody else is in its way; NEVER when it cannot be done."""
    first, w_start, w_end = plan.windows
    ends = np.full(plan.tasks, NEVER, dtype=np.int64)
    for t in plan.topological:
        before = plan.preds[1][plan.preds[0][t] : plan.preds[0][t + 1]]
        ready = max([int(plan.release[t]), *(int(ends[p]) for p in before)])
        if ready >= NEVER:
            continue
        best = NEVER
        for w in range(plan.workers):
            need = int(plan.seconds[t, w])
            if need >= NEVER or (plan.pinned[t, 0] >= 0 and plan.pinned[t, 0] != w):
                continue
            for k in range(first[w], first[w + 1]):
                start = max(ready, int(w_start[k]))
                if start + need <= w_end[k]:
                    best = min(best, start + need)
                    break
        ends[t] = best
    return ends


def lower_bound(plan: Plan) -> Bound:
    """Lateness and last end of tasks on their own, the work of a skill shared by all who have it, and what must stay out."""
    ends = earliest_ends(plan)
    can = ends < NEVER
    weights = plan.source.weights
    out = weights.left_out * float(plan.weight[~can].sum())
    # A bound on the rest holds only while leaving one more task out is dearer than anything that could be won by it.
    late = 0.0
    timed = can & (plan.due < NEVER)
    late += float((plan.weight[timed] * np.maximum(0, ends[timed] - plan.due[timed])).sum())
    for v, due in enumerate(plan.wave_due):
        members = can & (plan.wave == v)
        if due < NEVER and members.any():
            late += float(plan.wave_weight[v]) * max(0, int(ends[members].max()) - int(due))
    last = max(int(ends[can].max()) if can.any() else 0, _busy_until(plan, can))
    rest = weights.late * late + weights.finish * last
    cheapest = weights.left_out * float(plan.weight[can].min()) if can.any() else 0.0
    return Bound(value=out + min(rest, cheapest) if can.any() else out, method="task chains and work per skill")


def _busy_until(plan: Plan, can: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """The earliest instant by which the work of each group of workers can be done, were it cut into seconds at will."""
    best = 0
    first, w_start, w_end = plan.windows
    groups = {tuple(np.flatnonzero(row < NEVER)) for row in plan.seconds[can]}
    for group in groups:
        members = set(group)
        work = 0
        for t in np.flatnonzero(can):
            able = np.flatnonzero(plan.seconds[t] < NEVER)
            if set(able.tolist()) <= members:
                work += int(plan.seconds[t, able].min())
        moments = sorted(
            moment
            for w in group
            for k in range(first[w], first[w + 1])
            for moment in ((int(w_start[k]), 1), (int(w_end[k]), -1))
        )
        at, people, left = 0, 0, work
        for moment, change in moments:
            if people and left <= people * (moment - at):
                break
            left -= people * (moment - at)
            at, people = moment, people + change
        if people:
            best = max(best, at + -(-left // people))
    return best
