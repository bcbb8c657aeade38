"""Compiled annealing of a plan that was there before: an order that leaves its batch has a price, and at most so many may."""

from __future__ import annotations

import numpy as np

from containers.optimizer.batching.anneal import other_batch, partner_to_swap
from containers.optimizer.batching.late import lateness
from containers.optimizer.batching.measure import attach, detach, fits, measure
from containers.optimizer.chance import below, fraction
from containers.optimizer.jit import kernel

HOMEWARD = 0.1  # of the moves, how many bring an order back that had moved


@kernel
def away(home, unit, batch):  # type: ignore[no-untyped-def]
    """1 when a unit of the earlier plan is in another batch than then."""
    return 1 if unit >= 0 and home[unit] >= 0 and home[unit] != batch else 0


@kernel
def regroup(frame, scratch, units, plan, memory, zobrist, near, weights, home, shut, price, most, pickers, random, moves, hot, cold, best, totals):  # type: ignore[no-untyped-def]  # fmt: skip
    """`moves` relocations and swaps while the temperature falls from `hot` to `cold` geometrically.

    home: (n,) the unit's row in the earlier plan, -1 for a late one. shut: (n + 1,) rows that neither take nor give. price: per
    unit away from home; never more than `most` of them. totals: float64 [objective now, best objective, lateness now, units
    away now]; best: (n,) the assignment of the best objective. The other arrays are those of measure.py and anneal.py.
    """
    assign, _head, _follower, _before, count, _load, _tag, _clash, _zone, metres, halts, _key = plan
    n = assign.shape[0]
    timed = weights[7] > 0.0
    swap = np.full(3, -1, dtype=np.int64)
    work = np.empty(2 * count.shape[0] + pickers)
    cooling = (cold / hot) ** (1.0 / max(1, moves))
    temperature = hot
    nobody = np.int64(-1)
    late = totals[2]
    for _ in range(moves):
        temperature *= cooling
        u = below(random, n)
        a = assign[u]
        b = home[u] if away(home, u, a) == 1 and fraction(random) < HOMEWARD else other_batch(plan, near, random, u)
        if b < 0 or shut[a] or shut[b]:
            continue
        w = nobody
        if count[b] > 0 and (fraction(random) < 0.5 or not fits(units, plan, b, nobody, nobody, u, nobody)):
            w = partner_to_swap(units, plan, random, a, b, u, nobody)
            if w < 0:
                continue
        more = away(home, u, b) - away(home, u, a) + away(home, w, a) - away(home, w, b)
        if more > 0 and totals[3] + more > most:
            continue
        allowed = -temperature * np.log(1.0 - fraction(random))
        change = more * price - (metres[a] + metres[b]) * weights[0] - (halts[a] + halts[b]) * weights[2]
        if count[b] == 0:
            change += weights[1]
        if w < 0 and count[a] == 1:
            change -= weights[1]
        a0, a1 = measure(frame, scratch, units, plan, memory, zobrist, a, u, nobody, w, nobody)
        b0, b1 = measure(frame, scratch, units, plan, memory, zobrist, b, w, nobody, u, nobody)
        change += (a0 + b0) * weights[0] + (a1 + b1) * weights[2]
        if timed:
            swap[0] = u
            swap[2] = w
            late = lateness(units, plan, weights, pickers, a, a0, a1, b, b0, b1, swap, work)
            change += (late - totals[2]) * weights[7]
        if change > allowed:
            continue
        detach(units, plan, zobrist, u)
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
        totals[3] += more
        if totals[0] < totals[1] - 1e-7:
            totals[1] = totals[0]
            best[:] = assign


@kernel
def insert(frame, scratch, units, plan, memory, zobrist, weights, shut, late):  # type: ignore[no-untyped-def]
    """Put each unit of `late`, all alone in their rows, where it costs least: with others, or where it is."""
    assign, _head, _follower, _before, count, _load, _tag, _clash, _zone, metres, halts, _key = plan
    nobody = np.int64(-1)
    for u in late:
        a = assign[u]
        if count[a] > 1:  # one before it has joined it
            continue
        gain, to, to0, to1 = -1e-9, nobody, 0.0, 0.0
        alone = metres[a] * weights[0] + weights[1] + halts[a] * weights[2]
        for b in range(count.shape[0]):
            if b == a or count[b] == 0 or shut[b] or not fits(units, plan, b, nobody, nobody, u, nobody):
                continue
            b0, b1 = measure(frame, scratch, units, plan, memory, zobrist, b, nobody, nobody, u, nobody)
            change = (b0 - metres[b]) * weights[0] + (b1 - halts[b]) * weights[2] - alone
            if change < gain:
                gain, to, to0, to1 = change, np.int64(b), b0, b1
        if to < 0:
            continue
        detach(units, plan, zobrist, u)
        attach(units, plan, zobrist, u, to)
        metres[to], halts[to] = to0, to1
        metres[a], halts[a] = 0.0, 0.0
