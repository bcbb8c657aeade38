"""Compiled kernel: the ways in which a sub-aisle can be entered, and what each takes of the articles that are wanted."""

from __future__ import annotations

import numpy as np

from containers.optimizer.floor.states import ACTIONS
from containers.optimizer.jit import kernel

NOTHING = np.iinfo(np.int64).max


@kernel
def list_options(cells, lengths, place_first, height, forced, item_first, item, quantity, demand):  # type: ignore[no-untyped-def]
    """Options of every cell, by action: (act_first (cells, 7), cost, prefix, suffix, first (options + 1,), item, quantity).

    Cell c has the places place_first[c]:place_first[c + 1], ascending by height; place p holds quantity[e] of item[e] for e
    in item_first[p]:item_first[p + 1]. An option passes the cell's places below `prefix` and from `suffix` on. It must pass
    forced places, and is left out when one of its turning points adds nothing to what is taken.
    """
    act_first = np.zeros((cells, ACTIONS + 1), dtype=np.int64)
    most = 0
    widest = 0
    entries = 0
    for c in range(cells):
        n = place_first[c + 1] - place_first[c]
        held = item_first[place_first[c + 1]] - item_first[place_first[c]]
        options = 3 + 2 * n + n * (n - 1) // 2
        most += options
        entries += options * min(held, demand.shape[0])
        widest = max(widest, n)
    cost = np.empty(most)
    prefix = np.empty(most, dtype=np.int64)
    suffix = np.empty(most, dtype=np.int64)
    first = np.zeros(most + 1, dtype=np.int64)
    items = np.empty(entries, dtype=np.int64)
    taken = np.empty(entries, dtype=np.int64)
    local = np.full(demand.shape[0], -1, dtype=np.int64)
    count = 0
    filled = 0
    for c in range(cells):
        low = place_first[c]
        n = place_first[c + 1] - low
        length = lengths[c]
        start, stop = item_first[low], item_first[low + n]
        names = np.empty(stop - start, dtype=np.int64)
        known = 0
        for e in range(start, stop):
            if local[item[e]] < 0:
                local[item[e]] = known
                names[known] = item[e]
                known += 1
        below = np.zeros((n + 1, known), dtype=np.int64)  # [i]: what the first i places hold
        above = np.zeros((n + 1, known), dtype=np.int64)  # [j]: what the places from j on hold
        for i in range(n):
            below[i + 1] = below[i]
            for e in range(item_first[low + i], item_first[low + i + 1]):
                below[i + 1, local[item[e]]] += quantity[e]
        for j in range(n - 1, -1, -1):
            above[j] = above[j + 1]
            for e in range(item_first[low + j], item_first[low + j + 1]):
                above[j, local[item[e]]] += quantity[e]
        first_forced = n
        last_forced = -1
        for i in range(n):
            if forced[low + i]:
                first_forced = min(first_forced, i)
                last_forced = i
        for action in range(ACTIONS):
            act_first[c, action] = count
            for i in range(n + 1):
                for j in range(i, n + 1):
                    metres = 0.0
                    if action == 0:  # not entered
                        if i > 0 or j < n:
                            continue
                    elif action <= 2:  # once or twice through
                        if i < n or j < n:
                            continue
                        metres = action * length
                    elif action == 3:  # from below to place i - 1 and back
                        if i == 0 or j < n:
                            continue
                        metres = 2.0 * height[low + i - 1]
                    elif action == 4:  # from above to place j and back
                        if i > 0 or j == n:
                            continue
                        metres = 2.0 * (length - height[low + j])
                    else:
                        if i == 0 or j == n or height[low + j] <= height[low + i - 1]:
                            continue
                        metres = 2.0 * (length - height[low + j] + height[low + i - 1])
                    passes = True
                    for x in range(max(i, first_forced), min(j, last_forced + 1)):
                        if forced[low + x]:
                            passes = False
                    if not passes:
                        continue
                    useful = True
                    if action >= 3:
                        if i > 0 and not forced[low + i - 1]:
                            useful = False
                            for e in range(item_first[low + i - 1], item_first[low + i]):
                                x = local[item[e]]
                                if below[i - 1, x] + above[j, x] < demand[item[e]]:
                                    useful = True
                        if useful and j < n and not forced[low + j]:
                            useful = False
                            for e in range(item_first[low + j], item_first[low + j + 1]):
                                x = local[item[e]]
                                if below[i, x] + above[j + 1, x] < demand[item[e]]:
                                    useful = True
                    if not useful:
                        continue
                    cost[count] = metres
                    prefix[count] = i
                    suffix[count] = j
                    for x in range(known):
                        pieces = min(demand[names[x]], below[i, x] + above[j, x])
                        if pieces > 0:
                            items[filled] = names[x]
                            taken[filled] = pieces
                            filled += 1
                    count += 1
                    first[count] = filled
        act_first[c, ACTIONS] = count
        for x in range(known):
            local[names[x]] = -1
    return (
        act_first, cost[:count].copy(), prefix[:count].copy(), suffix[:count].copy(), first[: count + 1].copy(),
        items[:filled].copy(), taken[:filled].copy(),
    )  # fmt: skip
