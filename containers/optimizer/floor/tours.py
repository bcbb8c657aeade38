"""Compiled kernels: the shortest tour through given positions of a warehouse with parallel aisles, exactly.

A walking position is an integer `cell * slots + slot`, where cell = aisle * blocks + block and slots ascend from the
block's lower cross aisle. Kernels take no objects, so a floor is a tuple of arrays, a `frame`:

shape     int64 [aisles, blocks, slots, start aisle, start row, end aisle, end row]
offset    float64 (cells * slots,) metres from the lower cross aisle to each position
length    float64 (blocks,) metres between the cross aisles around a block
across    float64 (rows, aisles) where each aisle meets each cross aisle, metres along it
first, moves, degrees, components: the equivalence classes of states.py for rows = blocks + 1

and one thread's scratch is a tuple too (see AisleFloor.scratch):
bits      uint64 (cells, words) zeros, left as zeros
active    int64 (cells + 2,), aisles int64 (aisles + 2,), old and new float64 (classes,)
"""

from __future__ import annotations

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from containers.optimizer.jit import kernel

INFINITY = np.inf
ONE = np.uint64(1)


@kernel
def mark(positions, start, stop, slots, bits, active, count):  # type: ignore[no-untyped-def]
    """Set the bits of positions[start:stop]; append fresh cells to active[count:]. Returns (cells, new positions)."""
    words = bits.shape[1]
    halts = 0
    for i in range(start, stop):
        p = positions[i]
        cell = p // slots
        slot = p - cell * slots
        fresh = True
        for w in range(words):
            if bits[cell, w] != 0:
                fresh = False
                break
        if fresh:
            active[count] = cell
            count += 1
        bit = ONE << np.uint64(slot & 63)
        if bits[cell, slot >> 6] & bit == 0:
            bits[cell, slot >> 6] |= bit
            halts += 1
    return count, halts


@kernel
def clear(bits, active, count):  # type: ignore[no-untyped-def]
    """Unset what `mark` set."""
    for i in range(count):
        for w in range(bits.shape[1]):
            bits[active[i], w] = np.uint64(0)


@kernel
def cell_extent(row, base, offset):  # type: ignore[no-untyped-def]
    """(lowest, highest, widest step between neighbours) of one cell's marked positions; lowest -1 when none."""
    lowest = -1.0
    last = 0.0
    widest = 0.0
    for w in range(row.shape[0]):
        word = row[w]
        while word != 0:
            here = offset[base + (w << 6) + int(trailing_zeros(word))]
            if lowest < 0:
                lowest = here
            elif here - last > widest:
                widest = here - last
            last = here
            word &= word - ONE
    return lowest, last, widest


@kernel
def order_aisles(shape, active, count, aisles):  # type: ignore[no-untyped-def]
    """The distinct aisles of the active cells and of both depots, ascending, into `aisles`. Returns how many."""
    blocks = shape[1]
    found = 0
    for i in range(count + 2):
        if i < count:
            aisle = active[i] // blocks
        elif i == count:
            aisle = shape[3]
        else:
            aisle = shape[5]
        j = found
        while j > 0 and aisles[j - 1] > aisle:
            j -= 1
        if j > 0 and aisles[j - 1] == aisle:
            continue
        for t in range(found, j, -1):
            aisles[t] = aisles[t - 1]
        aisles[j] = aisle
        found += 1
    return found


@kernel
def sweep_one_block(shape, offset, length, across, bits, aisles, aisle_count):  # type: ignore[no-untyped-def]
    """Ratliff & Rosenthal (1983) written out: one block, start and end in the same place. Metres.

    The five classes at the frontier: odd (both ends odd, joined), low (lower end only), high (upper end only), one
    (both even, joined), two (both even, apart).
    """
    full = length[0]
    slots = shape[2]
    depot, depot_row = shape[3], shape[4]
    odd = low = high = one = two = INFINITY
    for k in range(aisle_count):
        aisle = aisles[k]
        lowest, highest, widest = cell_extent(bits[aisle], aisle * slots, offset)
        if lowest < 0:  # a depot's aisle without a pick
            below = above = least = 0.0
            gap = INFINITY
        else:
            below = 2.0 * highest
            above = 2.0 * (full - lowest)
            gap = 2.0 * (full - widest) if widest > 0 else INFINITY
            least = min(min(below, above), gap)
        if k == 0:
            odd, low, high, one, two = full, below, above, 2.0 * full, gap
            if lowest < 0:  # only the depot's own vertex counts as reached
                low = 0.0 if depot_row == 0 else INFINITY
                high = 0.0 if depot_row == 1 else INFINITY
        else:
            joined = min(min(low, high), one)
            odd_new = min(odd + least, min(joined, two) + full)
            one_new = min(min(odd + full, one + least), min(min(low, high), two) + 2.0 * full)
            two_new = min(min(low + min(above, gap), high + min(below, gap)), two + least)
            low_new, high_new = low + below, high + above
            odd, one, two, low, high = odd_new, one_new, two_new, low_new, high_new
        if k + 1 == aisle_count:
            break
        up = across[1, aisles[k + 1]] - across[1, aisle]
        down = across[0, aisles[k + 1]] - across[0, aisle]
        both = up + down
        low_new = min(low, one) + 2.0 * down
        high_new = min(high, one) + 2.0 * up
        if aisle == depot:
            if depot_row == 0:
                high_new = one + 2.0 * up
            else:
                low_new = one + 2.0 * down
        two = min(min(low, high), two) + 2.0 * both
        odd, one = odd + both, one + 2.0 * both
        low, high = low_new, high_new
    if aisles[aisle_count - 1] == depot:
        return min(low if depot_row == 0 else high, one)
    return min(min(low, high), one)


@kernel
def sweep(frame, bits, aisles, aisle_count, old, new, trace):  # type: ignore[no-untyped-def]
    """Length of the shortest tour over the listed aisles (ascending, both depots' aisles among them).

    trace: (aisles * (2R-1), classes) int32, filled with the move that led to each class when it has any rows; pass an
    empty one for the length alone. Returns (length, final class).
    """
    shape, offset, length, across, first, moves, degrees, components = frame
    blocks = shape[1]
    rows = blocks + 1
    states = components.shape[0]
    same = shape[3] == shape[5] and shape[4] == shape[6]
    tracing = trace.shape[0] > 0
    weights = np.empty(6)
    for s in range(states):
        old[s] = INFINITY
    old[0] = 0.0
    stage = 0
    for k in range(aisle_count):
        aisle = aisles[k]
        for block in range(blocks):
            cell = aisle * blocks + block
            lowest, highest, widest = cell_extent(bits[cell], cell * shape[2], offset)
            weights[1] = length[block]
            weights[2] = 2.0 * length[block]
            if lowest < 0:
                weights[0] = 0.0
                weights[3] = INFINITY
                weights[4] = INFINITY
                weights[5] = INFINITY
            else:
                weights[0] = INFINITY
                weights[3] = 2.0 * highest
                weights[4] = 2.0 * (length[block] - lowest)
                weights[5] = 2.0 * (length[block] - widest) if widest > 0 else INFINITY
            for s in range(states):
                new[s] = INFINITY
            for m in range(first[block], first[block + 1]):
                cost = old[moves[m, 0]] + weights[moves[m, 1]]
                target = moves[m, 2]
                if cost < new[target]:
                    new[target] = cost
                    if tracing:
                        trace[stage, target] = m
            stage += 1
            old, new = new, old
        if k + 1 == aisle_count:
            break
        for row in range(rows):
            step = across[row, aisles[k + 1]] - across[row, aisle]
            need = 0
            if aisle == shape[3] and row == shape[4]:
                need = 2 if same else 1
            elif aisle == shape[5] and row == shape[6]:
                need = 1
            group = blocks + 3 * row + need
            for s in range(states):
                new[s] = INFINITY
            for m in range(first[group], first[group + 1]):
                cost = old[moves[m, 0]] + step * moves[m, 1]
                target = moves[m, 2]
                if cost < new[target]:
                    new[target] = cost
                    if tracing:
                        trace[stage, target] = m
            stage += 1
            old, new = new, old
    return final_class(shape, degrees, components, old, aisles[aisle_count - 1], rows)


@kernel
def final_class(shape, degrees, components, costs, aisle, rows):  # type: ignore[no-untyped-def]
    """(cost, class) of the cheapest class that is a whole tour once the last aisle is done."""
    best = INFINITY
    final = -1
    for s in range(components.shape[0]):
        if costs[s] < best and components[s] <= 1:
            fits = True
            for row in range(rows):
                degree = degrees[s, row]
                ends = 0
                if aisle == shape[3] and row == shape[4]:
                    ends += 1
                if aisle == shape[5] and row == shape[6]:
                    ends += 1
                if (degree == 1) != (ends == 1) or (ends == 2 and degree == 0):
                    fits = False
                    break
            if fits:
                best = costs[s]
                final = s
    return best, final


@kernel
def marked_tour(frame, scratch, count):  # type: ignore[no-untyped-def]
    """Metres of the shortest tour through what is marked in `count` active cells; unmarks it."""
    bits, active, aisles, old, new = scratch
    shape = frame[0]
    if count == 0:
        return 0.0
    aisle_count = order_aisles(shape, active, count, aisles)
    if shape[1] == 1 and shape[3] == shape[5] and shape[4] == shape[6]:
        metres = sweep_one_block(shape, frame[1], frame[2], frame[3], bits, aisles, aisle_count)
    else:
        metres, _final = sweep(frame, bits, aisles, aisle_count, old, new, np.empty((0, 0), dtype=np.int32))
    clear(bits, active, count)
    return metres


@kernel
def tour_length(frame, scratch, positions):  # type: ignore[no-untyped-def]
    """Metres of the shortest tour from the start depot through `positions` to the end depot; 0 for none."""
    count, _halts = mark(positions, 0, positions.shape[0], frame[0][2], scratch[0], scratch[1], 0)
    return marked_tour(frame, scratch, count)
