"""Compiled simulated annealing over batches: relocate, swap and two-for-one swap on exact route lengths.

Batches of accepted plans are also kept in a pool, from which set partitioning later combines a plan. Arrays are those of
measure.py, and

weights  float64 [per metre, per batch, per halt, seconds per metre, per batch, per halt, per piece, lateness weight]
pool     (first (P+1,), members, metres (P,), halts (P,), used [1], table (2^k,) of keys)
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.batching.late import lateness
from containers.optimizer.batching.measure import attach, detach, fits, measure
from containers.optimizer.chance import below, fraction
from containers.optimizer.jit import kernel


@kernel
def remember(plan, pool, batch):  # type: ignore[no-untyped-def]
    """Keep a batch in the pool, unless it is there or the pool is full."""
    first, members, pool_metres, pool_halts, used, table = pool
    _assign, head, follower, _before, count, _load, _tag, _clash, _zone, metres, halts, key = plan
    wanted = key[batch]
    slot = wanted & np.uint64(table.shape[0] - 1)
    if count[batch] == 0 or table[slot] == wanted or used[0] >= pool_metres.shape[0]:
        return
    if first[used[0]] + count[batch] > members.shape[0]:
        return
    table[slot] = wanted
    at = first[used[0]]
    member = head[batch]
    while member >= 0:
        members[at] = member
        at += 1
        member = follower[member]
    pool_metres[used[0]] = metres[batch]
    pool_halts[used[0]] = halts[batch]
    used[0] += 1
    first[used[0]] = at


@kernel
def other_batch(plan, near, random, u):  # type: ignore[no-untyped-def]
    """Where unit u might go: a near unit's batch, anybody's, or an empty row; -1 for nowhere."""
    assign, count = plan[0], plan[4]
    a = assign[u]
    pick = fraction(random)
    b = np.int64(-1)
    if pick < 0.6:
        v = near[u, below(random, near.shape[1])]
        if v >= 0:
            b = assign[v]
    elif pick < 0.98 or count[a] == 1:
        b = assign[below(random, assign.shape[0])]
    else:
        for row in range(count.shape[0]):
            if count[row] == 0:
                return np.int64(row)
    return np.int64(-1) if b == a else b


@kernel
def member_at(plan, batch, skip):  # type: ignore[no-untyped-def]
    """The member after `skip` others."""
    unit = plan[1][batch]
    while skip > 0:
        unit = plan[2][unit]
        skip -= 1
    return unit


@kernel
def partner_to_swap(units, plan, random, a, b, u, u2):  # type: ignore[no-untyped-def]
    """A member of b that could come to a while u (and u2) go to b, or -1; looked for from a random member on."""
    head, follower, count = plan[1], plan[2], plan[4]
    nobody = np.int64(-1)
    candidate = member_at(plan, b, below(random, count[b]))
    for _ in range(count[b]):
        if fits(units, plan, b, candidate, nobody, u, u2) and fits(units, plan, a, u, u2, candidate, nobody):
            return candidate
        candidate = follower[candidate]
        if candidate < 0:
            candidate = head[b]
    return nobody


@kernel
def anneal(frame, scratch, units, plan, memory, pool, zobrist, near, weights, pickers, random, moves, hot, cold, best, totals):  # type: ignore[no-untyped-def]  # fmt: skip
    """`moves` moves while the temperature falls from `hot` to `cold` geometrically.

    near: (n, K) int64, promising partners per unit, -1 padded. best: (n,) the best assignment so far, updated.
    totals: float64 [objective now, best objective, lateness now]. Objective units as in weights[0..2, 7].
    """
    assign, _head, follower, _before, count, _load, _tag, _clash, _zone, metres, halts, _key = plan
    n = assign.shape[0]
    timed = weights[7] > 0.0
    swap = np.full(3, -1, dtype=np.int64)
    work = np.empty(2 * count.shape[0] + pickers)
    cooling = (cold / hot) ** (1.0 / max(1, moves))
    temperature = hot
    nobody = np.int64(-1)
    late = totals[2]
    for _move in range(moves):
        temperature *= cooling
        u = below(random, n)
        a = assign[u]
        b = other_batch(plan, near, random, u)
        if b < 0:
            continue
        u2 = nobody
        w = nobody
        kind = fraction(random)
        if count[b] > 0 and (kind < 0.55 or not fits(units, plan, b, nobody, nobody, u, nobody)):
            # swap u, or u and another of its batch, for one of b
            if kind > 0.4 and kind < 0.7 and count[a] > 1:
                u2 = member_at(plan, a, below(random, count[a]))
                if u2 == u:
                    u2 = follower[u] if follower[u] >= 0 else plan[1][a]
            w = partner_to_swap(units, plan, random, a, b, u, u2)
            if w < 0:
                continue
        # What the change may cost, drawn first: most changes fail and are seen to fail early.
        allowed = -temperature * np.log(1.0 - fraction(random))
        before = (metres[a] + metres[b]) * weights[0] + (halts[a] + halts[b]) * weights[2]
        if count[b] == 0:
            before -= weights[1]
        if w < 0 and (count[a] == 1 or (count[a] == 2 and u2 >= 0)):
            before += weights[1]
        b0, b1 = measure(frame, scratch, units, plan, memory, zobrist, b, w, nobody, u, u2)
        cost_b = b0 * weights[0] + b1 * weights[2]
        if w >= 0 and not timed:  # a batch that gains a unit is never shorter for it
            rest0, rest1 = measure(frame, scratch, units, plan, memory, zobrist, a, u, u2, nobody, nobody)
            if cost_b + rest0 * weights[0] + rest1 * weights[2] - before > allowed:
                continue
        a0, a1 = measure(frame, scratch, units, plan, memory, zobrist, a, u, u2, w, nobody)
        change = cost_b + a0 * weights[0] + a1 * weights[2] - before
        if timed:
            if change > allowed + totals[2] * weights[7]:
                continue
            swap[0] = u
            swap[1] = u2
            swap[2] = w
            late = lateness(units, plan, weights, pickers, a, a0, a1, b, b0, b1, swap, work)
            change += (late - totals[2]) * weights[7]
        if change > allowed:
            continue
        detach(units, plan, zobrist, u)
        if u2 >= 0:
            detach(units, plan, zobrist, u2)
            attach(units, plan, zobrist, u2, b)
        if w >= 0:
            detach(units, plan, zobrist, w)
            attach(units, plan, zobrist, w, a)
        attach(units, plan, zobrist, u, b)
        metres[a] = a0
        halts[a] = a1
        metres[b] = b0
        halts[b] = b1
        totals[0] += change
        totals[2] = late
        remember(plan, pool, a)
        remember(plan, pool, b)
        if totals[0] < totals[1] - 1e-7:
            totals[1] = totals[0]
            best[:] = assign
