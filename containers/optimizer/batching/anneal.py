"""Compiled simulated annealing over batches: relocate, swap and two-for-one swap on exact route lengths.

Lengths of batches seen before come from a direct-mapped cache keyed by a Zobrist hash of the members; batches of
accepted plans are also kept in a pool, from which set partitioning later combines a plan.

units    (offsets (n+1,), positions, demand (n, D), capacity (D,), tags (n,), clashes (n,), zones (n,), due (n,))
weights  float64 [per metre, per batch, per halt, seconds per metre, per batch, per halt, per piece, lateness weight]
plan     (assign (n,), head (n+1,), follower (n,), before (n,), count (n+1,), load (n+1, D), tag, clash, zone (n+1,),
          metres (n+1,), halts (n+1,), key (n+1,)): batches as linked lists of units; row b is empty when count[b] is 0
memory   (keys (2^k,), values (2^k, 2)): the cache. pool (first (P+1,), members, metres (P,), halts (P,), used [1],
          table (2^k,) of keys)
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.floor.tours import mark, marked_tour
from containers.optimizer.jit import kernel


@kernel
def next_random(state):  # type: ignore[no-untyped-def]
    """xorshift64* (Vigna 2016); the stream is ours, so that a seed gives the same plan on every machine."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return x * np.uint64(2685821657736338717)


@kernel
def below(state, n):  # type: ignore[no-untyped-def]
    """A random integer in 0..n-1."""
    return np.int64((next_random(state) >> np.uint64(33)) % np.uint64(n))


@kernel
def fraction(state):  # type: ignore[no-untyped-def]
    """A random float in [0, 1)."""
    return float(next_random(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def attach(units, plan, zobrist, unit, batch):  # type: ignore[no-untyped-def]
    """Put a unit at the head of a batch."""
    _offsets, _positions, demand, capacity, tags, clashes, zones, _due = units
    assign, head, follower, before, count, load, tag, clash, zone, _metres, _halts, key = plan
    assign[unit] = batch
    follower[unit] = head[batch]
    before[unit] = -1
    if head[batch] >= 0:
        before[head[batch]] = unit
    head[batch] = unit
    count[batch] += 1
    for d in range(capacity.shape[0]):
        load[batch, d] += demand[unit, d]
    tag[batch] |= tags[unit]
    clash[batch] |= clashes[unit]
    zone[batch] = zones[unit]
    key[batch] ^= zobrist[unit]


@kernel
def detach(units, plan, zobrist, unit):  # type: ignore[no-untyped-def]
    """Take a unit out of its batch."""
    _offsets, _positions, demand, capacity, tags, clashes, _zones, _due = units
    assign, head, follower, before, count, load, tag, clash, _zone, _metres, _halts, key = plan
    batch = assign[unit]
    if before[unit] >= 0:
        follower[before[unit]] = follower[unit]
    else:
        head[batch] = follower[unit]
    if follower[unit] >= 0:
        before[follower[unit]] = before[unit]
    count[batch] -= 1
    for d in range(capacity.shape[0]):
        load[batch, d] -= demand[unit, d]
    key[batch] ^= zobrist[unit]
    if tag[batch] != 0:
        tag[batch] = np.uint64(0)
        clash[batch] = np.uint64(0)
        member = head[batch]
        while member >= 0:
            tag[batch] |= tags[member]
            clash[batch] |= clashes[member]
            member = follower[member]


@kernel
def measure(frame, scratch, units, plan, memory, zobrist, batch, out1, out2, in1, in2, result):  # type: ignore[no-untyped-def]
    """Metres and halts of a batch with up to two units taken out and two put in (-1 for none), into `result`."""
    offsets, positions = units[0], units[1]
    _assign, head, follower, _before, _count, _load, _tag, _clash, _zone, _metres, _halts, key = plan
    keys, values = memory
    wanted = key[batch]
    for unit in (out1, out2, in1, in2):
        if unit >= 0:
            wanted ^= zobrist[unit]
    slot = wanted & np.uint64(keys.shape[0] - 1)
    if keys[slot] == wanted:
        result[0] = values[slot, 0]
        result[1] = values[slot, 1]
        return
    slots = frame[0][2]
    bits, active = scratch[0], scratch[1]
    cells = 0
    halts = 0
    member = head[batch]
    while member >= 0:
        if member != out1 and member != out2:
            cells, fresh = mark(positions, offsets[member], offsets[member + 1], slots, bits, active, cells)
            halts += fresh
        member = follower[member]
    for unit in (in1, in2):
        if unit >= 0:
            cells, fresh = mark(positions, offsets[unit], offsets[unit + 1], slots, bits, active, cells)
            halts += fresh
    result[0] = marked_tour(frame, scratch, cells)
    result[1] = halts
    keys[slot] = wanted
    values[slot, 0] = result[0]
    values[slot, 1] = result[1]


@kernel
def rebuild(frame, scratch, units, plan, memory, zobrist, assignment):  # type: ignore[no-untyped-def]
    """Fill `plan` from batch numbers per unit."""
    _assign, head, _follower, _before, count, load, tag, clash, _zone, metres, halts, key = plan
    head[:] = -1
    count[:] = 0
    load[:] = 0
    tag[:] = np.uint64(0)
    clash[:] = np.uint64(0)
    metres[:] = 0.0
    halts[:] = 0.0
    key[:] = np.uint64(0)
    for unit in range(assignment.shape[0]):
        attach(units, plan, zobrist, unit, assignment[unit])
    result = np.zeros(2)
    nobody = np.int64(-1)
    for batch in range(head.shape[0]):
        if count[batch] > 0:
            measure(frame, scratch, units, plan, memory, zobrist, batch, nobody, nobody, nobody, nobody, result)
            metres[batch] = result[0]
            halts[batch] = result[1]


@kernel
def lateness(units, plan, weights, pickers, batch_a, a0, a1, batch_b, b0, b1, swap, work):  # type: ignore[no-untyped-def]
    """Seconds late, summed over orders, when batches go to pickers in the order of their earliest due time.

    Batches a and b are taken with the metres and halts given. swap: (out of a 1, 2, into a) units that change sides.
    work: float64 (2 * (n + 1) + pickers,).
    """
    demand, due = units[2], units[7]
    assign, head, follower, _before, count, _load, _tag, _clash, _zone, metres, halts, _key = plan
    rows = head.shape[0]
    order = np.empty(rows, dtype=np.int64)
    used = 0
    for b in range(rows):
        if count[b] == 0 and b != batch_b:
            continue
        soonest = np.inf
        seconds = weights[4]
        if b == batch_a:
            seconds += a0 * weights[3] + a1 * weights[5]
        elif b == batch_b:
            seconds += b0 * weights[3] + b1 * weights[5]
        else:
            seconds += metres[b] * weights[3] + halts[b] * weights[5]
        any_member = False
        member = head[b]
        while member >= 0:
            if not (b == batch_a and (member == swap[0] or member == swap[1])) and not (
                b == batch_b and member == swap[2]
            ):
                any_member = True
                soonest = min(soonest, due[member])
                seconds += demand[member, 0] * weights[6]
            member = follower[member]
        if b == batch_b:
            for unit in (swap[0], swap[1]):
                if unit >= 0:
                    any_member = True
                    soonest = min(soonest, due[unit])
                    seconds += demand[unit, 0] * weights[6]
        if b == batch_a and swap[2] >= 0:
            any_member = True
            soonest = min(soonest, due[swap[2]])
            seconds += demand[swap[2], 0] * weights[6]
        if not any_member:
            continue
        work[b] = seconds
        j = used
        while j > 0 and work[rows + order[j - 1]] > soonest:
            order[j] = order[j - 1]
            j -= 1
        order[j] = b
        work[rows + b] = soonest
        used += 1
    free = work[2 * rows :]
    for p in range(pickers):
        free[p] = 0.0
    late = 0.0
    for i in range(used):
        b = order[i]
        p = 0
        for q in range(1, pickers):
            if free[q] < free[p]:
                p = q
        free[p] += work[b]
        finish = free[p]
        if finish <= work[rows + b]:
            continue
        member = head[b]
        while member >= 0:
            if not (b == batch_a and (member == swap[0] or member == swap[1])) and not (
                b == batch_b and member == swap[2]
            ):
                late += max(0.0, finish - due[member])
            member = follower[member]
        if b == batch_b:
            for unit in (swap[0], swap[1]):
                if unit >= 0:
                    late += max(0.0, finish - due[unit])
        if b == batch_a and swap[2] >= 0:
            late += max(0.0, finish - due[swap[2]])
    _ = assign
    return late


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
def fits(units, plan, batch, out1, out2, in1, in2):  # type: ignore[no-untyped-def]
    """Whether a batch may lose and gain these units (-1 for none): capacity, zone, incompatibilities."""
    _offsets, _positions, demand, capacity, tags, clashes, zones, _due = units
    _assign, head, follower, _before, count, load, _tag, clash, zone, _metres, _halts, _key = plan
    for d in range(capacity.shape[0]):
        total = load[batch, d] + demand[in1, d]
        if in2 >= 0:
            total += demand[in2, d]
        if out1 >= 0:
            total -= demand[out1, d]
        if out2 >= 0:
            total -= demand[out2, d]
        if total > capacity[d]:
            return False
    if count[batch] == 0:
        return in2 < 0 or (zones[in1] == zones[in2] and (tags[in1] & clashes[in2]) == 0)
    if zone[batch] != zones[in1]:
        return False
    for unit in (in1, in2):
        if unit >= 0 and (tags[unit] & clash[batch]) != 0:
            member = head[batch]
            while member >= 0:
                if member != out1 and member != out2 and (tags[unit] & clashes[member]) != 0:
                    return False
                member = follower[member]
    return in2 < 0 or (tags[in1] & clashes[in2]) == 0


@kernel
def anneal(frame, scratch, units, plan, memory, pool, zobrist, near, weights, pickers, random, moves, hot, cold, best, totals):  # type: ignore[no-untyped-def]  # fmt: skip
    """`moves` moves while the temperature falls from `hot` to `cold` geometrically.

    near: (n, K) int64, promising partners per unit, -1 padded. best: (n,) the best assignment so far, updated.
    totals: float64 [objective now, best objective, lateness now]. Objective units as in weights[0..2, 7].
    """
    assign, head, follower, _before, count, _load, _tag, _clash, _zone, metres, halts, _key = plan
    n = assign.shape[0]
    rows = head.shape[0]
    timed = weights[7] > 0.0
    swap = np.full(3, -1, dtype=np.int64)
    work = np.empty(2 * rows + pickers)
    new_a = np.zeros(2)
    new_b = np.zeros(2)
    cooling = (cold / hot) ** (1.0 / max(1, moves))
    temperature = hot
    nobody = np.int64(-1)
    for _move in range(moves):
        temperature *= cooling
        u = below(random, n)
        a = assign[u]
        pick = fraction(random)
        b = nobody
        if pick < 0.6:
            v = near[u, below(random, near.shape[1])]
            if v >= 0:
                b = assign[v]
        elif pick < 0.98 or count[a] == 1:
            b = assign[below(random, n)]
        else:
            for row in range(rows):  # an empty batch
                if count[row] == 0:
                    b = np.int64(row)
                    break
        if b < 0 or b == a:
            continue
        u2 = nobody
        w = nobody
        kind = fraction(random)
        if count[b] > 0 and (kind < 0.55 or not fits(units, plan, b, nobody, nobody, u, nobody)):
            # swap u, or u and another of its batch, for one of b
            if kind > 0.4 and kind < 0.7 and count[a] > 1:
                skip = below(random, count[a])
                u2 = head[a]
                while skip > 0:
                    u2 = follower[u2]
                    skip -= 1
                if u2 == u:
                    u2 = follower[u]
                    if u2 < 0:
                        u2 = head[a]
            start = below(random, count[b])
            candidate = head[b]
            for _ in range(start):
                candidate = follower[candidate]
            found = False
            for _ in range(count[b]):
                if fits(units, plan, b, candidate, nobody, u, u2) and fits(units, plan, a, u, u2, candidate, nobody):
                    found = True
                    break
                candidate = follower[candidate]
                if candidate < 0:
                    candidate = head[b]
            if not found:
                continue
            w = candidate
        measure(frame, scratch, units, plan, memory, zobrist, a, u, u2, w, nobody, new_a)
        measure(frame, scratch, units, plan, memory, zobrist, b, w, nobody, u, u2, new_b)
        change = (new_a[0] + new_b[0] - metres[a] - metres[b]) * weights[0]
        change += (new_a[1] + new_b[1] - halts[a] - halts[b]) * weights[2]
        if count[b] == 0:
            change += weights[1]
        if w < 0 and (count[a] == 1 or (count[a] == 2 and u2 >= 0)):
            change -= weights[1]
        late = totals[2]
        if timed:
            if change > 0 and change > 30.0 * temperature + late * weights[7]:
                continue
            swap[0] = u
            swap[1] = u2
            swap[2] = w
            late = lateness(units, plan, weights, pickers, a, new_a[0], new_a[1], b, new_b[0], new_b[1], swap, work)
            change += (late - totals[2]) * weights[7]
        if change > 0.0 and fraction(random) >= np.exp(-change / temperature):
            continue
        detach(units, plan, zobrist, u)
        if u2 >= 0:
            detach(units, plan, zobrist, u2)
            attach(units, plan, zobrist, u2, b)
        if w >= 0:
            detach(units, plan, zobrist, w)
            attach(units, plan, zobrist, w, a)
        attach(units, plan, zobrist, u, b)
        metres[a] = new_a[0]
        halts[a] = new_a[1]
        metres[b] = new_b[0]
        halts[b] = new_b[1]
        totals[0] += change
        totals[2] = late
        remember(plan, pool, a)
        remember(plan, pool, b)
        if totals[0] < totals[1] - 1e-7:
            totals[1] = totals[0]
            best[:] = assign
