"""Compiled serial schedule generation: tasks in a given order, each to the worker who ends it first.

problem  (seconds (T, W), w_first, w_start, w_end, resource (T, 2), unit_first (R + 1,), p_first, p_task, release (T,),
          due (T,), weight (T,), wave (T,), wave_due (V,), wave_weight (V,), pinned (T, 2), prices (3,) late, left out, finish)
plan     (worker (T,), start (T,), end (T,)): worker -1 for a task that is left out
scratch  (free (W,), unit_free (units,), wave_end (V,), pinned order (T,))
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.chance import below
from containers.optimizer.jit import kernel

NEVER = 1 << 40


@kernel
def fit(w_first, w_start, w_end, worker, earliest, seconds):  # type: ignore[no-untyped-def]
    """The first instant from `earliest` on at which the worker has `seconds` without a break; NEVER if none."""
    for k in range(w_first[worker], w_first[worker + 1]):
        start = w_start[k] if w_start[k] > earliest else earliest
        if start + seconds <= w_end[k]:
            return start
    return np.int64(NEVER)


@kernel
def earliest_ends(seconds, w_first, w_start, w_end, p_first, p_task, release, pinned, topological, ends):  # type: ignore[no-untyped-def]
    """When each task can end at the earliest with nobody else in its way, into `ends` (T,); NEVER when it cannot be done."""
    ends[:] = NEVER
    for task in topological:
        ready = release[task]
        for k in range(p_first[task], p_first[task + 1]):
            ready = max(ready, ends[p_task[k]])
        if ready >= NEVER:
            continue
        for worker in range(seconds.shape[1]):
            need = seconds[task, worker]
            if need < NEVER and (pinned[task, 0] < 0 or pinned[task, 0] == worker):
                start = fit(w_first, w_start, w_end, worker, ready, need)
                if start < NEVER:
                    ends[task] = min(ends[task], start + need)


@kernel
def place(problem, plan, scratch, task, wish):  # type: ignore[no-untyped-def]
    """Give one task its worker and time; `wish` is the worker to prefer, -1 for whoever ends it first."""
    seconds, w_first, w_start, w_end, resource, unit_first, p_first, p_task, release = problem[:9]
    pinned = problem[14]
    worker, start, end = plan
    free, unit_free, _wave_end = scratch
    ready = release[task]
    for k in range(p_first[task], p_first[task + 1]):
        other = p_task[k]
        if worker[other] < 0:
            worker[task] = -1  # what it waits for is not done
            return
        if end[other] > ready:
            ready = end[other]
    units = np.array([-1, -1], dtype=np.int64)
    for r in range(2):
        kind = resource[task, r]
        if kind >= 0:
            best = unit_first[kind]
            for unit in range(unit_first[kind], unit_first[kind + 1]):
                if unit_free[unit] < unit_free[best]:
                    best = unit
            # Of the units that are free in time, the one that was free last: gaps stay where they are of use.
            for unit in range(unit_first[kind], unit_first[kind + 1]):
                if unit_free[unit] <= ready and (unit_free[best] > ready or unit_free[unit] > unit_free[best]):
                    best = unit
            units[r] = best
            if unit_free[best] > ready:
                ready = unit_free[best]
    chosen, chosen_start, chosen_end, slack = -1, np.int64(NEVER), np.int64(NEVER), np.int64(NEVER)
    only = pinned[task, 0]
    for w in range(seconds.shape[1]):
        need = seconds[task, w]
        if need >= NEVER or (only >= 0 and w != only) or (only < 0 and wish >= 0 and w != wish):
            continue
        earliest = free[w] if free[w] > ready else ready
        if pinned[task, 1] > earliest:
            earliest = pinned[task, 1]
        at = fit(w_first, w_start, w_end, w, earliest, need)
        if at >= NEVER or (pinned[task, 1] >= 0 and at != pinned[task, 1]):
            continue
        idle = at - free[w]
        if at + need < chosen_end or (at + need == chosen_end and idle < slack):
            chosen, chosen_start, chosen_end, slack = w, at, at + need, idle
    worker[task] = chosen
    if chosen < 0:
        return
    start[task] = chosen_start
    end[task] = chosen_end
    free[chosen] = chosen_end
    for r in range(2):
        if units[r] >= 0:
            unit_free[units[r]] = chosen_end


@kernel
def value_of(problem, plan, scratch):  # type: ignore[no-untyped-def]
    """The plan's points: lateness, tasks left out, last end."""
    p_first, p_task = problem[6], problem[7]
    due, weight, wave, wave_due, wave_weight, pinned, prices = problem[9:16]
    worker, start, end = plan
    wave_end = scratch[2]
    wave_end[:] = -1
    late, out = 0.0, 0.0
    last = np.int64(0)
    for t in range(worker.shape[0]):
        if worker[t] < 0:
            out += weight[t]
            continue
        if end[t] > last:
            last = end[t]
        if end[t] > due[t]:
            late += weight[t] * (end[t] - due[t])
        if wave[t] >= 0 and end[t] > wave_end[wave[t]]:
            wave_end[wave[t]] = end[t]
        if pinned[t, 1] >= 0:  # its start is fixed, so what it waits for must have ended: priced like a task left out
            for k in range(p_first[t], p_first[t + 1]):
                if worker[p_task[k]] < 0 or end[p_task[k]] > start[t]:
                    out += weight[t]
    for v in range(wave_end.shape[0]):
        if wave_end[v] > wave_due[v]:
            late += wave_weight[v] * (wave_end[v] - wave_due[v])
    return prices[0] * late + prices[1] * out + prices[2] * last


@kernel
def decode(problem, order, wish, plan, scratch):  # type: ignore[no-untyped-def]
    """The plan of an order in which predecessors come first. Tasks with a pinned start go before all others."""
    pinned = problem[14]
    free, unit_free, _wave_end = scratch
    free[:] = 0
    unit_free[:] = 0
    plan[0][:] = -1
    count = order.shape[0]
    any_pinned = False
    for t in range(count):
        if pinned[t, 1] >= 0:
            any_pinned = True
    if any_pinned:
        place_pinned(problem, plan, scratch)
    for k in range(count):
        task = order[k]
        if pinned[task, 1] < 0:
            place(problem, plan, scratch, task, wish[task])
    return value_of(problem, plan, scratch)


@kernel
def place_pinned(problem, plan, scratch):  # type: ignore[no-untyped-def]
    """Tasks whose start is fixed, by start; their workers go on after them."""
    seconds, resource, unit_first, pinned = problem[0], problem[4], problem[5], problem[14]
    worker, start, end = plan
    free, unit_free, _wave_end = scratch
    by_start = np.argsort(pinned[:, 1])
    for k in range(by_start.shape[0]):
        task = by_start[k]
        if pinned[task, 1] < 0:
            continue
        w = pinned[task, 0]
        worker[task] = w
        start[task] = pinned[task, 1]
        end[task] = pinned[task, 1] + seconds[task, w]
        if end[task] > free[w]:
            free[w] = end[task]
        for r in range(2):
            kind = resource[task, r]
            if kind >= 0:
                best = unit_first[kind]
                for unit in range(unit_first[kind], unit_first[kind + 1]):
                    if unit_free[unit] < unit_free[best]:
                        best = unit
                unit_free[best] = end[task]


@kernel
def repair(order, rank, topological, p_first, p_task):  # type: ignore[no-untyped-def]
    """Sort by rank, after every predecessor was pulled before whatever waits for it."""
    for k in range(topological.shape[0] - 1, -1, -1):
        task = topological[k]
        for j in range(p_first[task], p_first[task + 1]):
            if rank[p_task[j]] > rank[task] - 1e-6:
                rank[p_task[j]] = rank[task] - 1e-6
    order[:] = np.argsort(rank)


@kernel
def anneal(  # type: ignore[no-untyped-def]
    problem, topological, order, wish, best_order, best_wish, plan, scratch, state, steps, hot, cold, value, best
):
    """Simulated annealing over the order (a task moves) and over who is preferred. Returns (value, best value)."""
    count = order.shape[0]
    workers = problem[0].shape[1]
    has_preds = problem[7].shape[0] > 0
    rank = np.empty(count, dtype=np.float64)
    trial = order.copy()
    trial_wish = wish.copy()
    cooling = (cold / hot) ** (1.0 / max(1, steps)) if hot > 0 and cold > 0 else 1.0
    heat = hot
    for _step in range(steps):
        trial[:] = order
        kind = below(state, 10)
        changed = -1
        before = np.int64(-1)
        if kind < 3 and workers > 1:
            changed = below(state, count)
            before = wish[changed]
            wanted = below(state, workers + 1) - 1
            if wanted >= 0 and problem[0][changed, wanted] >= NEVER:
                wanted = -1
            trial_wish[changed] = wanted
        else:
            a = below(state, count)
            span = count if kind < 5 else min(count, 12)
            b = a + below(state, 2 * span + 1) - span
            b = min(max(b, 0), count - 1)
            moved = trial[a]
            if kind >= 8:
                trial[a], trial[b] = trial[b], trial[a]
            elif a < b:
                for k in range(a, b):
                    trial[k] = trial[k + 1]
                trial[b] = moved
            else:
                for k in range(a, b, -1):
                    trial[k] = trial[k - 1]
                trial[b] = moved
            if has_preds:
                for k in range(count):
                    rank[trial[k]] = k
                repair(trial, rank, topological, problem[6], problem[7])
        found = decode(problem, trial, trial_wish, plan, scratch)
        better = found - value
        uniform = (below(state, 1 << 30) + 1) / float(1 << 30)
        if better <= 0 or (heat > 0 and uniform < np.exp(-better / heat)):
            value = found
            order[:] = trial
            wish[:] = trial_wish
            if found < best - 1e-9:
                best = found
                best_order[:] = trial
                best_wish[:] = trial_wish
        elif changed >= 0:
            trial_wish[changed] = before
        heat *= cooling
    return value, best
