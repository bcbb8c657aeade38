"""Partial tours that carry what they have picked, extended stage by stage and pruned by the relaxation's completions.

With room for all labels that may still beat the best known tour, the answer is exact; with less room only the most
promising are kept (a beam), and the cheapest completion among those that were dropped is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

from containers.optimizer.floor.bits import ONE
from containers.optimizer.jit import kernel
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.network import FloatArray, IntArray
from containers.optimizer.routing.scattered.relaxation import Relaxation

INFINITY = np.inf
EPSILON = 1e-7
# Labels that a new one is compared with, cheapest first, to find that it takes no more for no less.
COMPARED = 8
# Labels that may wait for a place in the beam, per place: for the first 6000 places, and for those beyond. The clock is not
# looked at while one stage's are made.
SPARE, SPARE_BEYOND = 20, 4
# Levels of what labels have taken, where they are spread over them.
LEVELS = 20
# Labels made between two looks at the clock.
BURST = 20_000


@dataclass(frozen=True)
class Labelled:
    """length: metres of the best tour found below the limit, infinite for none; options: what it uses; bound: no tour that
    was not seen is shorter than this; labels: how many were made."""

    length: float
    options: list[int]
    bound: float
    labels: int


def extend_labels(
    relaxation: Relaxation, prices: FloatArray, limit: float, width: int, clock: Clock, spread: bool = False
) -> Labelled:
    """The best tour shorter than `limit`, keeping at most `width` labels a stage; ends early when the clock runs out.

    spread: rather than those of the lowest bounds, keep the best of all that have taken about as much. More tours come to an
    end that way, for those that take late look cheap until it is too late; the bound is lower.
    """
    network = relaxation.network
    paid = relaxation.bound(prices)
    prices = np.where(relaxation.priced, prices, 0.0)
    payment = network.worth.paid(prices)
    value = relaxation.values(prices)
    wanted = relaxation.wanted
    order = _by_value(relaxation, value)
    full = network.full_of(wanted)
    bits = network.bits & full
    demand = np.where(wanted, network.demand, 0)
    several = np.flatnonzero(demand > 1)
    bit_price = np.zeros(64 * network.words)
    single = demand == 1
    bit_price[64 * network.word[single] + network.shift[single]] = prices[network.worth.first[:-1][single]]
    singles = network.full_of(single)
    worth = (network.worth.table(prices), network.worth.base, network.worth.tabled)
    held = still_held(relaxation)
    packing = (bit_price, network.word, network.shift, network.mask, demand, worth, singles, several, held)
    tables = (
        network.arcs, network.step, order[0], order[1], network.cost, value, bits, network.first, network.item,
        network.quantity, relaxation.tracking.key, relaxation.tracking.after, relaxation.rest,
    )  # fmt: skip
    if paid > limit + EPSILON:
        return Labelled(INFINITY, [], paid, 0)
    room = SPARE * min(width, 6000) + SPARE_BEYOND * max(0, width - 6000) + 1000
    old, made = _arrays(width, network.words), _arrays(room, network.words)
    for array in old:
        array[:1] = 0
    old[4][0] = relaxation.rest[0, 0, 0]
    table = np.full(1 << (2 * room - 1).bit_length(), -1, dtype=np.int64)
    history = (
        np.zeros(network.stages + 1, dtype=np.int64),
        np.empty(network.stages * width, dtype=np.int32),
        np.empty(network.stages * width, dtype=np.int32),
    )
    ends = np.array([-1, 0, -1, 0], dtype=np.int64)
    ways = (relaxation.final_of, network.final_extra, full, payment / LEVELS if spread else 0.0)
    grain = max(network.grain, EPSILON) - EPSILON
    s, count, total, best, lowest = 0, 1, 0, INFINITY, INFINITY
    while s < network.stages and count:
        below = min(limit, best) - payment
        s, count, seen, found, dropped = sweep(
            s, BURST, tables, packing, ways, below, grain, count, width, old, made, table, history, ends
        )
        total += seen
        best = min(best, found)
        lowest = min(lowest, dropped + payment)
        if count and clock.over():
            lowest = min(lowest, float(old[4][:count].min()) + payment)
            break
    return Labelled(best, _options(ends, history), min(lowest, best, limit), total)


def still_held(relaxation: Relaxation) -> IntArray:
    """(stages + 1, items) pieces that a tour can take from each stage on, at most."""
    network = relaxation.network
    held = np.zeros((network.stages + 1, len(network.demand)), dtype=np.int64)
    used = relaxation.alive[network.owner]
    owner, item = network.owner[used], network.item[used]
    np.maximum.at(held, (network.stage_of[owner], item), network.quantity[used])
    return np.ascontiguousarray(np.cumsum(held[::-1], axis=0)[::-1])


def _options(ends: np.ndarray, history: tuple[np.ndarray, ...]) -> list[int]:
    """The options of the tour that ends (stage, -, its last option, the label before it)."""
    first, parents, moves = history
    s, _, option, at = (int(one) for one in ends)
    options = [option] if s >= 0 and option >= 0 else []
    for stage in range(s - 1, -1, -1):
        place = int(first[stage]) + at
        if moves[place] >= 0:
            options.append(int(moves[place]))
        at = int(parents[place])
    return options


def _arrays(room: int, words: int) -> tuple[np.ndarray, ...]:
    """(node, metres, metres less prices, taken, bound, parent, option, tracking state) of labels."""
    return (
        np.empty(room, dtype=np.int64), np.empty(room), np.empty(room), np.empty((room, words), dtype=np.uint64),
        np.empty(room), np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32),
    )  # fmt: skip


def _by_value(relaxation: Relaxation, value: FloatArray) -> tuple[np.ndarray, np.ndarray]:
    """(first (stages, 7), options that may be used, within stage and action by value)."""
    network = relaxation.network
    first = network.act_first
    alive = np.concatenate([[0], np.cumsum(relaxation.alive)])
    inside = np.flatnonzero(first[:, 0] >= 0)
    used = np.flatnonzero(relaxation.alive)
    order = used[np.lexsort((value[used], network.group[used]))]
    starts = np.full(first.shape, -1, dtype=np.int64)
    starts[inside] = alive[first[inside]]
    return starts, order


@kernel
def extend(s, tables, packing, below, count_in, old, new, table):  # type: ignore[no-untyped-def]
    """Labels of the next stage whose completion may cost less than `below`: (how many, lowest bound without room).

    table: slots of -1, left so.
    """
    arcs, step, order_first, order, cost, value, bits, first, item, quantity, key, after, rest = tables
    moves, seg_first, seg_low, seg_high, seg_from, seg_to, seg_extra = arcs
    bit_price, word, shift, mask, demand, (worth, base, tabled), _singles, several, _held = packing
    node, metres, reduced, taken, _bound, _parent, _option, tracked = old
    new_node, new_metres, new_reduced, new_taken, new_bound, new_parent, new_option, new_tracked = new
    words = taken.shape[1]
    states = after.shape[1]
    room = new_node.shape[0]
    buffer = np.empty(words, dtype=np.uint64)
    last_slot = np.uint64(table.shape[0] - 1)
    filled = np.empty(room, dtype=np.int64)
    count = 0
    dropped = INFINITY
    inside = order_first[s, 0] >= 0
    begin = np.zeros(rest.shape[1] + 1, dtype=np.int64)
    for i in range(count_in):
        begin[node[i] + 1] += 1
    for n in range(rest.shape[1]):
        begin[n + 1] += begin[n]
    for g in range(seg_first[s], seg_first[s + 1]):
        source, target, extra = seg_from[g], seg_to[g], seg_extra[g]
        for m in range(seg_low[g], seg_high[g]):
            n = moves[m, 0] + source
            t = moves[m, 2] + target
            there = rest[s + 1, t]
            least = there[states - 1]
            if begin[n] == begin[n + 1] or least == INFINITY:
                continue
            action = moves[m, 1]
            low, high = 0, 1
            if inside:
                low, high = order_first[s, action], order_first[s, action + 1]
            for i in range(begin[n], begin[n + 1]):
                for q in range(low, high):
                    o = -1
                    x = tracked[i]
                    if inside:
                        o = order[q]
                        if reduced[i] + value[o] + extra + least > below:
                            break
                        x = after[key[o], x]
                        if reduced[i] + value[o] + extra + there[x] > below:
                            continue
                        c = metres[i] + cost[o] + extra
                        r = reduced[i] + cost[o] + extra
                        for w in range(words):
                            fresh = bits[o, w] & ~taken[i, w]
                            buffer[w] = taken[i, w] | fresh
                            while fresh != 0:
                                r -= bit_price[(w << 6) + np.int64(trailing_zeros(fresh))]
                                fresh &= fresh - ONE
                        if several.shape[0] > 0:
                            for e in range(first[o], first[o + 1]):
                                a = item[e]
                                if demand[a] > 1:
                                    w = word[a]
                                    had = np.int64((buffer[w] >> np.uint64(shift[a])) & mask[a])
                                    more = min(quantity[e], demand[a] - had)
                                    if more > 0:
                                        buffer[w] += np.uint64(more) << np.uint64(shift[a])
                                        if tabled[a]:
                                            left = base[a] + demand[a] - had
                                            r -= worth[left] - worth[left - more]
                                        else:
                                            r -= worth[base[a]] * more
                    else:
                        c = metres[i] + step[s] * action + extra
                        r = reduced[i] + step[s] * action + extra
                        for w in range(words):
                            buffer[w] = taken[i, w]
                    b = r + there[x]
                    if b > below:
                        continue
                    h = np.uint64(t) * np.uint64(0x9E3779B97F4A7C15)
                    for w in range(words):
                        h ^= buffer[w]
                        h *= np.uint64(0xBF58476D1CE4E5B9)
                        h ^= h >> np.uint64(29)
                    slot = np.int64(h & last_slot)
                    while True:
                        j = table[slot]
                        if j < 0:
                            if count == room:
                                dropped = min(dropped, b)
                                break
                            table[slot] = count
                            filled[count] = slot
                            j = count
                            count += 1
                            new_node[j] = t
                            for w in range(words):
                                new_taken[j, w] = buffer[w]
                            new_tracked[j] = x
                            new_metres[j] = INFINITY
                        same = new_node[j] == t
                        for w in range(words):
                            same = same and new_taken[j, w] == buffer[w]
                        if same:
                            if c < new_metres[j]:
                                new_metres[j] = c
                                new_reduced[j] = r
                                new_bound[j] = b
                                new_parent[j] = i
                                new_option[j] = o
                            break
                        slot = np.int64(np.uint64(slot + 1) & last_slot)
    for j in range(count):
        table[filled[j]] = -1
    return count, dropped


@kernel
def sweep(s, burst, tables, packing, ways, below, grain, count, width, old, made, table, history, ends):  # type: ignore[no-untyped-def]
    """Stages from s until a burst of labels is made: (next stage, labels kept, made, best length, lowest bound dropped).

    below: what a completion less prices may cost. Kept labels are in `old`; where the best tour ends is left in `ends`.
    """
    final_of, final_extra, full, level = ways
    first, parents, moves = history
    best = INFINITY
    lowest = INFINITY
    total = 0
    payment_limit = below
    while s < final_of.shape[0] and count > 0 and total < burst:
        number, dropped = extend(s, tables, packing, payment_limit - grain, count, old, made, table)
        total += number
        lowest = min(lowest, dropped)
        k = final_of[s]
        if k >= 0:
            for i in range(number):
                whole = True
                for w in range(full.shape[0]):
                    whole = whole and made[3][i, w] == full[w]
                if whole:
                    length = made[1][i] + final_extra[k, made[0][i]]
                    reduced = made[2][i] + final_extra[k, made[0][i]]
                    if length < best and reduced < payment_limit - EPSILON:
                        best = length
                        payment_limit = reduced
                        ends[0] = s
                        ends[2] = made[6][i]
                        ends[3] = made[5][i]
        count, over = keep(s, made, number, width, level, packing, tables[12].shape[1], old)
        lowest = min(lowest, over)
        first[s + 1] = first[s] + count
        parents[first[s] : first[s] + count] = old[5][:count]
        moves[first[s] : first[s] + count] = old[6][:count]
        s += 1
    return s, count, total, best, lowest


@kernel
def keep(s, made, number, width, level, packing, nodes, old):  # type: ignore[no-untyped-def]
    """The labels to go on from, by node, into `old`: (how many, the lowest bound of those that had no room)."""
    good = np.empty(number, dtype=np.bool_)
    dominate(np.argsort(made[1][:number]), made[0], made[3], packing, nodes, s, good)
    left = np.flatnonzero(good)
    over = INFINITY
    if left.shape[0] > width:
        order = made[4][left]
        if level > 0:
            spread(left, made[1], made[2], order, level)
        edge = np.partition(order, width)[width]
        ties = width - np.sum(order < edge)
        chosen = 0
        for place in range(left.shape[0]):
            i = left[place]
            if order[place] < edge or (order[place] == edge and ties > 0):
                ties -= order[place] == edge
                left[chosen] = i
                chosen += 1
            else:
                over = min(over, made[4][i])
        left = left[:chosen]
    begin = np.zeros(nodes + 1, dtype=np.int64)
    for i in left:
        begin[made[0][i] + 1] += 1
    for n in range(nodes):
        begin[n + 1] += begin[n]
    for i in left:
        at = begin[made[0][i]]
        begin[made[0][i]] += 1
        old[0][at] = made[0][i]
        old[1][at] = made[1][i]
        old[2][at] = made[2][i]
        for w in range(made[3].shape[1]):
            old[3][at, w] = made[3][i, w]
        old[4][at] = made[4][i]
        old[5][at] = made[5][i]
        old[6][at] = made[6][i]
        old[7][at] = made[7][i]
    return left.shape[0], over


@kernel
def spread(left, metres, reduced, order, level):  # type: ignore[no-untyped-def]
    """order: bounds of the labels `left`; becomes the rank of each among those whose takings are on one level."""
    ranks = np.zeros(LEVELS + 1)
    for place in np.argsort(order):
        i = left[place]
        at = min(LEVELS, int((metres[i] - reduced[i]) / level))
        order[place] = ranks[at]
        ranks[at] += 1


@kernel
def dominate(by_cost, node, taken, packing, nodes, s, good):  # type: ignore[no-untyped-def]
    """good[i]: what label i lacks is held after stage s, and no cheaper label at its node, of the cheapest few, has taken as
    much."""
    _bit_price, word, shift, mask, demand, _worth, singles, several, held = packing
    compared = np.zeros((nodes, COMPARED), dtype=np.int64)
    filled = np.zeros(nodes, dtype=np.int64)
    ahead = np.zeros(singles.shape[0], dtype=np.uint64)  # single pieces that are held after the stage
    scarce = np.empty(several.shape[0], dtype=np.int64)
    count = 0
    for a in range(demand.shape[0]):
        if demand[a] == 1 and held[s + 1, a] > 0:
            ahead[word[a]] |= ONE << np.uint64(shift[a])
    for a in several:
        if held[s + 1, a] < demand[a]:
            scarce[count] = a
            count += 1
    scarce = scarce[:count]
    for i in by_cost:
        n = node[i]
        whole = True
        for w in range(taken.shape[1]):
            if singles[w] & ~(taken[i, w] | ahead[w]) != 0:
                whole = False
                break
        if whole:
            for a in scarce:
                had = np.int64((taken[i, word[a]] >> np.uint64(shift[a])) & mask[a])
                if had + held[s + 1, a] < demand[a]:
                    whole = False
                    break
        good[i] = whole
        if not whole:
            continue
        for place in range(filled[n]):
            j = compared[n, place]
            covers = True
            for w in range(taken.shape[1]):
                if taken[i, w] & ~taken[j, w] & singles[w] != 0:
                    covers = False
                    break
            if covers:
                for a in several:
                    w = word[a]
                    mine = (taken[i, w] >> np.uint64(shift[a])) & mask[a]
                    if mine > (taken[j, w] >> np.uint64(shift[a])) & mask[a]:
                        covers = False
                        break
            if covers:
                good[i] = False
                break
        if good[i] and filled[n] < COMPARED:
            compared[n, filled[n]] = i
            filled[n] += 1
