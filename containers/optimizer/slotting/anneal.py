"""Compiled simulated annealing over slots: move a unit, or swap two, on the exact change of what picking costs.

Arrays as in pricing.py and board.py, and
guide    (near (S,), rank (S,), cheap (S,), cheap_rank (S,)): slots in walking order and from cheap to dear, with inverses
totals   float64 [value now, best value, burden now (2), metres of tours now]
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.chance import below, fraction
from containers.optimizer.jit import kernel
from containers.optimizer.slotting.board import fits, put, take
from containers.optimizer.slotting.pricing import at_place, away, pair_change, tour_change

TINY = 1e-9


@kernel
def propose(state, tours, guide, u, random):  # type: ignore[no-untyped-def]
    """A slot to try for unit u: near a companion of its tours, near in cost, or anywhere."""
    place = state[0]
    near, rank, cheap, cheap_rank = guide
    count = near.shape[0]
    offsets, members, of_offsets, of_tours = tours[0], tours[1], tours[3], tours[4]
    dice = below(random, 8)
    own = of_offsets[u + 1] - of_offsets[u]
    if dice < 4 and own > 0:
        t = of_tours[of_offsets[u] + below(random, own)]
        x = members[offsets[t] + below(random, offsets[t + 1] - offsets[t])]
        if x != u and place[x] >= 0:
            reach = 4 if dice < 2 else 24
            at = rank[place[x]] + below(random, 2 * reach + 1) - reach
            return near[min(count - 1, max(0, at))]
    if dice < 7 and place[u] >= 0:
        reach = 4 + (count >> (2 + below(random, 6)))
        at = cheap_rank[place[u]] + below(random, 2 * reach + 1) - reach
        return cheap[min(count - 1, max(0, at))]
    return below(random, count)


@kernel
def attempt(  # type: ignore[no-untyped-def]
    walks, scratch, units, slots, rules, state, costs, tours, pairs, work, clock, u, s, limit, random, best, totals,
):  # fmt: skip
    """Bring unit u to slot s, whoever is in the way to where u was, if that adds at most `limit`. Whether it was done.
    clock: a number that no earlier attempt had, from 1."""
    place, head, after = state[0], state[1], state[2]
    burden, limits = costs[5], costs[6]
    length, _stamp, fresh, touched, _buffer = work
    position = slots[1]
    here = place[u]
    if s == here:
        return False
    v = -1
    if not fits(units, slots, rules, state, u, s, -1):
        # Somebody has to make room: any of those who lie there.
        v = head[s]
        if v < 0:
            return False
        skip = below(random, 4)
        while skip > 0 and after[v] >= 0:
            v = after[v]
            skip -= 1
        if units[5][v] == -2 or not fits(units, slots, rules, state, u, s, v):
            return False
        if here >= 0 and not fits(units, slots, rules, state, v, here, u):
            return False
    first = burden[0, u] * (away(costs, u, s) - away(costs, u, here))
    second = burden[1, u] * (away(costs, u, s) - away(costs, u, here))
    change = at_place(costs, slots, u, s) - at_place(costs, slots, u, here)
    if v >= 0:
        first += burden[0, v] * (away(costs, v, here) - away(costs, v, s))
        second += burden[1, v] * (away(costs, v, here) - away(costs, v, s))
        change += at_place(costs, slots, v, here) - at_place(costs, slots, v, s)
    if (first > 0 and totals[2] + first > limits[0] + TINY) or (second > 0 and totals[3] + second > limits[1] + TINY):
        return False
    change += pair_change(walks, slots, pairs, place, u, s, v, here)
    count = 0
    metres = 0.0
    if here < 0 or position[here] != position[s]:
        metres, count = tour_change(
            walks[0], scratch, slots, tours, place, work, clock, u, s, v, here, limit - change, random
        )
        change += metres
    if change > limit:
        return False
    for i in range(count):
        length[touched[i]] = fresh[touched[i]]
    if here >= 0:
        take(units, slots, rules, state, u)
    if v >= 0:
        take(units, slots, rules, state, v)
        if here >= 0:
            put(units, slots, rules, state, v, here)
    put(units, slots, rules, state, u, s)
    totals[0] += change
    totals[2] += first
    totals[3] += second
    totals[4] += metres
    if totals[0] < totals[1] - TINY:
        totals[1] = totals[0]
        best[:] = place
    return True


@kernel
def anneal(  # type: ignore[no-untyped-def]
    walks, scratch, units, slots, rules, state, costs, tours, pairs, guide, work, movable, clock, moves, hot, random,
    best, totals,
):  # fmt: skip
    """`moves` tries at one temperature. clock: any number that grows by `moves` from call to call, from 1."""
    for step in range(moves):
        u = movable[below(random, movable.shape[0])]
        s = propose(state, tours, guide, u, random)
        limit = -hot * np.log(max(1e-300, fraction(random)))
        attempt(
            walks, scratch, units, slots, rules, state, costs, tours, pairs, work, clock + step, u, s, limit, random,
            best, totals,
        )  # fmt: skip


@kernel
def descend(  # type: ignore[no-untyped-def]
    walks, scratch, units, slots, rules, state, costs, tours, pairs, work, clock, who, where, random, best, totals,
):  # fmt: skip
    """Try unit who[i] in slot where[i], in this order, and do what makes the plan cheaper. Returns how many were done."""
    done = 0
    for i in range(who.shape[0]):
        if attempt(
            walks, scratch, units, slots, rules, state, costs, tours, pairs, work, clock + i, who[i], where[i], -TINY,
            random, best, totals,
        ):  # fmt: skip
            done += 1
    return done
