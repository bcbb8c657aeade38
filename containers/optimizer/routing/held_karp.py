"""A lower bound on tours of which only the walks between stops are known, one-way aisles included.

A tour from start to end is an arborescence (everything is entered once) in which everything but the end is also left once.
Without the second condition the cheapest is found by Chu & Liu (1965) and Edmonds (1967); what is left too often or never is
made dearer or cheaper by subgradient steps (Held & Karp 1971, "The traveling-salesman problem and minimum spanning trees:
part II", with arborescences in place of trees).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from containers.optimizer.jit import kernel

METHOD = "arborescences with penalties (Held & Karp 1971; Edmonds 1967)"
STEPS = 150
PATIENCE = 8
# Work of all steps together, in comparisons: some hundred milliseconds.
MOST_WORK = 100_000_000


def tour_bound(walks: npt.NDArray[np.float64], length: float) -> float:
    """Metres that no tour is shorter than. walks: (n + 2, n + 2) between stops, then start and end. length: a known tour."""
    steps = int(np.clip(MOST_WORK // (10 * len(walks) ** 2), 1, STEPS))
    return min(length, float(ascend(np.ascontiguousarray(walks), length, steps)))


@kernel
def ascend(walks, length, steps):  # type: ignore[no-untyped-def]
    """The best bound of so many subgradient steps."""
    n = walks.shape[0]
    root, end = n - 2, n - 1
    dearer = np.zeros(n)
    best_dearer = np.zeros(n)
    priced = np.empty((n, n))
    parent = np.empty(n, dtype=np.int64)
    left = np.empty(n, dtype=np.int64)
    best = 0.0
    size = 1.0
    waited = 0
    for _ in range(steps):
        for i in range(n):
            for j in range(n):
                priced[i, j] = walks[i, j] + dearer[i]
        priced[end, :] = np.inf
        priced[:, root] = np.inf
        arborescence(priced, root, parent)
        bound = 0.0
        left[:] = 0
        for j in range(n):
            if j != root:
                bound += walks[parent[j], j] + dearer[parent[j]]
                left[parent[j]] += 1
        norm = 0.0
        for i in range(n):
            if i != end:
                bound -= dearer[i]
                norm += (left[i] - 1.0) ** 2
        waited += 1
        if bound > best:
            if bound > best + 1e-5 * length:
                waited = 0
            best = bound
            best_dearer[:] = dearer
        if norm == 0.0 or best >= length - 1e-9:
            break
        if waited >= PATIENCE:
            size *= 0.6
            waited = 0
            dearer[:] = best_dearer
        step = size * max(length - bound, 1e-3 * length) / norm
        for i in range(n):
            if i != end:
                dearer[i] += step * (left[i] - 1.0)
    return best


@kernel
def arborescence(cost, root, parent):  # type: ignore[no-untyped-def]
    """parent[j] of the cheapest arborescence from `root`; all cycles of a level are contracted at once."""
    costs = [cost.copy()]
    # The level below's arc that an arc of this level stands for: (from * size + to).
    origins = [np.empty((0, 0), dtype=np.int64)]
    groups = [np.empty(0, dtype=np.int64)]
    chosen = [np.empty(0, dtype=np.int64)]
    roots = [root]
    while True:
        level = len(costs) - 1
        here = costs[level]
        n = here.shape[0]
        top = roots[level]
        enter = np.full(n, -1, dtype=np.int64)
        for j in range(n):
            if j == top:
                continue
            nearest = -1
            for i in range(n):
                if i != j and (nearest < 0 or here[i, j] < here[nearest, j]):
                    nearest = i
            enter[j] = nearest
        group = np.full(n, -1, dtype=np.int64)
        seen = np.full(n, -1, dtype=np.int64)
        count = 0
        cyclic = np.zeros(n, dtype=np.bool_)
        for j in range(n):
            at = j
            while at != top and seen[at] < 0 and group[at] < 0:
                seen[at] = j
                at = enter[at]
            if at != top and seen[at] == j and group[at] < 0:
                while group[at] < 0:
                    group[at] = count
                    cyclic[at] = True
                    at = enter[at]
                count += 1
        if count == 0:
            chosen[level] = enter
            break
        for j in range(n):
            if group[j] < 0:
                group[j] = count
                count += 1
        smaller = np.full((count, count), np.inf)
        origin = np.full((count, count), -1, dtype=np.int64)
        for i in range(n):
            for j in range(n):
                a, b = group[i], group[j]
                if a == b or j == top:
                    continue
                c = here[i, j] - (here[enter[j], j] if cyclic[j] else 0.0)
                if c < smaller[a, b] or origin[a, b] < 0:
                    smaller[a, b] = c
                    origin[a, b] = i * n + j
        chosen[level] = enter
        costs.append(smaller)
        origins.append(origin)
        groups.append(group)
        chosen.append(np.empty(0, dtype=np.int64))
        roots.append(group[top])
    for level in range(len(costs) - 1, 0, -1):
        above = chosen[level]
        below = chosen[level - 1]
        n = costs[level - 1].shape[0]
        for b in range(above.shape[0]):
            if b != roots[level]:
                arc = origins[level][above[b], b]
                below[arc % n] = arc // n
    parent[:] = chosen[0]
