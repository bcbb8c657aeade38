"""Compiled kernels: short tours through stops of which only the walks between them are known, one-way aisles included.

Positions are numbered along one good tour through all stops, so that any few of them, taken in the order of their numbers,
make a fair first tour (the a-priori tour of Bartholdi & Platzman 1988); Or-opt (Or 1976) and 2-opt, whose reversed part is
valued in its own direction, then improve it. With few stops the shortest tour is found by dynamic programming over
subsets (Held & Karp 1962). matrix: float64 (P + 2, P + 2), [a, b] the walk from a to b; row P is the start, P + 1 the end.
"""

from __future__ import annotations

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from containers.optimizer.floor.bits import ONE
from containers.optimizer.jit import kernel

# Held & Karp over n stops takes n^2 2^n steps: about a millisecond here.
MAX_SUBSET_STOPS = 12
LONGEST_SEGMENT = 3
EPSILON = 1e-9


@kernel
def collect(bits, present, stops):  # type: ignore[no-untyped-def]
    """Marked positions ascending into stops[1:]; unmarks them. Returns how many."""
    count = 0
    for p in range(present.shape[0]):
        left = present[p]
        present[p] = np.uint64(0)
        while left != 0:
            word = (p << 6) + int(trailing_zeros(left))
            left &= left - ONE
            inside = bits[word]
            bits[word] = np.uint64(0)
            while inside != 0:
                stops[1 + count] = (word << 6) + int(trailing_zeros(inside))
                count += 1
                inside &= inside - ONE
    return count


@kernel
def length_of(matrix, tour, count):  # type: ignore[no-untyped-def]
    """Metres along tour[0..count + 1]."""
    total = 0.0
    for i in range(count + 1):
        total += matrix[tour[i], tour[i + 1]]
    return total


@kernel
def shift_segment(matrix, tour, count, i, size):  # type: ignore[no-untyped-def]
    """Or-opt: tour[i..i+size-1] to its best other place, turned round or not. Returns metres saved (0 when none)."""
    before, first, last, after = tour[i - 1], tour[i], tour[i + size - 1], tour[i + size]
    out = matrix[before, first] + matrix[last, after] - matrix[before, after]
    if out <= EPSILON:
        return 0.0
    forward = 0.0
    backward = 0.0
    for k in range(i, i + size - 1):
        forward += matrix[tour[k], tour[k + 1]]
        backward += matrix[tour[k + 1], tour[k]]
    best = EPSILON
    where = -1
    turned = False
    for j in range(count + 1):
        if i - 1 <= j < i + size:
            continue
        left, right = tour[j], tour[j + 1]
        gap = matrix[left, right]
        gain = out + gap - matrix[left, first] - matrix[last, right]
        if gain > best:
            best, where, turned = gain, j, False
        gain = out + gap - matrix[left, last] - matrix[first, right] + forward - backward
        if gain > best:
            best, where, turned = gain, j, True
    if where < 0:
        return 0.0
    held = tour[i : i + size].copy()
    if turned:
        held = held[::-1].copy()
    if where > i:
        for k in range(i + size, where + 1):
            tour[k - size] = tour[k]
        tour[where + 1 - size : where + 1] = held
    else:
        for k in range(i - 1, where, -1):
            tour[k + size] = tour[k]
        tour[where + 1 : where + 1 + size] = held
    return best


@kernel
def reverse_part(matrix, tour, count, i):  # type: ignore[no-untyped-def]
    """2-opt from position i: the best turn of tour[i..j]. Returns metres saved (0 when none)."""
    before = tour[i - 1]
    forward = 0.0
    backward = 0.0
    best = EPSILON
    where = -1
    for j in range(i + 1, count + 1):
        forward += matrix[tour[j - 1], tour[j]]
        backward += matrix[tour[j], tour[j - 1]]
        gain = matrix[before, tour[i]] + forward + matrix[tour[j], tour[j + 1]]
        gain -= matrix[before, tour[j]] + backward + matrix[tour[i], tour[j + 1]]
        if gain > best:
            best, where = gain, j
    if where < 0:
        return 0.0
    low, high = i, where
    while low < high:
        tour[low], tour[high] = tour[high], tour[low]
        low += 1
        high -= 1
    return best


@kernel
def improve(matrix, tour, count):  # type: ignore[no-untyped-def]
    """Or-opt and 2-opt until neither helps; tour[0] and tour[count + 1] stay. Returns metres saved."""
    saved = 0.0
    while True:
        gain = 0.0
        for size in range(1, min(LONGEST_SEGMENT, count) + 1):
            for i in range(1, count + 2 - size):
                gain += shift_segment(matrix, tour, count, i, size)
        for i in range(1, count):
            gain += reverse_part(matrix, tour, count, i)
        saved += gain
        if gain <= EPSILON:
            return saved


@kernel
def stops_tour(matrix, bits, present, tour):  # type: ignore[no-untyped-def]
    """(metres, stops) of a short tour through what is marked, which is left in `tour`; unmarks it."""
    count = collect(bits, present, tour)
    tour[0] = matrix.shape[0] - 2
    tour[count + 1] = matrix.shape[0] - 1
    improve(matrix, tour, count)
    return length_of(matrix, tour, count), count


@kernel
def subset_tour(matrix, tour, count):  # type: ignore[no-untyped-def]
    """Metres of the shortest tour through tour[1..count], which is put in order. count <= MAX_SUBSET_STOPS."""
    start, end = tour[0], tour[count + 1]
    full = (1 << count) - 1
    cost = np.full((full + 1, count), np.inf)
    came = np.full((full + 1, count), -1, dtype=np.int8)
    for i in range(count):
        cost[1 << i, i] = matrix[start, tour[1 + i]]
    for chosen in range(1, full + 1):
        for last in range(count):
            here = cost[chosen, last]
            if here == np.inf:
                continue
            for following in range(count):
                if chosen >> following & 1:
                    continue
                grown = chosen | 1 << following
                total = here + matrix[tour[1 + last], tour[1 + following]]
                if total < cost[grown, following]:
                    cost[grown, following] = total
                    came[grown, following] = last
    best = np.inf
    last = 0
    for i in range(count):
        total = cost[full, i] + matrix[tour[1 + i], end]
        if total < best:
            best, last = total, i
    stops = tour[1 : 1 + count].copy()
    chosen = full
    for place in range(count, 0, -1):
        tour[place] = stops[last]
        earlier = came[chosen, last]
        chosen ^= 1 << last
        last = earlier
    return best


@kernel
def kicked(matrix, tour, count, kicks, random):  # type: ignore[no-untyped-def]
    """Iterated local search with double bridges (Martin, Otto & Felten 1991), segments kept in their direction.

    Returns the metres of the best tour, which is left in `tour`. random: xorshift state, uint64 (1,).
    """
    improve(matrix, tour, count)
    best = length_of(matrix, tour, count)
    if count < 4:
        return best
    trial = tour.copy()
    for _ in range(kicks):
        cuts = np.empty(3, dtype=np.int64)
        span = min(count - 1, 30)
        x = random[0]
        x ^= x >> np.uint64(12)
        x ^= x << np.uint64(25)
        x ^= x >> np.uint64(27)
        random[0] = x
        offset = np.int64((x >> np.uint64(40)) % np.uint64(count - span + 1)) if count > span else 0
        for c in range(3):
            cuts[c] = offset + np.int64((x >> np.uint64(12 * c)) % np.uint64(span)) + 1
        cuts.sort()
        a, b, c = cuts[0], cuts[1], cuts[2]
        if a == b or b == c or c > count:
            continue
        trial[: count + 2] = tour[: count + 2]
        trial[a : a + c - b] = tour[b:c]
        trial[a + c - b : c] = tour[a:b]
        improve(matrix, trial, count)
        total = length_of(matrix, trial, count)
        if total < best - EPSILON:
            best = total
            tour[: count + 2] = trial[: count + 2]
    return best
