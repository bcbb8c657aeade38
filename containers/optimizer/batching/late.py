"""Seconds late of a plan under change, compiled. Batches go to pickers in the order of their earliest due time."""

from __future__ import annotations

import numpy as np

from containers.optimizer.jit import kernel


@kernel
def rota(seconds, order, free, picker, start):  # type: ignore[no-untyped-def]
    """Who picks each batch (B,) from when: in this order, whoever is free first. free: (pickers,) work space."""
    free[:] = 0.0
    for b in order:
        p = 0
        for q in range(1, free.shape[0]):
            if free[q] < free[p]:
                p = q
        picker[b], start[b] = p, free[p]
        free[p] += seconds[b]


@kernel
def moved(batch, batch_a, batch_b, member, swap):  # type: ignore[no-untyped-def]
    """Whether a member of a batch leaves it in this change."""
    return (batch == batch_a and (member == swap[0] or member == swap[1])) or (batch == batch_b and member == swap[2])


@kernel
def batch_times(units, plan, weights, batch_a, a0, a1, batch_b, b0, b1, swap, seconds, soonest):  # type: ignore[no-untyped-def]
    """Fill seconds and soonest due time per batch; -1 seconds for no batch."""
    due, pieces = units[6], units[7]
    _assign, head, follower, _before, count, _load, _tag, _clash, _zone, metres, halts, _key = plan
    for b in range(head.shape[0]):
        seconds[b] = -1.0
        if count[b] == 0 and b != batch_b:
            continue
        total = weights[4]
        if b == batch_a:
            total += a0 * weights[3] + a1 * weights[5]
        elif b == batch_b:
            total += b0 * weights[3] + b1 * weights[5]
        else:
            total += metres[b] * weights[3] + halts[b] * weights[5]
        first = np.inf
        anybody = False
        member = head[b]
        while member >= 0:
            if not moved(b, batch_a, batch_b, member, swap):
                anybody = True
                first = min(first, due[member])
                total += pieces[member] * weights[6]
            member = follower[member]
        for k in range(3):
            unit = swap[k]
            if unit >= 0 and b == (batch_a if k == 2 else batch_b):
                anybody = True
                first = min(first, due[unit])
                total += pieces[unit] * weights[6]
        if anybody:
            seconds[b] = total
            soonest[b] = first


@kernel
def lateness(units, plan, weights, pickers, batch_a, a0, a1, batch_b, b0, b1, swap, work):  # type: ignore[no-untyped-def]
    """Seconds late, summed over orders. Batches a and b are taken with the metres and halts given.

    swap: (out of a 1, 2, into a) units that change sides, -1 for none. work: float64 (2 * (n + 1) + pickers,).
    """
    due = units[6]
    head, follower = plan[1], plan[2]
    rows = head.shape[0]
    seconds, soonest, free = work[:rows], work[rows : 2 * rows], work[2 * rows :]
    batch_times(units, plan, weights, batch_a, a0, a1, batch_b, b0, b1, swap, seconds, soonest)
    order = np.empty(rows, dtype=np.int64)
    used = 0
    for b in range(rows):
        if seconds[b] < 0:
            continue
        j = used
        while j > 0 and soonest[order[j - 1]] > soonest[b]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = b
        used += 1
    free[:pickers] = 0.0
    late = 0.0
    for i in range(used):
        b = order[i]
        p = 0
        for q in range(1, pickers):
            if free[q] < free[p]:
                p = q
        free[p] += seconds[b]
        finish = free[p]
        if finish <= soonest[b]:
            continue
        member = head[b]
        while member >= 0:
            if not moved(b, batch_a, batch_b, member, swap):
                late += max(0.0, finish - due[member])
            member = follower[member]
        for k in range(3):
            unit = swap[k]
            if unit >= 0 and b == (batch_a if k == 2 else batch_b):
                late += max(0.0, finish - due[unit])
    return late
