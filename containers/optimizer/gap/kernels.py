"""Compiled: prices of the agents' capacity by subgradients, and annealing in which overload has a price."""

from __future__ import annotations

import numpy as np

from containers.optimizer.chance import below, fraction
from containers.optimizer.jit import kernel

PATIENCE = 15
# Steps aim this share above the best bound: no upper bound is known yet.
AIM = 0.02


@kernel
def prices(cost, weight, capacity, price, rounds):  # type: ignore[no-untyped-def]
    """Lagrangean dual of the capacities by subgradients (Held, Wolfe & Crowder 1974). price (D, m) is changed in place to
    the best found; returns its bound: no assignment costs less."""
    jobs, agents = cost.shape
    resources = weight.shape[0]
    best = -np.inf
    kept = price.copy()
    slope = np.zeros((resources, agents))
    step_size = 1.0
    stale = 0
    for _ in range(rounds):
        value = 0.0
        for d in range(resources):
            for i in range(agents):
                slope[d, i] = -capacity[d, i]
                value -= price[d, i] * capacity[d, i]
        for j in range(jobs):
            least = np.inf
            at = 0
            for i in range(agents):
                one = cost[j, i]
                for d in range(resources):
                    one += price[d, i] * weight[d, j, i]
                if one < least:
                    least = one
                    at = i
            value += least
            for d in range(resources):
                slope[d, at] += weight[d, j, at]
        if value > best:
            if value > best + 1e-6 * abs(best) or best == -np.inf:
                stale = 0
            best = value
            kept[:] = price
        else:
            stale += 1
            if stale >= PATIENCE:
                step_size *= 0.75
                stale = 0
                price[:] = kept
        norm = 0.0
        for d in range(resources):
            for i in range(agents):
                if price[d, i] > 0 or slope[d, i] > 0:
                    norm += slope[d, i] * slope[d, i]
        if norm == 0 or step_size < 1e-4:
            break
        step = step_size * (AIM * abs(best) + 1.0) / norm
        for d in range(resources):
            for i in range(agents):
                price[d, i] = max(0.0, price[d, i] + step * slope[d, i])
    price[:] = kept
    return best


@kernel
def overload(load, capacity):  # type: ignore[no-untyped-def]
    """The overload summed over agents and resources."""
    total = 0.0
    for d in range(load.shape[0]):
        for i in range(load.shape[1]):
            total += max(0.0, load[d, i] - capacity[d, i])
    return total


@kernel
def swing(cost, weight, capacity, penalty, near, agent, load, moves, hot, random, best, totals):  # type: ignore[no-untyped-def]
    """Annealing at one temperature by shifts to one of a job's `near` agents and by swaps of two jobs; a unit of overload
    costs penalty (D, m). totals: [cost now, overload now, least cost without overload], whose assignment is `best`."""
    jobs = cost.shape[0]
    resources = weight.shape[0]
    choices = near.shape[1]
    for _ in range(moves):
        j = below(random, jobs)
        a = agent[j]
        k = -1
        if below(random, 2) == 0:
            q = near[j, below(random, choices)]
        else:
            k = below(random, jobs)
            q = agent[k]
        if q == a or cost[j, q] == np.inf or (k >= 0 and cost[k, a] == np.inf):
            continue
        change = cost[j, q] - cost[j, a]
        if k >= 0:
            change += cost[k, a] - cost[k, q]
        priced = change
        over = 0.0
        for d in range(resources):
            out_a, in_q = -weight[d, j, a], weight[d, j, q]
            if k >= 0:
                out_a += weight[d, k, a]
                in_q -= weight[d, k, q]
            at_a = max(0.0, load[d, a] + out_a - capacity[d, a]) - max(0.0, load[d, a] - capacity[d, a])
            at_q = max(0.0, load[d, q] + in_q - capacity[d, q]) - max(0.0, load[d, q] - capacity[d, q])
            priced += penalty[d, a] * at_a + penalty[d, q] * at_q
            over += at_a + at_q
        if priced > 0 and fraction(random) >= np.exp(-priced / hot):
            continue
        for d in range(resources):
            load[d, a] -= weight[d, j, a]
            load[d, q] += weight[d, j, q]
            if k >= 0:
                load[d, a] += weight[d, k, a]
                load[d, q] -= weight[d, k, q]
        agent[j] = q
        if k >= 0:
            agent[k] = a
        totals[0] += change
        totals[1] += over
        if totals[1] < 1e-9 and totals[0] < totals[2] - 1e-9:
            totals[1] = overload(load, capacity)
            if totals[1] < 1e-9:
                totals[2] = totals[0]
                best[:] = agent
