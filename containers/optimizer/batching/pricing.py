"""Compiled search for batches of negative reduced cost: what a linear program over the batches seen still lacks.

Each descent starts from a batch and takes the best of: one unit out, one in, or one exchanged. A batch never gets shorter
by another stop, so cost less duals of what stays, less the newcomer's dual, bounds every exchange from below: most are
passed over unmeasured. Arrays are those of measure.py and anneal.py.
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.floor.bits import join
from containers.optimizer.floor.tours import tour
from containers.optimizer.jit import kernel

LONGEST = 256  # units in a batch that a descent takes on


@kernel
def cost_of(frame, scratch, units, weights, memory, zobrist, members, size, out, unit):  # type: ignore[no-untyped-def]
    """Objective of the batch members[:size] without members[out] (-1: nobody) and with `unit` (-1: nobody)."""
    keys, values = memory
    wanted = np.uint64(0)
    for i in range(size):
        if i != out:
            wanted ^= zobrist[members[i]]
    if unit >= 0:
        wanted ^= zobrist[unit]
    slot = wanted & np.uint64(keys.shape[0] - 1)
    if keys[slot] != wanted:
        for i in range(size):
            if i != out:
                join(units[0], members[i], scratch[0], scratch[1])
        if unit >= 0:
            join(units[0], unit, scratch[0], scratch[1])
        metres, halts = tour(frame, scratch)
        keys[slot] = wanted
        values[slot, 0] = metres
        values[slot, 1] = halts
    return values[slot, 0] * weights[0] + weights[1] + values[slot, 1] * weights[2]


@kernel
def keep(pool, zobrist, members, size, memory):  # type: ignore[no-untyped-def]
    """Put a batch that cost_of has just measured into the pool, unless it is there or the pool is full."""
    first, held, pool_metres, pool_halts, used, table = pool
    keys, values = memory
    wanted = np.uint64(0)
    for i in range(size):
        wanted ^= zobrist[members[i]]
    slot = wanted & np.uint64(table.shape[0] - 1)
    at = first[used[0]]
    if table[slot] == wanted or used[0] >= pool_metres.shape[0] or at + size > held.shape[0]:
        return
    table[slot] = wanted
    for i in range(size):
        held[at + i] = members[i]
    where = wanted & np.uint64(keys.shape[0] - 1)
    pool_metres[used[0]] = values[where, 0]
    pool_halts[used[0]] = values[where, 1]
    used[0] += 1
    first[used[0]] = at + size


@kernel
def agrees(units, members, size, out, unit):  # type: ignore[no-untyped-def]
    """Whether `unit` may share a cart with members[:size] without members[out], capacity aside."""
    tags, clashes, zones = units[3], units[4], units[5]
    for i in range(size):
        other = members[i]
        if other == unit:
            return False
        if i != out and (zones[other] != zones[unit] or (tags[unit] & clashes[other]) != 0):
            return False
    return True


@kernel
def room(units, load, out, unit):  # type: ignore[no-untyped-def]
    """Whether a batch of this load takes `unit` in exchange for unit `out` (-1 for nobody)."""
    demand, capacity = units[1], units[2]
    for d in range(capacity.shape[0]):
        total = load[d] + demand[unit, d]
        if out >= 0:
            total -= demand[out, d]
        if total > capacity[d]:
            return False
    return True


@kernel
def descend(frame, scratch, units, weights, memory, zobrist, pool, duals, dearest, banned, effort, members, size):  # type: ignore[no-untyped-def]  # fmt: skip
    """Change members[:size] while its reduced cost falls; batches below zero go to the pool. Returns the last cost.

    dearest: units by falling dual. banned: (n,) bool, units that no batch may take in. effort: [measurements left]; the
    descent ends when they are used up.
    """
    demand, capacity = units[1], units[2]
    load = np.zeros(capacity.shape[0], dtype=np.int64)
    held = 0.0
    for i in range(size):
        held += duals[members[i]]
        for d in range(capacity.shape[0]):
            load[d] += demand[members[i], d]
    nobody = np.int64(-1)
    now = cost_of(frame, scratch, units, weights, memory, zobrist, members, size, nobody, nobody) - held
    while True:
        best = now - 1e-7
        best_out = nobody
        best_in = nobody
        for out in range(-1, size):
            if out >= 0 and size == 1:
                base, left = weights[1], held - duals[members[out]]
                gone = members[out]
            elif out >= 0:
                gone = members[out]
                left = held - duals[gone]
                base = cost_of(frame, scratch, units, weights, memory, zobrist, members, size, out, nobody)
                if base - left < best:
                    best, best_out, best_in = base - left, np.int64(out), nobody
            else:
                gone = nobody
                left = held
                base = now + held
            for k in range(dearest.shape[0]):
                unit = dearest[k]
                if base - left - duals[unit] >= best:
                    break
                if banned[unit] or not room(units, load, gone, unit) or not agrees(units, members, size, out, unit):
                    continue
                effort[0] -= 1
                value = cost_of(frame, scratch, units, weights, memory, zobrist, members, size, out, unit)
                value -= left + duals[unit]
                if value < best:
                    best, best_out, best_in = value, np.int64(out), unit
        if (best_out < 0 and best_in < 0) or size >= LONGEST - 1 or effort[0] < 0:
            return now
        if best_out >= 0:
            gone = members[best_out]
            held -= duals[gone]
            for d in range(capacity.shape[0]):
                load[d] -= demand[gone, d]
            size -= 1
            members[best_out] = members[size]
        if best_in >= 0:
            members[size] = best_in
            size += 1
            held += duals[best_in]
            for d in range(capacity.shape[0]):
                load[d] += demand[best_in, d]
        now = cost_of(frame, scratch, units, weights, memory, zobrist, members, size, nobody, nobody) - held
        if now < -1e-7:
            keep(pool, zobrist, members, size, memory)


@kernel
def price(frame, scratch, units, weights, memory, zobrist, pool, duals, dearest, banned, effort, first, starts):  # type: ignore[no-untyped-def]  # fmt: skip
    """One descent from each of the batches starts[first[c]:first[c + 1]]; what is found goes to the pool.

    Returns the lowest reduced cost. effort: as in descend.
    """
    members = np.empty(LONGEST, dtype=np.int64)
    lowest = 0.0
    for c in range(first.shape[0] - 1):
        size = first[c + 1] - first[c]
        if size == 0 or size >= LONGEST:
            continue
        for i in range(size):
            members[i] = starts[first[c] + i]
        value = descend(
            frame, scratch, units, weights, memory, zobrist, pool, duals, dearest, banned, effort, members, size
        )
        lowest = min(lowest, value)
        if effort[0] < 0:
            break
    return lowest


@kernel
def reduced_costs(pool, weights, duals, banned, value):  # type: ignore[no-untyped-def]
    """Reduced cost of every batch of the pool into value (P,): infinity where a member is banned."""
    first, held, pool_metres, pool_halts, used, _table = pool
    for c in range(used[0]):
        total = pool_metres[c] * weights[0] + weights[1] + pool_halts[c] * weights[2]
        for i in range(first[c], first[c + 1]):
            if banned[held[i]]:
                total = np.inf
                break
            total -= duals[held[i]]
        value[c] = total


@kernel
def absorb(pool, zobrist, other, begin):  # type: ignore[no-untyped-def]
    """Copy another pool's batches, from number `begin` on, that are not in this one; returns where the other ends."""
    first, held, pool_metres, pool_halts, used, table = pool
    from_first, from_held, from_metres, from_halts, from_used, _ = other
    end = from_used[0]
    for c in range(begin, end):
        wanted = np.uint64(0)
        for i in range(from_first[c], from_first[c + 1]):
            wanted ^= zobrist[from_held[i]]
        slot = wanted & np.uint64(table.shape[0] - 1)
        at = first[used[0]]
        size = from_first[c + 1] - from_first[c]
        if table[slot] == wanted or used[0] >= pool_metres.shape[0] or at + size > held.shape[0]:
            continue
        table[slot] = wanted
        for i in range(size):
            held[at + i] = from_held[from_first[c] + i]
        pool_metres[used[0]] = from_metres[c]
        pool_halts[used[0]] = from_halts[c]
        used[0] += 1
        first[used[0]] = at + size
    return end


@kernel
def partners(pool, value, scale, slots):  # type: ignore[no-untyped-def]
    """int64 (n, K): whom each unit shares batches of low reduced cost with, the more often the lower; -1 for nobody.

    value: reduced costs of the pool. A batch at `scale` counts 1/e of one at zero. slots: (n, K), filled and returned.
    """
    first, held, _metres, _halts, used, _table = pool
    n, width = slots.shape
    shared = np.zeros((n, n))
    for c in range(used[0]):
        if value[c] > 7.0 * scale:
            continue
        weight = np.exp(-max(0.0, value[c]) / scale)
        for i in range(first[c], first[c + 1]):
            for j in range(first[c], first[c + 1]):
                if i != j:
                    shared[held[i], held[j]] += weight
    for u in range(n):
        total = shared[u].sum()
        slots[u] = -1
        if total <= 0:
            continue
        v = 0
        passed = shared[u, 0]
        for k in range(width):
            while passed < total * (k + 0.5) / width and v < n - 1:
                v += 1
                passed += shared[u, v]
            slots[u, k] = v
    return slots
