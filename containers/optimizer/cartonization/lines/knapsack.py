"""The bounded knapsack problem, exactly, by dynamic programming over the capacity (compiled)."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"
from __future__ import annotations

import numpy as np

from containers.optimizer.jit import kernel


@kernel
def knapsack(sizes, counts, values, capacity, taken):
    """The most valuable filling: (value, copies of each kind). taken: scratch [copies in all, capacity + 1] bool."""
    best = np.zeros(capacity + 1)
    row = 0
    for k in range(sizes.shape[0]):
        size = sizes[k]
        if values[k] <= 1e-12 or size > capacity:
            continue
        for _ in range(min(counts[k], capacity // size)):
            marks = taken[row]
            for c in range(size):
                marks[c] = False
            for c in range(capacity, size - 1, -1):
                value = best[c - size] + values[k]
                if value > best[c] + 1e-13:
                    best[c] = value
                    marks[c] = True
                else:
                    marks[c] = False
            row += 1
    out = np.zeros(sizes.shape[0], dtype=np.int64)
    c = capacity
    for k in range(sizes.shape[0] - 1, -1, -1):
        size = sizes[k]
        if values[k] <= 1e-12 or size > capacity:
            continue
        for _ in range(min(counts[k], capacity // size)):
            row -= 1
            if taken[row, c]:
                out[k] += 1
                c -= size
    return best[capacity], out


@kernel
def search(sizes, counts, values, capacity, above, most_nodes, found, worth):
    """Fillings worth more than `above`, by depth-first search with the fractional bound (Gilmore & Gomory 1963).

    Kinds come with value per size falling. found (rows, kinds) and worth (rows,) get what improved on all before, or, with
    `above` not raised by what is found (rows > 0 and worth[0] < 0 at the start), every filling worth more than `above` that
    takes no further piece. Returns (how many, whether the search came to its end): the last improvement is the best filling.
    """
    kinds = sizes.shape[0]
    listing = worth[0] < 0
    rows = found.shape[0]
    least = np.empty(kinds + 1, dtype=np.int64)  # the smallest of the kinds from here on
    least[kinds] = capacity + 1
    for k in range(kinds - 1, -1, -1):
        least[k] = min(least[k + 1], sizes[k])
    take = np.zeros(kinds, dtype=np.int64)
    left = capacity
    value = 0.0
    count = 0
    nodes = 0
    k = 0
    while True:
        # Fill greedily from kind k on, as long as the rest can reach beyond `above`.
        hopeless = False
        while k < kinds and least[k] <= left:
            if value + left * values[k] / sizes[k] <= above:
                hopeless = True
                break
            take[k] = min(counts[k], left // sizes[k])
            left -= take[k] * sizes[k]
            value += take[k] * values[k]
            k += 1
            nodes += 1
        if not hopeless and value > above:
            if count == rows and listing:
                return count, False
            at = count if count < rows else rows - 1
            if count >= rows:
                for row in range(rows - 1):
                    found[row] = found[row + 1]
                    worth[row] = worth[row + 1]
            found[at] = take
            worth[at] = value
            count = min(rows, count + 1)
            if not listing:
                above = value
        if nodes > most_nodes:
            return count, False
        # One piece less of the last kind taken from which more than `above` can still be reached.
        j = min(k, kinds) - 1
        while j >= 0:
            if take[j] > 0:
                take[j] -= 1
                left += sizes[j]
                value -= values[j]
                if j + 1 < kinds and value + left * values[j + 1] / sizes[j + 1] > above:
                    break
                left += take[j] * sizes[j]
                value -= take[j] * values[j]
                take[j] = 0
            j -= 1
        if j < 0:
            return count, True
        k = j + 1
