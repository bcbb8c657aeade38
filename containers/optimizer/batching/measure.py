"""What a batch costs, exactly, with a cache of the batches seen before.

units    (lists, demand (n, D), capacity (D,), tags (n,), clashes (n,), zones (n,), due (n,), pieces (n,)): lists as in
          floor/bits.py, D the dimensions that the cart limits
plan     (assign (n,), head (n+1,), follower (n,), before (n,), count (n+1,), load (n+1, D), tag, clash, zone (n+1,),
          metres (n+1,), halts (n+1,), key (n+1,)): batches as linked lists of units; row b is empty when count[b] is 0
memory   (keys (2^k,), values (2^k, 2)): lengths and halts by Zobrist hash of the members, direct-mapped
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.floor.bits import join
from containers.optimizer.floor.tours import tour
from containers.optimizer.jit import kernel


@kernel
def measure(frame, scratch, units, plan, memory, zobrist, batch, out1, out2, in1, in2):  # type: ignore[no-untyped-def]
    """(metres, halts) of a batch with up to two units taken out and two put in (-1 for none)."""
    lists = units[0]
    head, follower, key = plan[1], plan[2], plan[11]
    keys, values = memory
    wanted = key[batch]
    for unit in (out1, out2, in1, in2):
        if unit >= 0:
            wanted ^= zobrist[unit]
    slot = wanted & np.uint64(keys.shape[0] - 1)
    if keys[slot] == wanted:
        return values[slot, 0], values[slot, 1]
    bits, present = scratch[0], scratch[1]
    member = head[batch]
    while member >= 0:
        if member != out1 and member != out2:
            join(lists, member, bits, present)
        member = follower[member]
    for unit in (in1, in2):
        if unit >= 0:
            join(lists, unit, bits, present)
    metres, halts = tour(frame, scratch)
    keys[slot] = wanted
    values[slot, 0] = metres
    values[slot, 1] = halts
    return metres, float(halts)


@kernel
def attach(units, plan, zobrist, unit, batch):  # type: ignore[no-untyped-def]
    """Put a unit at the head of a batch."""
    _lists, demand, capacity, tags, clashes, zones, _due, _pieces = units
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
    _lists, demand, capacity, tags, clashes, _zones, _due, _pieces = units
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
def fits(units, plan, batch, out1, out2, in1, in2):  # type: ignore[no-untyped-def]
    """Whether a batch may lose and gain these units (-1 for none): capacity, zone, incompatibilities."""
    _lists, demand, capacity, tags, clashes, zones, _due, _pieces = units
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
    nobody = np.int64(-1)
    for batch in range(head.shape[0]):
        if count[batch] > 0:
            metres[batch], halts[batch] = measure(
                frame, scratch, units, plan, memory, zobrist, batch, nobody, nobody, nobody, nobody
            )
