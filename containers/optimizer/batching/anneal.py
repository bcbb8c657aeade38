"""Compiled simulated annealing over batches: relocate, swap and two-for-one swap on exact route lengths.

Batches of accepted plans are also kept in a pool, from which set partitioning later combines a plan. Arrays are those of
measure.py, and

weights  float64 [per metre, per batch, per halt, seconds per metre, per batch, per halt, per piece, lateness weight]
stretch  (capacity int64 (D,), price (3,)): the cart's limits; what a whole cart's load too much costs now, at least, at
         most. Above the limits a plan may pass for a while, up to the stretched capacity in `units`
pool     (first (P+1,), members, metres (P,), halts (P,), used [1], table (2^k,) of keys)
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.batching.late import lateness
from containers.optimizer.batching.measure import attach, detach, fits, measure
from containers.optimizer.chance import below, fraction
from containers.optimizer.jit import kernel

# The price of overfull carts changes by DEARER every PRICE_MOVES moves, so that plans fit for a share FITTING of them.
PRICE_MOVES = 500
DEARER = 1.1
FITTING = 0.7


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
def excess(units, plan, stretch, batch, out1, out2, in1, in2):  # type: ignore[no-untyped-def]
    """(units of load above the limits, the same as a share of a cart) of a batch that loses and gains these units."""
    demand, load, capacity = units[1], plan[5], stretch[0]
    pieces = 0
    share = 0.0
    for d in range(capacity.shape[0]):
        total = load[batch, d] - capacity[d]
        if out1 >= 0:
            total -= demand[out1, d]
        if out2 >= 0:
            total -= demand[out2, d]
        if in1 >= 0:
            total += demand[in1, d]
        if in2 >= 0:
            total += demand[in2, d]
        if total > 0:
            pieces += total
            share += total / capacity[d]
    return pieces, share


@kernel
def anneal(frame, scratch, units, plan, memory, pool, zobrist, near, weights, stretch, pickers, random, moves, hot, cold, best, totals):  # type: ignore[no-untyped-def]  # fmt: skip
    """`moves` moves while the temperature falls from `hot` to `cold` geometrically.

    A plan may pass through overfull carts, at a price that rises while most plans are overfull and falls while most are
    not (strategic oscillation, Glover 1977; as in Vidal et al. 2012): where carts are nearly full, moves that fit are few.
    units: with the stretched capacity. near: (n, K) int64, promising partners per unit, -1 padded. best: (n,) the best
    assignment so far that fits, updated. totals: float64 [objective now, best objective, lateness now, load above the
    limits now]. Objective units as in weights[0..2, 7].
    """
    assign, _head, follower, _before, count, _load, _tag, _clash, _zone, metres, halts, _key = plan
    price = stretch[1]
    n = assign.shape[0]
    timed = weights[7] > 0.0
    swap = np.full(3, -1, dtype=np.int64)
    work = np.empty(2 * count.shape[0] + pickers)
    cooling = (cold / hot) ** (1.0 / max(1, moves))
    temperature = hot
    nobody = np.int64(-1)
    late = totals[2]
    over = np.int64(totals[3])
    fitting = 0
    for move in range(moves):
        temperature *= cooling
        if over == 0:
            fitting += 1
        if (move + 1) % PRICE_MOVES == 0:
            price[0] *= DEARER if fitting < FITTING * PRICE_MOVES else 1.0 / DEARER
            price[0] = min(max(price[0], price[1]), price[2])
            fitting = 0
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
        over_a, share_a = excess(units, plan, stretch, a, nobody, nobody, nobody, nobody)
        over_b, share_b = excess(units, plan, stretch, b, nobody, nobody, nobody, nobody)
        next_a, next_share_a = excess(units, plan, stretch, a, u, u2, w, nobody)
        next_b, next_share_b = excess(units, plan, stretch, b, w, nobody, u, u2)
        allowed -= (next_share_a + next_share_b - share_a - share_b) * price[0]
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
        over += next_a + next_b - over_a - over_b
        if next_a == 0:
            remember(plan, pool, a)
        if next_b == 0:
            remember(plan, pool, b)
        if over == 0 and totals[0] < totals[1] - 1e-7:
            totals[1] = totals[0]
            best[:] = assign
    totals[3] = over
