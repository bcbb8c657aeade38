"""Compiled simulated annealing over slots: move a unit, or swap two, on the exact change of what picking costs.

costs    (linear (U,), visits (U,), leave (U,), home (U,), home_cost (U,), burden (2, U), limits (2,)): a unit in slot s costs
         linear * metres[s] + visits * extra[s], besides home_cost when s is not its home; leave when it is left out.
         Units away from home have burdens whose sums stay within the limits
tours    (offsets (T+1,), members, weight (T,), by unit: offsets (U+1,), tours): metres of each tour count `weight` times
pairs    (offsets (U+1,), other, flow): metres between two units count `flow` times
guide    (near (S,), rank (S,), cheap (S,), cheap_rank (S,)): slots in walking order and from cheap to dear, with inverses
work     (length (T,), stamp (T,), fresh (T,), touched (2T,), buffer (longest tour,)), scratch of the floor apart
totals   float64 [value now, best value, burden now (2), metres of tours now]
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.chance import below, fraction
from containers.optimizer.floor.bits import mark
from containers.optimizer.floor.tours import tour
from containers.optimizer.jit import kernel
from containers.optimizer.slotting.board import fits, put, take

TINY = 1e-9
# A move that changes more tours than this is looked at on a sample first, and dropped when that looks hopeless.
SAMPLE = 48


@kernel
def walk(frame, heights, a, b):  # type: ignore[no-untyped-def]
    """Metres between two walking positions. heights: (rows,) where the cross aisles lie along the aisles."""
    shape, offset, across, matrix = frame[0], frame[1], frame[3], frame[-1]
    if shape[8] == 3:
        return float(matrix[a, b])
    blocks, slots = shape[1], shape[2]
    cell_a, cell_b = a // slots, b // slots
    aisle_a, aisle_b = cell_a // blocks, cell_b // blocks
    y_a = heights[cell_a - aisle_a * blocks] + offset[a]
    y_b = heights[cell_b - aisle_b * blocks] + offset[b]
    if aisle_a == aisle_b:
        return abs(y_a - y_b)
    least = np.inf
    for row in range(blocks + 1):
        least = min(least, abs(y_a - heights[row]) + abs(y_b - heights[row]))
    return abs(across[aisle_a] - across[aisle_b]) + least


@kernel
def at_place(costs, slots, u, s):  # type: ignore[no-untyped-def]
    """What unit u costs in slot s by itself."""
    linear, visits, leave, home, home_cost, _burden, _limits = costs
    if s < 0:
        return leave[u]
    value = linear[u] * slots[2][s] + visits[u] * slots[3][s]
    if home[u] >= 0 and home[u] != s:
        value += home_cost[u]
    return value


@kernel
def away(costs, u, s):  # type: ignore[no-untyped-def]
    """1 when slot s is not the home that unit u has."""
    home = costs[3]
    return 1 if home[u] >= 0 and home[u] != s else 0


@kernel
def pair_change(frame, heights, slots, pairs, place, u, s, v, t):  # type: ignore[no-untyped-def]
    """What pairs gain or lose when u goes to s and v (-1: nobody) to t."""
    offsets, other, flow = pairs
    position = slots[1]
    change = 0.0
    for turn in range(2):
        w, to = (u, s) if turn == 0 else (v, t)
        if w < 0:
            continue
        here = place[w]
        for e in range(offsets[w], offsets[w + 1]):
            x = other[e]
            if x in (u, v):
                if turn == 1:
                    continue
                x_now, x_then = place[x], (t if x == v else s)
            else:
                x_now = x_then = place[x]
            if here >= 0 and x_now >= 0:
                change -= flow[e] * walk(frame, heights, position[here], position[x_now])
            if to >= 0 and x_then >= 0:
                change += flow[e] * walk(frame, heights, position[to], position[x_then])
    return change


@kernel
def tour_metres(frame, scratch, slots, tours, place, buffer, t, u, s, v, r):  # type: ignore[no-untyped-def]
    """Metres of tour t when u lies in s and v in r (-1: nobody)."""
    offsets, members = tours[0], tours[1]
    position = slots[1]
    count = 0
    for e in range(offsets[t], offsets[t + 1]):
        x = members[e]
        at = s if x == u else (r if x == v else place[x])
        if at >= 0:
            buffer[count] = position[at]
            count += 1
    mark(buffer[:count], frame[0], scratch[0], scratch[1])
    metres, _halts = tour(frame, scratch)
    return metres


@kernel
def tour_change(frame, scratch, slots, tours, place, work, clock, u, s, v, r, limit, random):  # type: ignore[no-untyped-def]
    """(change of the weighted metres, tours touched); fresh lengths are left in work. A change above `limit` may be an
    estimate: such a move is not made."""
    weight, of_offsets, of_tours = tours[2], tours[3], tours[4]
    length, stamp, fresh, touched, buffer = work
    count = 0
    # Tours with both units stay as they are: stamped twice, they fall out.
    for e in range(of_offsets[u], of_offsets[u + 1]):
        stamp[of_tours[e]] = clock
    if v >= 0:
        for e in range(of_offsets[v], of_offsets[v + 1]):
            t = of_tours[e]
            if stamp[t] == clock:
                stamp[t] = -clock
            else:
                touched[count] = t
                count += 1
    for e in range(of_offsets[u], of_offsets[u + 1]):
        t = of_tours[e]
        if stamp[t] == clock:
            touched[count] = t
            count += 1
    change = 0.0
    if count > SAMPLE:
        for i in range(SAMPLE):
            j = i + below(random, count - i)
            touched[i], touched[j] = touched[j], touched[i]
    for i in range(count):
        t = touched[i]
        fresh[t] = tour_metres(frame, scratch, slots, tours, place, buffer, t, u, s, v, r)
        change += weight[t] * (fresh[t] - length[t])
        if i + 1 == SAMPLE and count > SAMPLE:
            whole = change * count / SAMPLE
            if whole > 2.0 * limit + 0.05 * abs(whole):
                return whole, 0
    return change, count


@kernel
def evaluate(frame, scratch, heights, slots, state, costs, tours, pairs, work):  # type: ignore[no-untyped-def]
    """(value, metres of tours, burden 0, burden 1) of what the state holds; fills the tours' lengths."""
    place = state[0]
    burden = costs[5]
    length, _stamp, _fresh, _touched, buffer = work
    value = 0.0
    first = second = 0.0
    for u in range(place.shape[0]):
        value += at_place(costs, slots, u, place[u])
        if away(costs, u, place[u]):
            first += burden[0, u]
            second += burden[1, u]
    metres = 0.0
    for t in range(length.shape[0]):
        length[t] = tour_metres(frame, scratch, slots, tours, place, buffer, t, -2, -1, -2, -1)
        metres += tours[2][t] * length[t]
    offsets, other, flow = pairs
    position = slots[1]
    for u in range(place.shape[0]):
        if offsets[u + 1] > offsets[u] and place[u] >= 0:
            for e in range(offsets[u], offsets[u + 1]):
                x = other[e]
                if x > u and place[x] >= 0:
                    value += flow[e] * walk(frame, heights, position[place[u]], position[place[x]])
    return value + metres, metres, first, second


@kernel
def change_of(frame, scratch, heights, slots, state, costs, tours, pairs, work, changed, place):  # type: ignore[no-untyped-def]
    """What the value changes by when the units `changed` lie as in `place` and all others as in the state."""
    now = state[0]
    length, stamp, _fresh, _touched, buffer = work
    offsets, other, flow = pairs
    weight, of_offsets, of_tours = tours[2], tours[3], tours[4]
    position = slots[1]
    change = 0.0
    stamp[:] = 0
    for u in changed:
        change += at_place(costs, slots, u, place[u]) - at_place(costs, slots, u, now[u])
        for e in range(of_offsets[u], of_offsets[u + 1]):
            stamp[of_tours[e]] = 1
        for e in range(offsets[u], offsets[u + 1]):
            x = other[e]
            # Where both ends change, each sees half of it.
            share = flow[e] if place[x] == now[x] else 0.5 * flow[e]
            if now[u] >= 0 and now[x] >= 0:
                change -= share * walk(frame, heights, position[now[u]], position[now[x]])
            if place[u] >= 0 and place[x] >= 0:
                change += share * walk(frame, heights, position[place[u]], position[place[x]])
    for t in range(length.shape[0]):
        if stamp[t] == 1:
            metres = tour_metres(frame, scratch, slots, tours, place, buffer, t, -2, -1, -2, -1)
            change += weight[t] * (metres - length[t])
    stamp[:] = 0
    return change


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
def anneal(  # type: ignore[no-untyped-def]
    frame, scratch, heights, units, slots, rules, state, costs, tours, pairs, guide, work, movable, clock, moves, hot,
    random, best, totals,
):  # fmt: skip
    """`moves` tries at one temperature. clock: any number that grows by `moves` from call to call, from 1."""
    place, head, after = state[0], state[1], state[2]
    burden, limits = costs[5], costs[6]
    length, _stamp, fresh, touched, _buffer = work
    position = slots[1]
    for step in range(moves):
        u = movable[below(random, movable.shape[0])]
        s = propose(state, tours, guide, u, random)
        here = place[u]
        if s == here:
            continue
        v = -1
        if not fits(units, slots, rules, state, u, s, -1):
            # Somebody has to make room: any of those who lie there.
            v = head[s]
            if v < 0:
                continue
            skip = below(random, 4)
            while skip > 0 and after[v] >= 0:
                v = after[v]
                skip -= 1
            if units[5][v] == -2 or not fits(units, slots, rules, state, u, s, v):
                continue
            if here >= 0 and not fits(units, slots, rules, state, v, here, u):
                continue
        first = burden[0, u] * (away(costs, u, s) - away(costs, u, here))
        second = burden[1, u] * (away(costs, u, s) - away(costs, u, here))
        change = at_place(costs, slots, u, s) - at_place(costs, slots, u, here)
        if v >= 0:
            first += burden[0, v] * (away(costs, v, here) - away(costs, v, s))
            second += burden[1, v] * (away(costs, v, here) - away(costs, v, s))
            change += at_place(costs, slots, v, here) - at_place(costs, slots, v, s)
        if (first > 0 and totals[2] + first > limits[0] + TINY) or (
            second > 0 and totals[3] + second > limits[1] + TINY
        ):
            continue
        change += pair_change(frame, heights, slots, pairs, place, u, s, v, here)
        limit = -hot * np.log(max(1e-300, fraction(random)))
        count = 0
        metres = 0.0
        if here < 0 or position[here] != position[s]:
            metres, count = tour_change(
                frame, scratch, slots, tours, place, work, clock + step, u, s, v, here, limit - change, random
            )
            change += metres
        if change > limit:
            continue
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
