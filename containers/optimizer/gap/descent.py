"""Compiled: descent by shifts, swaps and double shifts, overload priced (compare Yagiura, Ibaraki & Glover 2004)."""

from __future__ import annotations

from containers.optimizer.chance import below
from containers.optimizer.jit import kernel

SECOND_CHOICES = 5  # agents that the second job of a double shift tries


@kernel
def link(state, j, i):  # type: ignore[no-untyped-def]
    """Put job j at the head of agent i's list. state: (agent, load, head, after, before)."""
    _agent, _load, head, after, before = state
    after[j] = head[i]
    before[j] = -1
    if head[i] >= 0:
        before[head[i]] = j
    head[i] = j


@kernel
def give(weight, state, j, q):  # type: ignore[no-untyped-def]
    """Take job j from its agent and give it to q."""
    agent, load, head, after, before = state
    a = agent[j]
    if before[j] >= 0:
        after[before[j]] = after[j]
    else:
        head[a] = after[j]
    if after[j] >= 0:
        before[after[j]] = before[j]
    link(state, j, q)
    load[a] -= weight[j, a]
    load[q] += weight[j, q]
    agent[j] = q


@kernel
def over(load, room):  # type: ignore[no-untyped-def]
    """What is too much."""
    return max(0.0, load - room)


@kernel
def descend(cost, weight, room, penalty, near, state, order, random):  # type: ignore[no-untyped-def]
    """Until no job can be shifted to one of its `near` agents with gain, alone or with one job there making room."""
    agent, load, head, after, _before = state
    jobs = cost.shape[0]
    choices = near.shape[1]
    for t in range(jobs - 1, 0, -1):
        s = below(random, t + 1)
        order[t], order[s] = order[s], order[t]
    since = 0
    position = 0
    while since < jobs:
        j = order[position]
        position = (position + 1) % jobs
        since += 1
        a = agent[j]
        without = load[a] - weight[j, a]
        relief = penalty[a] * (over(without, room[a]) - over(load[a], room[a])) - cost[j, a]
        best = -1e-9
        to = other = there = -1
        for x in range(choices):
            q = near[j, x]
            if q == a:
                continue
            with_j = load[q] + weight[j, q]
            base = relief + cost[j, q] - penalty[q] * over(load[q], room[q])
            change = base + penalty[q] * over(with_j, room[q])
            if change < best:
                best, to, other = change, q, -1
            if with_j <= room[q]:
                continue
            k = head[q]
            while k >= 0:
                left = base + penalty[q] * over(with_j - weight[k, q], room[q]) - cost[k, q]
                change = left + cost[k, a]
                change += penalty[a] * (over(without + weight[k, a], room[a]) - over(without, room[a]))
                if change < best:
                    best, to, other, there = change, q, k, a
                for y in range(min(choices, SECOND_CHOICES)):
                    p = near[k, y]
                    if p in (q, a):
                        continue
                    change = left + cost[k, p]
                    change += penalty[p] * (over(load[p] + weight[k, p], room[p]) - over(load[p], room[p]))
                    if change < best:
                        best, to, other, there = change, q, k, p
                k = after[k]
        if to >= 0:
            give(weight, state, j, to)
            if other >= 0:
                give(weight, state, other, there)
            since = 0


@kernel
def overloaded(load, room):  # type: ignore[no-untyped-def]
    """Whether any agent has more than its room."""
    return (load > room + 1e-9).any()
