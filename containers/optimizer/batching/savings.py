"""Savings C&W(ii): Clarke & Wright with recalculation (de Koster, van der Poort & Wolters 1999), on exact routes."""

from __future__ import annotations

import numpy as np

from containers.optimizer.floor.bits import join
from containers.optimizer.floor.tours import tour
from containers.optimizer.jit import kernel


@kernel
def joint_cost(frame, scratch, units, weights, heads, follower, i, j):  # type: ignore[no-untyped-def]
    """Objective of one batch that holds the lists headed by heads[i] and, unless j < 0, heads[j]."""
    for side in range(2):
        group = i if side == 0 else j
        if group < 0:
            continue
        unit = heads[group]
        while unit >= 0:
            join(units[0], unit, scratch[0], scratch[1])
            unit = follower[unit]
    metres, halts = tour(frame, scratch)
    return metres * weights[0] + weights[1] + halts * weights[2]


@kernel
def saving_of(frame, scratch, units, weights, heads, follower, load, tag, clash, cost, i, j):  # type: ignore[no-untyped-def]
    """Objective saved when batches i and j become one; -1 when they may not."""
    capacity, zones = units[2], units[5]
    if zones[i] != zones[j] or (tag[i] & clash[j]) != 0:
        return -1.0
    for d in range(capacity.shape[0]):
        if load[i, d] + load[j, d] > capacity[d]:
            return -1.0
    return cost[i] + cost[j] - joint_cost(frame, scratch, units, weights, heads, follower, i, j)


@kernel
def pair_savings(frame, scratch, units, weights, chosen):  # type: ignore[no-untyped-def]
    """(costs (m,), savings float32 (m, m) symmetric) of the chosen units alone and in pairs; -1 where forbidden."""
    _lists, demand, _capacity, tags, clashes, _zones, _due, _pieces = units
    n = demand.shape[0]
    m = chosen.shape[0]
    heads = np.arange(n)
    follower = np.full(n, -1, dtype=np.int64)
    cost = np.zeros(n)
    for i in chosen:
        cost[i] = joint_cost(frame, scratch, units, weights, heads, follower, i, -1)
    saving = np.full((m, m), -1.0, dtype=np.float32)
    for i in range(m):
        for j in range(i + 1, m):
            saving[i, j] = saving_of(
                frame, scratch, units, weights, heads, follower, demand, tags, clashes, cost, chosen[i], chosen[j]
            )
            saving[j, i] = saving[i, j]
    return cost[chosen], saving


@kernel
def merge_by_savings(frame, scratch, units, weights, chosen, cost_of, saving):  # type: ignore[no-untyped-def]
    """Merge while the best merge saves something. Returns int64 (m,): the batch number of each chosen unit.

    saving: (m, m) from pair_savings; destroyed.
    """
    _lists, demand, capacity, tags, clashes, _zones, _due, _pieces = units
    n = demand.shape[0]
    m = chosen.shape[0]
    load = demand.copy()
    tag = tags.copy()
    clash = clashes.copy()
    heads = np.arange(n)
    tails = np.arange(n)
    follower = np.full(n, -1, dtype=np.int64)
    alive = np.ones(m, dtype=np.bool_)
    cost = np.zeros(n)
    for i in range(m):
        cost[chosen[i]] = cost_of[i]
    best_of = np.full(m, -1, dtype=np.int64)
    for i in range(m):
        for j in range(m):
            if i != j and (best_of[i] < 0 or saving[i, j] > saving[i, best_of[i]]):
                best_of[i] = j
    while True:
        a = -1
        for i in range(m):
            if alive[i] and best_of[i] >= 0 and (a < 0 or saving[i, best_of[i]] > saving[a, best_of[a]]):
                a = i
        if a < 0 or saving[a, best_of[a]] <= 1e-6:
            break
        b = best_of[a]
        u, v = chosen[a], chosen[b]
        cost[u] = cost[u] + cost[v] - saving[a, b]
        follower[tails[u]] = heads[v]
        tails[u] = tails[v]
        alive[b] = False
        tag[u] |= tag[v]
        clash[u] |= clash[v]
        for d in range(capacity.shape[0]):
            load[u, d] += load[v, d]
        for k in range(m):
            if alive[k] and k != a:
                saving[a, k] = saving_of(
                    frame, scratch, units, weights, heads, follower, load, tag, clash, cost, u, chosen[k]
                )
                saving[k, a] = saving[a, k]
        for k in range(m):
            if not alive[k]:
                continue
            if k == a or best_of[k] == a or best_of[k] == b:
                best_of[k] = -1
                for j in range(m):
                    if j != k and alive[j] and (best_of[k] < 0 or saving[k, j] > saving[k, best_of[k]]):
                        best_of[k] = j
            elif best_of[k] < 0 or saving[k, a] > saving[k, best_of[k]]:
                best_of[k] = a
    number = np.full(n, -1, dtype=np.int64)
    batches = 0
    for i in range(m):
        if alive[i]:
            unit = heads[chosen[i]]
            while unit >= 0:
                number[unit] = batches
                unit = follower[unit]
            batches += 1
    return number[chosen]
