"""Compiled: what a plan costs, and what it would cost with one unit moved or two swapped, exactly.

costs    (linear (U,), visits (U,), leave (U,), home (U,), home_cost (U,), burden (2, U), limits (2,)): a unit in slot s costs
         linear * metres[s] + visits * extra[s], besides home_cost when s is not its home; leave when it is left out.
         Units away from home have burdens whose sums stay within the limits
tours    (offsets (T+1,), members, weight (T,), by unit: offsets (U+1,), tours): metres of each tour count `weight` times
pairs    (offsets (U+1,), other, flow): metres between two units count `flow` times
work     (length (T,), stamp (T,), fresh (T,), touched (2T,), buffer (longest tour,)), scratch of the floor apart
walks    (frame, heights (rows,), table): heights are where the cross aisles lie along the aisles; table (P, P) holds the
         metres between walking positions, or is empty, and each walk is computed
"""

from __future__ import annotations

import numpy as np

from containers.optimizer.chance import below
from containers.optimizer.floor.bits import mark
from containers.optimizer.floor.tours import tour
from containers.optimizer.jit import kernel
from containers.optimizer.slotting.board import fits

# A move that changes more tours than this is looked at on a sample first, and dropped when that looks hopeless.
SAMPLE = 48


@kernel
def walk(frame, heights, a, b):  # type: ignore[no-untyped-def]
    """Metres from a walking position to another."""
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
def tabulate(frame, heights, positions):  # type: ignore[no-untyped-def]
    """Metres between every two of the first `positions`. Where ways there and back differ, it is the way from the lower
    number to the higher that counts, in both directions."""
    table = np.zeros((positions, positions))
    for a in range(positions):
        for b in range(a + 1, positions):
            table[a, b] = walk(frame, heights, a, b)
            table[b, a] = table[a, b]
    return table


@kernel
def between(walks, a, b):  # type: ignore[no-untyped-def]
    """Metres between two walking positions, the same both ways: as tabulate has them."""
    frame, heights, table = walks
    if table.shape[0] > 0:
        return table[a, b]
    return walk(frame, heights, min(a, b), max(a, b))


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
def pair_change(walks, slots, pairs, place, u, s, v, t):  # type: ignore[no-untyped-def]
    """What pairs gain or lose when u goes to s and v (-1: nobody) to where u was, t. What u and v share stays as it is:
    they are as far apart before as after."""
    offsets, other, flow = pairs
    position, table = slots[1], walks[2]
    change = 0.0
    for turn in range(2):
        w, to = (u, s) if turn == 0 else (v, t)
        if w < 0 or offsets[w] == offsets[w + 1]:
            continue
        here = place[w]
        if table.shape[0] > 0 and here >= 0 and to >= 0:
            now, then = table[position[here]], table[position[to]]
            for e in range(offsets[w], offsets[w + 1]):
                x = other[e]
                at = place[x]
                if at >= 0 and x != u and x != v:
                    change += flow[e] * (then[position[at]] - now[position[at]])
            continue
        for e in range(offsets[w], offsets[w + 1]):
            x = other[e]
            at = place[x]
            if at < 0 or x in (u, v):
                continue
            if here >= 0:
                change -= flow[e] * between(walks, position[here], position[at])
            if to >= 0:
                change += flow[e] * between(walks, position[to], position[at])
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
            # The limit is negative where the tours have to save what the move itself costs.
            if whole > limit + abs(limit) + 0.05 * abs(whole):
                return whole, 0
    return change, count


@kernel
def evaluate(walks, scratch, slots, state, costs, tours, pairs, work):  # type: ignore[no-untyped-def]
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
        length[t] = tour_metres(walks[0], scratch, slots, tours, place, buffer, t, -2, -1, -2, -1)
        metres += tours[2][t] * length[t]
    offsets, other, flow = pairs
    position = slots[1]
    for u in range(place.shape[0]):
        if offsets[u + 1] > offsets[u] and place[u] >= 0:
            for e in range(offsets[u], offsets[u + 1]):
                x = other[e]
                if x > u and place[x] >= 0:
                    value += flow[e] * between(walks, position[place[u]], position[place[x]])
    return value + metres, metres, first, second


@kernel
def change_of(walks, scratch, slots, state, costs, tours, pairs, work, changed, place):  # type: ignore[no-untyped-def]
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
                change -= share * between(walks, position[now[u]], position[now[x]])
            if place[u] >= 0 and place[x] >= 0:
                change += share * between(walks, position[place[u]], position[place[x]])
    for t in range(length.shape[0]):
        if stamp[t] == 1:
            metres = tour_metres(walks[0], scratch, slots, tours, place, buffer, t, -2, -1, -2, -1)
            change += weight[t] * (metres - length[t])
    stamp[:] = 0
    return change


@kernel
def nearest_free(walks, units, slots, rules, state, u, wanted):  # type: ignore[no-untyped-def]
    """The empty slot nearest to unit u that takes it and is not among the wanted ones (S,); -1 for none."""
    place, head = state[0], state[1]
    position = slots[1]
    least = np.inf
    found = -1
    for s in range(head.shape[0]):
        if head[s] >= 0 or wanted[s]:
            continue
        metres = between(walks, position[place[u]], position[s])
        if metres < least and fits(units, slots, rules, state, u, s, -1):
            least, found = metres, s
    return found
