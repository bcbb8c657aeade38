"""Compiled tabu search for the job shop on critical blocks, and the blending of two schedules.

The neighbourhood is N7 (Zhang, Li, Guan & Rao 2007, "A tabu search algorithm with a new neighborhood structure for the
job shop scheduling problem", Computers & Operations Research 34): an operation of a critical block moves to the block's
ends, or an end moves inside, where Balas & Vazacopoulos (1998, Management Science 44) prove that no cycle arises; their
estimate of the new makespan ranks the moves.

shop   (duration (N,), before (N,), after (N,)): job neighbours, -1 where there is none
orders (mbefore (N,), mafter (N,)): machine neighbours, the decision
times  (head (N,), tail (N,), order (N,)): longest path up to an operation's start, after its end, a topological order
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.chance import below
from containers.optimizer.jit import kernel


@kernel
def evaluate(shop, orders, times, degree):  # type: ignore[no-untyped-def]
    """Heads, tails and a topological order of the machine orders; the makespan, or -1 for a cycle."""
    duration, before, after = shop
    mbefore, mafter = orders
    head, tail, order = times
    count = duration.shape[0]
    filled = 0
    for i in range(count):
        degree[i] = (before[i] >= 0) + (mbefore[i] >= 0)
        if degree[i] == 0:
            order[filled] = i
            filled += 1
    done = 0
    makespan = np.int64(0)
    while done < filled:
        i = order[done]
        done += 1
        start = np.int64(0)
        if before[i] >= 0:
            start = head[before[i]] + duration[before[i]]
        if mbefore[i] >= 0:
            other = head[mbefore[i]] + duration[mbefore[i]]
            if other > start:
                start = other
        head[i] = start
        if start + duration[i] > makespan:
            makespan = start + duration[i]
        j = after[i]
        if j >= 0:
            degree[j] -= 1
            if degree[j] == 0:
                order[filled] = j
                filled += 1
        j = mafter[i]
        if j >= 0:
            degree[j] -= 1
            if degree[j] == 0:
                order[filled] = j
                filled += 1
    if filled < count:
        return np.int64(-1)
    for k in range(count - 1, -1, -1):
        i = order[k]
        rest = np.int64(0)
        if after[i] >= 0:
            rest = tail[after[i]] + duration[after[i]]
        if mafter[i] >= 0:
            other = tail[mafter[i]] + duration[mafter[i]]
            if other > rest:
                rest = other
        tail[i] = rest
    return makespan


@kernel
def critical_path(shop, orders, times, makespan, path, state):  # type: ignore[no-untyped-def]
    """One critical path, drawn at random among several, written to `path` from its end; its length."""
    duration, before, _after = shop
    mbefore, _mafter = orders
    head, tail, order = times
    count = duration.shape[0]
    current = -1
    seen = 0
    for k in range(count):
        i = order[k]
        if tail[i] == 0 and head[i] + duration[i] == makespan:
            seen += 1
            if below(state, seen) == 0:
                current = i
    length = 0
    while current >= 0:
        path[length] = current
        length += 1
        a, b = before[current], mbefore[current]
        by_job = a >= 0 and head[a] + duration[a] == head[current]
        by_machine = b >= 0 and head[b] + duration[b] == head[current]
        if by_job and by_machine:
            current = a if below(state, 2) == 0 else b
        elif by_job:
            current = a
        elif by_machine:
            current = b
        else:
            current = -1
    return length


@kernel
def estimate(shop, orders, times, block, first, last, forward, new_head, new_tail, work):  # type: ignore[no-untyped-def]
    """The makespan's estimate when block[first] goes behind block[last] (forward), or block[last] before block[first]."""
    duration, before, after = shop
    mbefore, mafter = orders
    head, tail, _order = times
    size = last - first + 1
    for k in range(size):
        if forward:
            work[k] = block[first + 1 + k] if k < size - 1 else block[first]
        else:
            work[k] = block[last] if k == 0 else block[first + k - 1]
    previous = mbefore[block[first]]
    ready = head[previous] + duration[previous] if previous >= 0 else np.int64(0)
    for k in range(size):
        i = work[k]
        start = ready
        if before[i] >= 0 and head[before[i]] + duration[before[i]] > start:
            start = head[before[i]] + duration[before[i]]
        new_head[k] = start
        ready = start + duration[i]
    following = mafter[block[last]]
    rest = tail[following] + duration[following] if following >= 0 else np.int64(0)
    worst = np.int64(0)
    for k in range(size - 1, -1, -1):
        i = work[k]
        left = rest
        if after[i] >= 0 and tail[after[i]] + duration[after[i]] > left:
            left = tail[after[i]] + duration[after[i]]
        new_tail[k] = left
        rest = left + duration[i]
        total = new_head[k] + duration[i] + left
        if total > worst:
            worst = total
    return worst


@kernel
def is_safe(shop, times, u, v, forward):  # type: ignore[no-untyped-def]
    """Whether the move cannot close a cycle (Balas & Vazacopoulos, propositions 2.2 and 2.3)."""
    duration, before, after = shop
    head, tail, _order = times
    if forward:
        j = after[u]
        return j < 0 or tail[v] + duration[v] >= tail[j] + duration[j]
    j = before[v]
    return j < 0 or head[u] + duration[u] >= head[j] + duration[j]


@kernel
def is_tabu(tabu, slot, block, first, last, forward, iteration):  # type: ignore[no-untyped-def]
    """Whether the move would bring back an order of two operations that is forbidden."""
    if forward:
        u = block[first]
        for k in range(first + 1, last + 1):
            if tabu[block[k], slot[u]] > iteration:
                return True
    else:
        v = block[last]
        for k in range(first, last):
            if tabu[v, slot[block[k]]] > iteration:
                return True
    return False


@kernel
def apply_move(orders, tabu, slot, block, first, last, forward, until):  # type: ignore[no-untyped-def]
    """Change the machine's order, and forbid the orders that it had."""
    mbefore, mafter = orders
    u, v = block[first], block[last]
    previous, following = mbefore[u], mafter[v]
    if forward:
        for k in range(first + 1, last + 1):
            tabu[u, slot[block[k]]] = until
        start = block[first + 1]
        if previous >= 0:
            mafter[previous] = start
        mbefore[start] = previous
        mafter[v] = u
        mbefore[u] = v
        mafter[u] = following
        if following >= 0:
            mbefore[following] = u
    else:
        for k in range(first, last):
            tabu[block[k], slot[v]] = until
        end = block[last - 1]
        if following >= 0:
            mbefore[following] = end
        mafter[end] = following
        if previous >= 0:
            mafter[previous] = v
        mbefore[v] = previous
        mafter[v] = u
        mbefore[u] = v


@kernel
def tabu_search(shop, machine, slot, orders, best, tabu, jobs, machines, state, patience, limit, goal):  # type: ignore[no-untyped-def]
    """Improve `orders` until `patience` moves brought nothing new, `limit` moves are done or the makespan is `goal`.

    `best` (2, N) gets the best machine neighbours seen. `tabu` (N, most operations of a machine) holds up to which move
    the row's operation may not come before the one with that `slot` (N,: its number on the machine). Returns (best makespan, moves).
    """
    mbefore, mafter = orders
    count = machine.shape[0]
    times = (np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64))
    degree = np.empty(count, np.int64)
    path = np.empty(count, np.int64)
    block = np.empty(count, np.int64)
    new_head, new_tail, work = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    chosen = np.empty(count, np.int64)
    tabu[:] = 0
    makespan = evaluate(shop, orders, times, degree)
    best_value = makespan
    best[0, :] = mbefore
    best[1, :] = mafter
    shortest = np.int64(10 + jobs // machines)
    spread = np.int64(0.4 * shortest) + 1 if jobs <= 2 * machines else np.int64(0.5 * shortest) + 1
    iteration = np.int64(0)
    improved = np.int64(0)
    while iteration < limit and iteration - improved < patience and best_value > goal:
        iteration += 1
        length = critical_path(shop, orders, times, makespan, path, state)
        value, ties = np.int64(1) << 60, 0
        open_first, open_last, open_forward, open_size = 0, 0, True, 0
        any_seen = 0
        spare_first, spare_last, spare_forward, spare_size = 0, 0, True, 0
        spare = np.empty(0, np.int64)
        end = length - 1
        while end >= 0:
            start = end
            while start > 0 and machine[path[start - 1]] == machine[path[end]]:
                start -= 1
            size = end - start + 1
            if size >= 2:
                for k in range(size):
                    block[k] = path[end - k]
                # A first block's front and a last block's rear cannot shorten the path (Nowicki & Smutnicki 1996).
                is_first, is_last = end == length - 1, start == 0
                for kind in range(4):
                    if (kind == 1 or kind == 3) and size == 2:
                        continue
                    for k in range(size - 1):
                        if kind == 0:  # to the rear
                            first, last, forward = k, size - 1, True
                            if is_last and not is_first and k < size - 1:
                                continue
                        elif kind == 1:  # the front moves inside
                            first, last, forward = 0, k + 1, True
                            if k + 1 == size - 1 or is_first:
                                continue
                        elif kind == 2:  # to the front
                            first, last, forward = 0, k + 1, False
                            if is_first and not is_last:
                                continue
                        else:  # the rear moves inside
                            first, last, forward = k, size - 1, False
                            if k == 0 or is_last:
                                continue
                        u, v = block[first], block[last]
                        if size == 2 and kind == 2 and not (is_last and not is_first):
                            continue  # the same exchange as kind 0
                        if not is_safe(shop, times, u, v, forward):
                            continue
                        guess = estimate(shop, orders, times, block, first, last, forward, new_head, new_tail, work)
                        forbidden = is_tabu(tabu, slot, block, first, last, forward, iteration)
                        if forbidden and guess >= best_value:
                            any_seen += 1
                            if below(state, any_seen) == 0:
                                spare_first, spare_last, spare_forward, spare_size = first, last, forward, size
                                spare = block[:size].copy()
                            continue
                        if guess < value:
                            value, ties = guess, 1
                        elif guess == value:
                            ties += 1
                            if below(state, ties) != 0:
                                continue
                        else:
                            continue
                        open_first, open_last, open_forward, open_size = first, last, forward, size
                        for j in range(size):
                            chosen[j] = block[j]
            end = start - 1
        if open_size == 0:
            if spare_size == 0:
                break  # no move at all: the path is one job, and the schedule optimal
            open_first, open_last, open_forward, open_size = spare_first, spare_last, spare_forward, spare_size
            for j in range(spare_size):
                chosen[j] = spare[j]
        until = iteration + shortest + below(state, spread)
        apply_move(orders, tabu, slot, chosen, open_first, open_last, open_forward, until)
        makespan = evaluate(shop, orders, times, degree)
        if makespan < best_value:
            best_value = makespan
            improved = iteration
            best[0, :] = mbefore
            best[1, :] = mafter
    return best_value, iteration


@kernel
def orders_of(sequence, machine, last, orders):  # type: ignore[no-untyped-def]
    """Machine neighbours from a topological order of all operations. `last` (machines,) is scratch."""
    mbefore, mafter = orders
    last[:] = -1
    for k in range(sequence.shape[0]):
        i = sequence[k]
        m = machine[i]
        mbefore[i] = last[m]
        mafter[i] = -1
        if last[m] >= 0:
            mafter[last[m]] = i
        last[m] = i
