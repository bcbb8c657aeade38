"""Robust tabu search (Taillard 1991) for quadratic assignment, written for vector units.

Three things make a move cheap. The distance matrix is kept permuted, so that every access runs along a row. With
x = flow[u] - flow[v] and y = distance[v] - distance[u] the swap of u and v changes the gain of every other swap (r, s) by
(x[r] - x[s]) * (y[s] - y[r]): one pass without branches. And `until[r, s]`, the move at which swap (r, s) is free again,
is kept per swap; it changes in two rows only. That pass also finds the least gain per column, because compilers
vectorize a minimum over rows and not one along a row.

problem   (flow, flow', distance, distance', linear): float64 (n, n), zero diagonals; ' marks the transposed
state     (near, near', gain, until, banned, rows): near is the distance permuted; gain and until are read above the
          diagonal; banned[facility, location]; rows (8, n) is work space
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.chance import below, fraction
from containers.optimizer.jit import kernel, vector_kernel

INFINITY = np.inf
TINY = 1e-9


def scratch(size: int) -> tuple[Any, ...]:
    """Fresh state for one thread."""
    square = (size, size)
    return (
        np.zeros(square),
        np.zeros(square),
        np.zeros(square),
        np.zeros(square, dtype=np.int32),
        np.zeros(square, dtype=np.int32),
        np.zeros((8, size)),
    )


def transposed(
    flow: npt.NDArray[np.float64], distance: npt.NDArray[np.float64], linear: npt.NDArray[np.float64]
) -> tuple[Any, ...]:
    """The problem as the kernels read it."""
    return (flow, np.ascontiguousarray(flow.T), distance, np.ascontiguousarray(distance.T), linear)


@vector_kernel
def two_rows(flow, near, u, v, into_u, into_v):  # type: ignore[no-untyped-def]
    """For every s, sum_k (flow[w, k] - flow[s, k]) * (near[s, k] - near[w, k]) without k in {w, s}; w = u, then v."""
    flow_u, flow_v, near_u, near_v = flow[u], flow[v], near[u], near[v]
    for s in range(flow.shape[0]):
        flow_s, near_s = flow[s], near[s]
        first = 0.0
        second = 0.0
        for k in range(flow_s.shape[0]):
            first += (flow_u[k] - flow_s[k]) * (near_s[k] - near_u[k])
            second += (flow_v[k] - flow_s[k]) * (near_s[k] - near_v[k])
        into_u[s] = first + flow_s[u] * near_s[u] + flow_u[s] * near_u[s]
        into_v[s] = second + flow_s[v] * near_s[v] + flow_v[s] * near_v[s]


@vector_kernel
def shift_gains(gain, rows, symmetric):  # type: ignore[no-untyped-def]
    """Carry the swap whose differences are rows 0..3 over to the gain of every other swap."""
    n = gain.shape[0]
    x, y, x_t, y_t = rows[0], rows[1], rows[2], rows[3]
    for r in range(n - 1):
        line, xs, ys = gain[r, r + 1 :], x[r + 1 :], y[r + 1 :]
        xr, yr = x[r], y[r]
        if symmetric:
            for s in range(line.shape[0]):
                line[s] += (xr - xs[s]) * (ys[s] - yr)
        else:
            us, vs = x_t[r + 1 :], y_t[r + 1 :]
            ur, vr = x_t[r], y_t[r]
            for s in range(line.shape[0]):
                line[s] += (xr - xs[s]) * (ys[s] - yr) + (ur - us[s]) * (vs[s] - vr)


@vector_kernel
def column_least(gain, until, now, wish, least):  # type: ignore[no-untyped-def]
    """Per column the least gain among swaps that are free, or that reach below `wish`."""
    least[:] = INFINITY
    for r in range(gain.shape[0] - 1):
        line, free, into = gain[r, r + 1 :], until[r, r + 1 :], least[r + 1 :]
        for s in range(line.shape[0]):
            value = line[s]
            value = INFINITY if (free[s] > now) & (value >= wish) else value
            into[s] = value if value < into[s] else into[s]


@kernel
def refresh(problem, symmetric, place, state, u, v):  # type: ignore[no-untyped-def]
    """Compute anew the gains of all swaps with u or v. O(n²) for both, the dearest part of a move."""
    flow, flow_t, _distance, _distance_t, linear = problem
    near, near_t, gain, _until, _banned, rows = state
    n = place.shape[0]
    two_rows(flow, near, u, v, rows[4], rows[5])
    if not symmetric:
        two_rows(flow_t, near_t, u, v, rows[6], rows[7])
    for i in range(2):
        w = u if i == 0 else v
        for k in range(n):
            if k == w:
                continue
            value = linear[w, place[k]] + linear[k, place[w]] - linear[w, place[w]] - linear[k, place[k]]
            if symmetric:
                value += 2.0 * rows[4 + i, k]
            else:
                value += rows[4 + i, k] + rows[6 + i, k]
                value += (flow[w, k] - flow[k, w]) * (near[k, w] - near[w, k])
            if w < k:
                gain[w, k] = value
            else:
                gain[k, w] = value


@kernel
def prepare(problem, symmetric, place, state):  # type: ignore[no-untyped-def]
    """Fill near and gain for an assignment; returns its cost. O(n³)."""
    flow, _flow_t, distance, _distance_t, linear = problem
    near, near_t = state[0], state[1]
    n = place.shape[0]
    value = 0.0
    for i in range(n):
        value += linear[i, place[i]]
        for j in range(n):
            near[i, j] = distance[place[i], place[j]]
            near_t[j, i] = near[i, j]
            value += flow[i, j] * near[i, j]
    for r in range(0, n, 2):
        refresh(problem, symmetric, place, state, r, min(r + 1, n - 1))
    return value


@kernel
def swap(problem, symmetric, place, state, u, v):  # type: ignore[no-untyped-def]
    """Carry out a swap: place, near and gain follow."""
    flow, flow_t = problem[0], problem[1]
    near, near_t, gain, _until, _banned, rows = state
    n = place.shape[0]
    twice = 2.0 if symmetric else 1.0
    for k in range(n):
        rows[0, k] = twice * (flow[u, k] - flow[v, k])
        rows[1, k] = near[v, k] - near[u, k]
        rows[2, k] = flow_t[u, k] - flow_t[v, k]
        rows[3, k] = near_t[v, k] - near_t[u, k]
    shift_gains(gain, rows, symmetric)
    place[u], place[v] = place[v], place[u]
    for k in range(n):
        near[u, k], near[v, k] = near[v, k], near[u, k]
        near_t[u, k], near_t[v, k] = near_t[v, k], near_t[u, k]
    for k in range(n):
        near[k, u], near[k, v] = near[k, v], near[k, u]
        near_t[k, u], near_t[k, v] = near_t[k, v], near_t[k, u]
    refresh(problem, symmetric, place, state, u, v)


@kernel
def choose(gain, until, now, wish, least, random):  # type: ignore[no-untyped-def]
    """The swap of least gain among the free ones, ties at random; (-1, -1) when every swap is banned."""
    n = gain.shape[0]
    column_least(gain, until, now, wish, least)
    chosen = INFINITY
    u = v = -1
    ties = 0
    for s in range(1, n):
        if least[s] < chosen:
            chosen, v, ties = least[s], s, 1
        elif least[s] == chosen and v >= 0:
            ties += 1
            if below(random, ties) == 0:
                v = s
    ties = 0
    for r in range(v):
        if gain[r, v] == chosen and (until[r, v] <= now or chosen < wish):
            ties += 1
            if below(random, ties) == 0:
                u = r
    return u, v


@kernel
def search(problem, symmetric, place, state, first, moves, random, totals, best):  # type: ignore[no-untyped-def]
    """Moves number first..first + moves - 1 of a tabu search from `place` (changed in place), near and gain prepared.

    totals: float64 [cost now, least cost met]; the assignment of the latter is left in `best`. Move 1 begins with no
    swap banned; later ones go on, so that a search may be cut into pieces without changing its course.
    """
    _near, _near_t, gain, until, banned, rows = state
    n = place.shape[0]
    if first == 1:
        totals[1] = totals[0]
        best[:] = place
        until[:] = 0
        banned[:] = 0
    shortest, longest = max(1.0, 0.9 * n), 1.1 * n + 4.0
    for now in range(first, first + moves):
        wish = totals[1] - totals[0] - TINY
        u, v = choose(gain, until, np.int32(now), wish, rows[4], random)
        if u < 0:
            u = below(random, n - 1)
            v = u + 1 + below(random, n - 1 - u)
        totals[0] += gain[u, v]
        banned[u, place[u]] = now + np.int32(shortest + fraction(random) * (longest - shortest))
        banned[v, place[v]] = now + np.int32(shortest + fraction(random) * (longest - shortest))
        swap(problem, symmetric, place, state, u, v)
        for w in (u, v):
            for k in range(n):
                free = min(banned[w, place[k]], banned[k, place[w]])
                if w < k:
                    until[w, k] = free
                else:
                    until[k, w] = free
        if totals[0] < totals[1] - TINY:
            totals[1] = totals[0]
            best[:] = place
