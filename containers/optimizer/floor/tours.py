"""Compiled kernels: the shortest tour through given positions of a warehouse with parallel aisles, exactly.

A walking position is an integer `cell * slots + slot`, where cell = aisle * blocks + block and slots ascend from the
block's lower cross aisle. Kernels take no objects, so a floor is a tuple of arrays, a `frame`:

shape     int64 [aisles, blocks, slots, start aisle, start row, end aisle, end row, words per cell, kind, even classes]
offset    float64 (cells * slots,) metres from the lower cross aisle to each position
length    float64 (blocks,) metres between the cross aisles around a block
across    float64 (aisles,) where each aisle meets the cross aisles, metres along them
entry     float64 (rows, aisles) metres from the depot to each corner, for a depot that hangs on several (FLOATING)
always    uint64 bitmap of the depots' aisles, which every sweep passes
first, moves, degrees, components: the equivalence classes of states.py for rows = blocks + 1
matrix    float64 (positions + 2, positions + 2) walks, for floors of kind GRAPH: see stops.py

and one thread's scratch is a tuple too (see ladder.py):
bits      uint64 (cells * words,) zeros, left as zeros; present: uint64 bitmap, zeros, left as zeros
old, new  float64 (3, classes); stops int64 (positions + 2,)
"""

from __future__ import annotations

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from containers.optimizer.floor.bits import ONE, extent, mark
from containers.optimizer.floor.stops import stops_tour
from containers.optimizer.jit import kernel

INFINITY = np.inf

# shape[8]: one block with start and end in one corner; any number of blocks with fixed corners; a depot that hangs on
# several corners; a floor of which only the walks between positions are known.
ONE_BLOCK, FIXED, FLOATING, GRAPH = range(4)


@kernel
def sweep_one_block(frame, bits, present):  # type: ignore[no-untyped-def]
    """(metres, positions): Ratliff & Rosenthal (1983) written out: one block, start and end in the same corner.

    The five classes at the frontier: odd (both ends odd, joined), low (lower end only), high (upper end only), one
    (both even, joined), two (both even, apart). Unmarks what is marked.
    """
    shape, offset, length, across = frame[0], frame[1], frame[2], frame[3]
    slots, words = shape[2], shape[7]
    depot, depot_row = shape[3], shape[4]
    full = length[0]
    odd = low = high = one = two = INFINITY
    halts = 0
    before = -1
    for p in range(present.shape[0]):
        left = present[p]
        present[p] = np.uint64(0)
        while left != 0:
            aisle = (p << 6) + int(trailing_zeros(left))
            left &= left - ONE
            lowest, highest, widest, count = extent(bits, aisle * words, words, aisle * slots, offset)
            for w in range(words):
                bits[aisle * words + w] = np.uint64(0)
            halts += count
            if count == 0:  # the depot's aisle without a pick
                below = above = least = 0.0
                gap = INFINITY
            else:
                below = 2.0 * highest
                above = 2.0 * (full - lowest)
                gap = 2.0 * (full - widest) if widest > 0 else INFINITY
                least = min(min(below, above), gap)
            if before < 0:
                odd, low, high, one, two = full, below, above, 2.0 * full, gap
                if count == 0:  # only the depot's own corner counts as reached
                    low = 0.0 if depot_row == 0 else INFINITY
                    high = 0.0 if depot_row == 1 else INFINITY
            else:
                step = across[aisle] - across[before]
                low_in = min(low, one) + 2.0 * step
                high_in = min(high, one) + 2.0 * step
                if before == depot:
                    if depot_row == 0:
                        high_in = one + 2.0 * step
                    else:
                        low_in = one + 2.0 * step
                two_in = min(min(low, high), two) + 4.0 * step
                odd_in, one_in = odd + 2.0 * step, one + 4.0 * step
                joined = min(min(low_in, high_in), one_in)
                odd = min(odd_in + least, min(joined, two_in) + full)
                one = min(min(odd_in + full, one_in + least), min(min(low_in, high_in), two_in) + 2.0 * full)
                two = min(min(low_in + min(above, gap), high_in + min(below, gap)), two_in + least)
                low, high = low_in + below, high_in + above
            before = aisle
    if before == depot:
        return min(low if depot_row == 0 else high, one), halts
    return min(min(low, high), one), halts


@kernel
def cell_weights(bits, cell, full, frame, weights):  # type: ignore[no-untyped-def]
    """Metres of each action of states.py in a cell, into weights (6,); returns its positions."""
    shape, offset = frame[0], frame[1]
    lowest, highest, widest, count = extent(bits, cell * shape[7], shape[7], cell * shape[2], offset)
    weights[1] = full
    weights[2] = 2.0 * full
    if count == 0:
        weights[0] = 0.0
        weights[3] = INFINITY
        weights[4] = INFINITY
        weights[5] = INFINITY
    else:
        weights[0] = INFINITY
        weights[3] = 2.0 * highest
        weights[4] = 2.0 * (full - lowest)
        weights[5] = 2.0 * (full - widest) if widest > 0 else INFINITY
    return count


@kernel
def apply(first, moves, group, parity, weights, old, new, trace):  # type: ignore[no-untyped-def]
    """One stage: the cheapest way into each class of `new`, which keeps what it holds. trace: (classes,) or empty."""
    tracing = trace.shape[0] > 0
    for action in range(weights.shape[0]):
        weight = weights[action]
        if weight == INFINITY:
            continue
        for m in range(first[group, parity, action], first[group, parity, action + 1]):
            cost = old[moves[m, 0]] + weight
            target = moves[m, 2]
            if cost < new[target]:
                new[target] = cost
                if tracing:
                    trace[target] = m


@kernel
def sweep(frame, bits, present, old, new, trace):  # type: ignore[no-untyped-def]
    """(metres, positions, final class, final layer) of the shortest tour over the marked positions; unmarks them.

    trace: (aisles * (2R-1), layers, classes) int32, filled with the move that led to each class when it has any rows;
    pass an empty one for the length alone. Layers count the depot's ends already placed when it is FLOATING.
    """
    shape, _offset, length, across, entry, _always, first, moves, degrees, components, _matrix = frame
    blocks, words = shape[1], shape[7]
    rows = blocks + 1
    floating = shape[8] == FLOATING
    layers = 3 if floating else 1
    same = shape[3] == shape[5] and shape[4] == shape[6]
    tracing = trace.shape[0] > 0
    no_trace = np.empty(0, dtype=np.int32)
    weights = np.empty(6)
    steps = np.empty(3)
    old[:layers] = INFINITY
    old[0, 0] = 0.0
    parity = 0
    stage = 0
    halts = 0
    before = -1
    for p in range(present.shape[0]):
        left = present[p]
        present[p] = np.uint64(0)
        while left != 0:
            aisle = (p << 6) + int(trailing_zeros(left))
            left &= left - ONE
            if before >= 0:
                step = across[aisle] - across[before]
                for edges in range(3):
                    steps[edges] = step * edges
                for row in range(rows):
                    group = blocks + 3 * row
                    new[:layers] = INFINITY
                    if floating:
                        for layer in range(3):
                            for ends in range(3 - layer):
                                extra = entry[row, before] * ends if ends > 0 else 0.0
                                if extra == INFINITY:
                                    break
                                for edges in range(3):
                                    steps[edges] = step * edges + extra
                                apply(
                                    first, moves, group + ends, layer & 1, steps, old[layer], new[layer + ends],
                                    trace[stage, layer + ends] if tracing else no_trace,
                                )  # fmt: skip
                                for edges in range(3):
                                    steps[edges] = step * edges
                    else:
                        need = 0
                        if before == shape[3] and row == shape[4]:
                            need = 2 if same else 1
                        elif before == shape[5] and row == shape[6]:
                            need = 1
                        apply(
                            first, moves, group + need, parity, steps, old[0], new[0],
                            trace[stage, 0] if tracing else no_trace,
                        )  # fmt: skip
                        if need == 1:
                            parity = 1 - parity
                    stage += 1
                    old, new = new, old
            for block in range(blocks):
                cell = aisle * blocks + block
                halts += cell_weights(bits, cell, length[block], frame, weights)
                for w in range(words):
                    bits[cell * words + w] = np.uint64(0)
                new[:layers] = INFINITY
                for layer in range(layers):
                    apply(
                        first, moves, block, layer & 1 if floating else parity, weights, old[layer], new[layer],
                        trace[stage, layer] if tracing else no_trace,
                    )  # fmt: skip
                stage += 1
                old, new = new, old
            before = aisle
    if floating:
        best, final, layer = final_floating(entry, degrees, components, old, before, rows)
    else:
        best, final = final_class(shape, degrees, components, old[0], before, rows)
        layer = 0
    return best, halts, final, layer


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
def final_floating(entry, degrees, components, costs, aisle, rows):  # type: ignore[no-untyped-def]
    """(cost, class, layer): as final_class, where the ends that are left are placed at corners of the last aisle."""
    best = INFINITY
    final = -1
    final_layer = 0
    for layer in range(3):
        for s in range(components.shape[0]):
            if costs[layer, s] >= best or components[s] > 1:
                continue
            extra = 0.0
            odd = 0
            nearest = INFINITY
            for row in range(rows):
                if degrees[s, row] == 1:
                    odd += 1
                    extra += entry[row, aisle]
                elif degrees[s, row] == 2:
                    nearest = min(nearest, entry[row, aisle])
            if odd == 0 and layer == 0:
                extra = 2.0 * nearest
            elif odd + layer != 2:
                continue
            if costs[layer, s] + extra < best:
                best = costs[layer, s] + extra
                final = s
                final_layer = layer
    return best, final, final_layer


@kernel
def tour(frame, scratch):  # type: ignore[no-untyped-def]
    """(metres, positions) of the shortest tour from depot to depot through what is marked; unmarks it. (0, 0) for none."""
    bits, present, old, new, stops = scratch
    shape, always = frame[0], frame[5]
    any_marked = False
    for p in range(present.shape[0]):
        if present[p] != 0:
            any_marked = True
    if not any_marked:
        return 0.0, 0
    for p in range(present.shape[0]):
        present[p] |= always[p]
    if shape[8] == GRAPH:
        return stops_tour(frame[10], bits, present, stops)
    if shape[8] == ONE_BLOCK:
        return sweep_one_block(frame, bits, present)
    metres, halts, _final, _layer = sweep(frame, bits, present, old, new, np.empty((0, 0, 0), dtype=np.int32))
    return metres, halts


@kernel
def tour_length(frame, scratch, positions):  # type: ignore[no-untyped-def]
    """Metres of the shortest tour from the start depot through `positions` to the end depot; 0 for none."""
    mark(positions, frame[0], scratch[0], scratch[1])
    metres, _halts = tour(frame, scratch)
    return metres
