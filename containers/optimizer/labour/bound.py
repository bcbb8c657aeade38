"""Proven limits without search: chains of tasks, work per skill, and tasks that nobody can do."""

from __future__ import annotations

import numpy as np

from containers.optimizer.labour import kernel
from containers.optimizer.labour.problem import NEVER, Ints, Plan
from contracts.optimize import Bound


def earliest_ends(plan: Plan) -> Ints:
    """The earliest instant that each task can end when nobody else is in its way; NEVER when it cannot be done."""
    ends = np.empty(plan.tasks, dtype=np.int64)
    kernel.earliest_ends(
        plan.seconds, *plan.windows, *plan.preds, plan.release, plan.pinned, plan.topological, ends
    )  # fmt: skip
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
    able = plan.seconds[can] < NEVER
    quickest = plan.seconds[can].min(axis=1, initial=NEVER)
    _, first_of, member = np.unique(np.packbits(able, axis=1), axis=0, return_index=True, return_inverse=True)
    groups = able[first_of]
    of_group = np.bincount(member.ravel(), weights=quickest, minlength=len(groups))
    members = groups.astype(np.float32)
    for group in groups:
        within = members @ ~group == 0  # nobody who may do it is outside the group
        work = int(of_group[within].sum())
        moments = sorted(
            moment
            for w in np.flatnonzero(group)
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
