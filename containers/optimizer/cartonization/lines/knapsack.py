"""The bounded knapsack problem by depth-first search under completion bounds (compiled).

A table bounds what the kinds from each one on can add to a room: dynamic programming on sizes rounded down to a grain
(Martello & Toth 1990, section 2.6, use such tables of partial problems). With a grain of 1 the table is exact and the
search walks straight to the best filling; with a coarser one, memory stays bounded whatever the capacity, and the search
stays exact.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"
from __future__ import annotations

import numpy as np

from containers.optimizer.jit import kernel

TRACE = 1e-12  # worth below which a kind is not looked at
STEPS = 5  # thresholds between the bound of a subtree and what is asked for


@kernel
def completions(sizes, counts, values, grain, table):
    """Fill table [kinds + 1, capacity // grain + 1]: row k, cell c is no less than the worth of any filling with kinds
    k, k + 1, ... of a room whose size divided by the grain, rounded down, is c.
    """
    kinds = sizes.shape[0]
    cells = table.shape[1]
    before = np.zeros(cells)
    table[kinds] = 0.0
    for k in range(kinds - 1, -1, -1):
        row = table[k]
        row[:] = table[k + 1]
        size = sizes[k] // grain
        left = counts[k]
        if values[k] <= TRACE or left == 0 or size >= cells:
            continue
        if size == 0:
            row += left * values[k]
            continue
        left = min(left, (cells - 1) // size)
        part = 1
        while left > 0:  # copies in powers of two
            step = min(part, left)
            left -= step
            part *= 2
            before[:] = row
            width = step * size
            gain = step * values[k]
            for c in range(width, cells):
                with_ = before[c - width] + gain
                row[c] = with_ if with_ > before[c] else before[c]


@kernel
def fillings(sizes, counts, values, capacity, grain, table, above, most_nodes, found, worth):
    """For each kind the best filling of which it is the first, where that is worth more than `above`.

    Kinds come with size falling. found [rows, kinds] and worth [rows] get the best of these fillings; with one row only
    what beats all before is looked for. Returns (how many, a number that no filling is worth more than, or `above` when
    that is larger).
    """
    kinds = sizes.shape[0]
    rows = found.shape[0]
    deep = kinds + 1
    kind = np.zeros(deep, dtype=np.int64)
    take = np.zeros(deep, dtype=np.int64)
    left = np.zeros(deep, dtype=np.int64)
    value = np.zeros(deep)
    best_kind = np.zeros(deep, dtype=np.int64)
    best_take = np.zeros(deep, dtype=np.int64)
    count = 0
    limit = above
    nodes = 0
    for root in range(kinds):
        if table[root, capacity // grain] <= above:
            break
        most = min(counts[root], capacity // sizes[root])
        if most == 0 or values[root] <= TRACE:
            continue
        reach = 0.0  # of this subtree
        for n in range(1, most + 1):
            reach = max(reach, n * values[root] + table[root + 1, (capacity - n * sizes[root]) // grain])
        if reach <= above:
            continue
        share = nodes + max(1, (most_nodes - nodes) // 4)
        best = above
        depth_found = 0
        finished = False
        # Only what comes close to the bound first: with an exact table that is the best filling already.
        for step in range(STEPS):
            best = above
            if step < STEPS - 1:
                best = reach - (reach - above) * (1e-9 if step == 0 else 0.5 ** (STEPS - 1 - step))
            d = 0
            kind[0] = root
            take[0] = most + 1
            left[0] = capacity
            finished = True
            while d >= 0:
                take[d] -= 1
                k = kind[d]
                if take[d] < 1:
                    if d == 0:
                        break
                    k += 1
                    while k < kinds and (sizes[k] > left[d] or values[k] <= TRACE or counts[k] == 0):
                        k += 1
                    if k == kinds or value[d] + table[k, left[d] // grain] <= best:
                        d -= 1
                        continue
                    kind[d] = k
                    take[d] = min(counts[k], left[d] // sizes[k]) + 1
                    continue
                nodes += 1
                if nodes > share:
                    finished = False
                    break
                room = left[d] - take[d] * sizes[k]
                reached = value[d] + take[d] * values[k]
                if reached + table[k + 1, room // grain] <= best:
                    continue
                if reached > best:
                    best = reached
                    depth_found = d + 1
                    best_kind[: d + 1] = kind[: d + 1]
                    best_take[: d + 1] = take[: d + 1]
                d += 1
                kind[d] = k
                take[d] = 1  # no more of k: on to the next kind
                left[d] = room
                value[d] = reached
            if depth_found > 0 or not finished:
                break
        limit = max(limit, (best if depth_found > 0 else above) if finished else reach)
        if depth_found == 0:
            continue
        at = count
        if count < rows:
            count += 1
        else:
            at = 0
            for row in range(1, rows):
                if worth[row] < worth[at]:
                    at = row
            if worth[at] >= best:
                continue
        if rows == 1:
            above = best
        found[at] = 0
        worth[at] = best
        for i in range(depth_found):
            found[at, best_kind[i]] = best_take[i]
    return count, limit


@kernel
def list_fillings(sizes, counts, values, capacity, grain, table, above, most_nodes, found):
    """Every filling worth more than `above` that takes no further piece, into found [rows, kinds].

    Kinds come with size falling. Returns (how many, whether these are all).
    """
    kinds = sizes.shape[0]
    kind = np.zeros(kinds + 1, dtype=np.int64)
    take = np.zeros(kinds + 1, dtype=np.int64)
    left = np.zeros(kinds + 1, dtype=np.int64)
    value = np.zeros(kinds + 1)
    taken = np.zeros(kinds, dtype=np.int64)
    count = 0
    nodes = 0
    d = 0
    kind[0] = -1
    take[0] = 1
    left[0] = capacity
    while d >= 0:
        take[d] -= 1
        k = kind[d]
        if take[d] < 1:
            k += 1
            while k < kinds and (sizes[k] > left[d] or counts[k] == 0):
                k += 1
            if k == kinds or value[d] + table[k, left[d] // grain] <= above:
                d -= 1
                continue
            kind[d] = k
            take[d] = min(counts[k], left[d] // sizes[k]) + 1
            continue
        nodes += 1
        if nodes > most_nodes:
            return count, False
        room = left[d] - take[d] * sizes[k]
        reached = value[d] + take[d] * values[k]
        if reached + table[k + 1, room // grain] <= above:
            continue
        if reached > above:
            taken[:] = 0
            for i in range(d + 1):
                taken[kind[i]] = take[i]
            full = True
            for q in range(kinds - 1, -1, -1):
                if sizes[q] > room:
                    break
                if taken[q] < counts[q]:
                    full = False
                    break
            if full:
                if count == found.shape[0]:
                    return count, False
                found[count] = taken
                count += 1
        d += 1
        kind[d] = k
        take[d] = 1  # no more of k: on to the next kind
        left[d] = room
        value[d] = reached
    return count, True


@kernel
def largest_first(sizes, left, room):
    """A filling with as many as possible of each kind in turn. Kinds come with size falling."""
    copies = np.zeros(sizes.shape[0], dtype=np.int64)
    for k in range(sizes.shape[0]):
        copies[k] = min(left[k], room // sizes[k])
        room -= copies[k] * sizes[k]
    return copies
