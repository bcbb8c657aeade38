"""The bound of Gilmore (1962) and Lawler (1963) for quadratic assignment."""

from __future__ import annotations

import numpy as np

from containers.optimizer.qap.instance import Quadratic


def gilmore_lawler(problem: Quadratic) -> float:
    """No assignment costs less. O(n³) time and n² memory.

    Were facility i at location k, its flows, the largest with the least distances, cost at least l(i, k); the assignment of
    least sum of l is no dearer than any real one. The matrices are taken as they are, symmetrised or not.
    """
    from scipy.optimize import linear_sum_assignment

    flow, distance, linear = problem.arrays
    n = problem.size
    if n == 0:
        return 0.0
    if n == 1:
        return float(linear[0, 0])
    off = ~np.eye(n, dtype=np.bool_)
    falling = -np.sort(-flow[off].reshape(n, n - 1), axis=1)
    rising = np.sort(distance[off].reshape(n, n - 1), axis=1)
    least = falling @ rising.T + linear
    rows, columns = linear_sum_assignment(least)
    return float(least[rows, columns].sum())
