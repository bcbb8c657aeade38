"""Compiled: which unit lies in which slot, what that leaves room for, and what the rules say to one more unit.

units    (volume, weight, sku, klass, side (U, R), must, must_row): must is the region that a unit has to lie in (-1: any,
         -2: the unit never moves), numbered as in row must_row of the slots' regions
slots    (kind, position, metres, extra, max_weight, max_volume, max_skus, region (4, S))
rules    (allowed (classes, kinds), apart_row (R,)): the region row that each rule of `apart` speaks of
state    (place (U,), head (S,), after (U,), volume (S,), weight (S,), apart (R, 2, regions)): slots as linked lists of
         units; place is -1 for a unit that is left out
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.jit import kernel

Ints = npt.NDArray[np.int64]


def empty_state(units: int, slots: int, rules: int, regions: int) -> tuple[Any, ...]:
    """Nothing placed."""
    return (
        np.full(units, -1, dtype=np.int64),
        np.full(slots, -1, dtype=np.int64),
        np.full(units, -1, dtype=np.int64),
        np.zeros(slots, dtype=np.int64),
        np.zeros(slots, dtype=np.int64),
        np.zeros((rules, 2, max(1, regions)), dtype=np.int64),
    )


@kernel
def fits(units, slots, rules, state, u, s, out):  # type: ignore[no-untyped-def]
    """Whether unit u may go into slot s once unit `out` (-1: none) has gone from s to where u was."""
    volume, weight, sku, klass, side, must, must_row = units
    kind, _position, _metres, _extra, max_weight, max_volume, max_skus, region = slots
    allowed, apart_row = rules
    place, head, after, used_volume, used_weight, apart = state
    if not allowed[klass[u], kind[s]]:
        return False
    if must[u] >= 0 and region[must_row[u], s] != must[u]:
        return False
    free_volume = max_volume[s] - used_volume[s]
    free_weight = max_weight[s] - used_weight[s]
    if out >= 0:
        free_volume += volume[out]
        free_weight += weight[out]
    if volume[u] > free_volume or weight[u] > free_weight:
        return False
    distinct = 1
    other = head[s]
    while other >= 0:
        if other != out and sku[other] != sku[u]:
            first = True
            earlier = head[s]
            while earlier != other:
                if earlier != out and sku[earlier] == sku[other]:
                    first = False
                    break
                earlier = after[earlier]
            if first:
                distinct += 1
        other = after[other]
    if distinct > max_skus[s]:
        return False
    here = place[u]
    for r in range(apart_row.shape[0]):
        mine = side[u, r]
        if mine == 0:
            continue
        there = region[apart_row[r], s]
        if here >= 0 and region[apart_row[r], here] == there:
            continue
        if mine == 3:
            return False
        opposed = apart[r, 2 - mine, there]
        if out >= 0 and (side[out, r] == 3 - mine or side[out, r] == 3):
            opposed -= 1
        if opposed > 0:
            return False
    return True


@kernel
def put(units, slots, rules, state, u, s):  # type: ignore[no-untyped-def]
    """Place a unit that is not placed."""
    volume, weight, _sku, _klass, side, _must, _must_row = units
    region, apart_row = slots[7], rules[1]
    place, head, after, used_volume, used_weight, apart = state
    place[u] = s
    after[u] = head[s]
    head[s] = u
    used_volume[s] += volume[u]
    used_weight[s] += weight[u]
    for r in range(apart_row.shape[0]):
        if side[u, r] & 1:
            apart[r, 0, region[apart_row[r], s]] += 1
        if side[u, r] & 2:
            apart[r, 1, region[apart_row[r], s]] += 1


@kernel
def take(units, slots, rules, state, u):  # type: ignore[no-untyped-def]
    """Take a placed unit out."""
    volume, weight, _sku, _klass, side, _must, _must_row = units
    region, apart_row = slots[7], rules[1]
    place, head, after, used_volume, used_weight, apart = state
    s = place[u]
    place[u] = -1
    if head[s] == u:
        head[s] = after[u]
    else:
        other = head[s]
        while after[other] != u:
            other = after[other]
        after[other] = after[u]
    after[u] = -1
    used_volume[s] -= volume[u]
    used_weight[s] -= weight[u]
    for r in range(apart_row.shape[0]):
        if side[u, r] & 1:
            apart[r, 0, region[apart_row[r], s]] -= 1
        if side[u, r] & 2:
            apart[r, 1, region[apart_row[r], s]] -= 1


@kernel
def fill(units, slots, rules, state, order, wanted, choices):  # type: ignore[no-untyped-def]
    """Place units in the given order: each at its wanted slot if it fits there, else in the first slot of `choices` that
    takes it. Returns how many stay out. `choices` may be empty."""
    sku, max_skus, head = units[2], slots[6], state[1]
    lots = np.zeros(sku.max() + 1 if sku.shape[0] > 0 else 0, dtype=np.int64)
    for u in range(sku.shape[0]):
        lots[sku[u]] += 1
    left = 0
    open_from = 0  # the slots of `choices` before this take nobody any more: each has its one article, all of it
    for u in order:
        s = wanted[u]
        if s >= 0 and fits(units, slots, rules, state, u, s, -1):
            put(units, slots, rules, state, u, s)
            continue
        found = False
        while open_from < choices.shape[0]:
            s = choices[open_from]
            if max_skus[s] > 1 or head[s] < 0 or lots[sku[head[s]]] > 1:
                break
            open_from += 1
        for s in choices[open_from:]:
            if fits(units, slots, rules, state, u, s, -1):
                put(units, slots, rules, state, u, s)
                found = True
                break
        if not found:
            left += 1
    return left


@kernel
def first_that_fits(units, slots, rules, state, who, where):  # type: ignore[no-untyped-def]
    """The first i for which unit who[i] may go into slot where[i] as things stand; -1 for none."""
    for i in range(who.shape[0]):
        if fits(units, slots, rules, state, who[i], where[i], -1):
            return i
    return -1
