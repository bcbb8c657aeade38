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
