"""Compiled: the relaxation in which every agent fills its capacity as it likes, and jobs may be taken often or never."""

from __future__ import annotations

import numpy as np

from containers.optimizer.jit import kernel


@kernel
def knapsack(profit, weight, room, best, taken, chosen):  # type: ignore[no-untyped-def]
    """Most profit within an integer room, by dynamic programming. best (room + 1,), taken (jobs, room + 1) are work space."""
    jobs = profit.shape[0]
    best[: room + 1] = 0.0
    for j in range(jobs):
        own = weight[j]
        gain = profit[j]
        for x in range(min(own, room + 1)):
            taken[j, x] = 0
        for x in range(room, own - 1, -1):
            value = best[x - own] + gain
            if value > best[x] + 1e-12:
                best[x] = value
                taken[j, x] = 1
            else:
                taken[j, x] = 0
    x = room
    for j in range(jobs - 1, -1, -1):
        chosen[j] = taken[j, x]
        if chosen[j]:
            x -= weight[j]
    return best[room]


@kernel
def relax(cost, weight, room, worth, free, allowed, best, taken, share, mix, missing):  # type: ignore[no-untyped-def]
    """Value of the Lagrangean in which a job is worth `worth` to whoever takes it: no assignment of the `free` jobs to the
    rooms costs less. share (n, m): how often each agent took each job of late, moved by `mix` towards what it takes now;
    missing (n,): 1 minus how many agents take a job."""
    agents = cost.shape[1]
    count = free.shape[0]
    profit = np.empty(count)
    own = np.empty(count, dtype=np.int64)
    job = np.empty(count, dtype=np.int64)
    chosen = np.zeros(count, dtype=np.uint8)
    value = 0.0
    for j in free:
        missing[j] = 1.0
        value += worth[j]
        for i in range(agents):
            share[j, i] *= 1.0 - mix
    for i in range(agents):
        k = 0
        for j in free:
            gain = worth[j] - cost[j, i]
            if gain > 0 and allowed[j, i] and weight[j, i] <= room[i]:
                profit[k] = gain
                own[k] = weight[j, i]
                job[k] = j
                k += 1
        if k == 0:
            continue
        value -= knapsack(profit[:k], own[:k], room[i], best, taken, chosen)
        for t in range(k):
            if chosen[t]:
                missing[job[t]] -= 1.0
                share[job[t], i] += mix
    return value
