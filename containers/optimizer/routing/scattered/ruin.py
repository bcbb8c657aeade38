"""Ruin and recreate: some of a tour's places are left out and others enter in their stead, a thousand times.

A tour is known by the places that it is walked for. Two passes over the network, from both ends, say at once what every
other place would add to it, so that missing pieces enter greedily, by metres for what they are worth (Schrimpf et al. 2000;
neighbouring places are left out together as in Christiaens & Vanden Berghe 2020, "Slack induction by string removals");
longer tours are accepted as in simulated annealing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from containers.optimizer.chance import below, fraction
from containers.optimizer.floor.states import ACTIONS
from containers.optimizer.jit import kernel
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.network import FloatArray, Network

INFINITY = np.inf
EPSILON = 1e-7
# Places that are left out together, at most.
MOST_OUT = 10
# Parts of the tour's length by which a longer one is accepted, at first and at the end.
HOT, COLD = 0.03, 0.001
# Moves of a pass that take as long as a label; labels' worth of moves between two looks at the clock.
MOVES_PER_LABEL = 200
BURST = 20_000


class Ruin:
    """Ruin and recreate on one network. state: a random stream of chance.py."""

    def __init__(self, network: Network, state: npt.NDArray[np.uint64]) -> None:
        self.network = network
        self.state = state
        cost = np.full((network.stages, ACTIONS), INFINITY)
        across = network.act_first[:, 0] < 0
        cost[across, :3] = network.step[across, None] * np.arange(3)
        self._cost = cost
        self._moves = useful_moves(network.arcs, network.final_of, network.final_extra)

    def improve(
        self,
        places: npt.NDArray[np.bool_],
        weight: FloatArray,
        candidate: npt.NDArray[np.bool_],
        clock: Clock,
        work: int,
    ) -> tuple[float, npt.NDArray[np.bool_]]:
        """(metres, (places,) what it is walked for) of the best tour found, infinite for none.

        places: what to start from, which need not hold everything. weight: (items,) metres that a piece is worth.
        candidate: (places,) those that may enter. work: in labels; at least one tour is made.
        """
        network = self.network
        shelves = network.shelves
        weight = weight + max(1e-3, 0.2 * float(weight.mean()))
        current, best = places | shelves.forced, places | shelves.forced
        lengths = np.array([INFINITY, INFINITY])
        finals = (network.final_of, network.final_extra)
        limit = max(1, work) * MOVES_PER_LABEL
        done = 0
        while done < limit and not (done and clock.over()):
            done = ruin_and_recreate(
                self._moves, finals, shelves.tables, shelves.forced, network.demand, weight, candidate,
                self._cost, current, best, lengths, self.state, done, min(limit, done + BURST * MOVES_PER_LABEL), limit,
            )  # fmt: skip
        return float(lengths[1]), best


@kernel
def useful_moves(arcs, final_of, final_extra):  # type: ignore[no-untyped-def]
    """(first (stages + 1,), source, action, target, metres) of the moves that lie on some path."""
    moves, seg_first, seg_low, seg_high, seg_from, seg_to, seg_extra = arcs
    stages, nodes = final_of.shape[0], final_extra.shape[1]
    reached = np.zeros((stages + 1, nodes), dtype=np.bool_)
    ends = np.zeros((stages + 1, nodes), dtype=np.bool_)
    reached[0, 0] = True
    most = 0
    for s in range(stages):
        for g in range(seg_first[s], seg_first[s + 1]):
            most += seg_high[g] - seg_low[g]
            for m in range(seg_low[g], seg_high[g]):
                if reached[s, moves[m, 0] + seg_from[g]]:
                    reached[s + 1, moves[m, 2] + seg_to[g]] = True
    for s in range(stages - 1, -1, -1):
        if final_of[s] >= 0:
            for n in range(nodes):
                if final_extra[final_of[s], n] < INFINITY:
                    ends[s + 1, n] = True
        for g in range(seg_first[s], seg_first[s + 1]):
            for m in range(seg_low[g], seg_high[g]):
                if ends[s + 1, moves[m, 2] + seg_to[g]]:
                    ends[s, moves[m, 0] + seg_from[g]] = True
    first = np.zeros(stages + 1, dtype=np.int64)
    source = np.empty(most, dtype=np.int32)
    action = np.empty(most, dtype=np.int32)
    target = np.empty(most, dtype=np.int32)
    metres = np.empty(most)
    count = 0
    for s in range(stages):
        for g in range(seg_first[s], seg_first[s + 1]):
            for m in range(seg_low[g], seg_high[g]):
                a, b = moves[m, 0] + seg_from[g], moves[m, 2] + seg_to[g]
                if reached[s, a] and ends[s + 1, b]:
                    source[count], action[count], target[count] = a, moves[m, 1], b
                    metres[count] = seg_extra[g]
                    count += 1
        first[s + 1] = count
    return first, source[:count].copy(), action[:count].copy(), target[:count].copy(), metres[:count].copy()


@kernel
def widest_gaps(shelves, s, required):  # type: ignore[no-untyped-def]
    """(lowest and highest required place, the two widest gaps) of a sub-aisle, its ends being those of the first and last."""
    first, height, length = shelves[:3]
    lowest, highest = INFINITY, -INFINITY
    before, wide, second = 0.0, 0.0, 0.0
    for p in range(first[s], first[s + 1]):
        if required[p]:
            gap = height[p] - before
            before = height[p]
            lowest = min(lowest, height[p])
            highest = height[p]
            if gap > wide:
                wide, second = gap, wide
            elif gap > second:
                second = gap
    gap = length[s] - before
    if gap > wide:
        wide, second = gap, wide
    elif gap > second:
        second = gap
    return lowest, highest, wide, second


@kernel
def set_cost(shelves, s, required, cost):  # type: ignore[no-untyped-def]
    """cost[s]: metres in the sub-aisle by action, past the required places."""
    length = shelves[2][s]
    lowest, highest, wide, _ = widest_gaps(shelves, s, required)
    empty = highest < 0
    cost[s, 0] = 0.0 if empty else INFINITY
    cost[s, 1] = length
    cost[s, 2] = 2 * length
    cost[s, 3] = 0.0 if empty else 2 * highest
    cost[s, 4] = 0.0 if empty else 2 * (length - lowest)
    cost[s, 5] = 2 * (length - wide)
    if empty:  # entered for nothing: no move of a shortest tour
        cost[s, 3:] = INFINITY


@kernel
def pass_forward(moves, cost, start, ahead):  # type: ignore[no-untyped-def]
    """ahead[s, n] for s > start: metres of the shortest way to node n before stage s."""
    first, source, action, target, metres = moves
    for s in range(start, cost.shape[0]):
        ahead[s + 1] = INFINITY
        for m in range(first[s], first[s + 1]):
            v = ahead[s, source[m]] + cost[s, action[m]] + metres[m]
            if v < ahead[s + 1, target[m]]:
                ahead[s + 1, target[m]] = v


@kernel
def pass_backward(moves, finals, cost, last, start, rest):  # type: ignore[no-untyped-def]
    """rest[s, n] for s <= start: metres from there to the end of a tour that reaches stage `last`."""
    first, source, action, target, metres = moves
    final_of, final_extra = finals
    for s in range(start, -1, -1):
        rest[s] = INFINITY
        if s > last and s > 0 and final_of[s - 1] >= 0:
            rest[s] = final_extra[final_of[s - 1]]
        if s == cost.shape[0]:
            continue
        for m in range(first[s], first[s + 1]):
            v = rest[s + 1, target[m]] + cost[s, action[m]] + metres[m]
            if v < rest[s, source[m]]:
                rest[s, source[m]] = v


@kernel
def cheapest_entry(moves, shelves, cost, ahead, rest, required, banned, missing, weight, noise, state):  # type: ignore[no-untyped-def]
    """(low, high, stage): of all places alone, and of all that lie together at an end of a sub-aisle, those from low to
    high - 1 that add the least metres for what they are worth; -1 for none."""
    move_first, source, action, target, metres = moves
    first, height, length, held_first, item, quantity = shelves
    through = np.empty(ACTIONS)
    taken = np.zeros(missing.shape[0], dtype=np.int64)
    low, high, at, least = -1, -1, -1, INFINITY
    for s in range(cost.shape[0]):
        start, stop = first[s], first[s + 1]
        useful = False
        for p in range(start, stop):
            if not required[p] and not banned[p]:
                for e in range(held_first[p], held_first[p + 1]):
                    useful = useful or missing[item[e]] > 0
        if not useful:
            continue
        through[:] = INFINITY
        for m in range(move_first[s], move_first[s + 1]):
            v = ahead[s, source[m]] + metres[m] + rest[s + 1, target[m]]
            if v < through[action[m]]:
                through[action[m]] = v
        through -= rest[0, 0]
        lowest, highest, wide, second = widest_gaps(shelves, s, required)
        whole = min(through[1] + length[s], through[2] + 2 * length[s])
        for side in range(2):
            worth = 0.0
            last = 0.0 if side == 0 else length[s]
            for x in range(stop - start):
                p = start + x if side == 0 else stop - 1 - x
                if required[p]:
                    last = height[p]
                    continue
                if banned[p]:
                    continue
                alone = 0.0
                for e in range(held_first[p], held_first[p + 1]):
                    i = item[e]
                    alone += weight[i] * min(missing[i], quantity[e])
                    more = min(missing[i] - taken[i], quantity[e])
                    taken[i] += more
                    worth += weight[i] * more
                if alone <= 0.0:
                    continue
                # The gap beyond the place, towards the other end, and the widest of those between places there.
                beyond = length[s] - height[p] if side == 0 else height[p]
                widest, before = 0.0, height[p]
                for y in range(x + 1, stop - start):
                    q = start + y if side == 0 else stop - 1 - y
                    if required[q]:
                        if before == height[p]:
                            beyond = abs(height[q] - before)
                        widest = max(widest, abs(height[q] - before))
                        before = height[q]
                widest = max(widest, length[s] - before if side == 0 else before)
                turn = 2 * max(highest, height[p]) if side == 0 else 2 * (length[s] - min(lowest, height[p]))
                metre = min(whole, through[3 + side] + turn)
                metre = min(metre, through[5] + 2 * (length[s] - widest))
                score = (max(metre, 0.0) / worth + 1e-6) * (1.0 + noise * fraction(state))
                if score < least:
                    low, high, at, least = (start, p + 1, s, score) if side == 0 else (p, stop, s, score)
                if side == 1:
                    continue
                nearer = height[p] - last
                other = second if beyond + nearer >= wide else wide
                other = max(other, max(nearer, beyond))
                metre = min(whole, through[3] + 2 * max(highest, height[p]))
                metre = min(metre, through[4] + 2 * (length[s] - min(lowest, height[p])))
                metre = min(metre, through[5] + 2 * (length[s] - other))
                score = (max(metre, 0.0) / alone + 1e-6) * (1.0 + noise * fraction(state))
                if score < least:
                    low, high, at, least = p, p + 1, s, score
            taken[:] = 0
    return low, high, at


@kernel
def ruin(required, forced, banned, have, shelves, state):  # type: ignore[no-untyped-def]
    """Leave some places out, and now and then ban one for once."""
    held_first, item, quantity = shelves[3:]
    free = np.flatnonzero(required & ~forced)
    if free.shape[0] == 0:
        return
    count = min(free.shape[0], 1 + below(state, MOST_OUT))
    kind = below(state, 3)
    start = below(state, free.shape[0])
    wanted = -1
    if kind == 2:
        p = free[start]
        wanted = item[held_first[p] + below(state, held_first[p + 1] - held_first[p])]
    for x in range(free.shape[0] if kind == 2 else count):
        p = free[x]
        if kind == 0:  # one after the other
            p = free[(start + x) % free.shape[0]]
        elif kind == 1:  # anywhere
            p = free[below(state, free.shape[0])]
        else:  # all that hold some item
            holds = False
            for e in range(held_first[p], held_first[p + 1]):
                holds = holds or item[e] == wanted
            if not holds:
                continue
        if not required[p]:
            continue
        required[p] = False
        banned[p] = banned[p] or below(state, 4) == 0
        for e in range(held_first[p], held_first[p + 1]):
            have[item[e]] -= quantity[e]


@kernel
def move_aisle(required, forced, banned, have, demand, shelves, state):  # type: ignore[no-untyped-def]
    """Leave one or two sub-aisles out for once, or pass everything there and leave out what that makes needless."""
    first, _height, _length, held_first, item, quantity = shelves
    opening = below(state, 2) == 0
    kept = forced.copy()
    for _ in range(1 + below(state, 2)):
        s = 0
        for _attempt in range(20):
            p = below(state, required.shape[0])
            s = np.searchsorted(first, p, side="right") - 1
            if opening or required[p]:
                break
        for p in range(first[s], first[s + 1]):
            if not opening:
                banned[p] = True
            if forced[p] or required[p] == opening or (opening and banned[p]):
                continue
            required[p] = opening
            kept[p] = opening
            for e in range(held_first[p], held_first[p + 1]):
                have[item[e]] += quantity[e] if opening else -quantity[e]
    if opening:
        leave_out(required, kept, have, demand, shelves, state)


@kernel
def leave_out(required, forced, have, demand, shelves, state):  # type: ignore[no-untyped-def]
    """Places that the others do not need."""
    held_first, item, quantity = shelves[3:]
    count = required.shape[0]
    start = below(state, count)
    for x in range(count):
        p = (start + x) % count
        if not required[p] or forced[p]:
            continue
        spare = True
        for e in range(held_first[p], held_first[p + 1]):
            if have[item[e]] - quantity[e] < demand[item[e]]:
                spare = False
                break
        if spare:
            required[p] = False
            for e in range(held_first[p], held_first[p + 1]):
                have[item[e]] -= quantity[e]


@kernel
def last_stage(required, shelves):  # type: ignore[no-untyped-def]
    """The last stage with a required place, -1 for none."""
    first = shelves[0]
    for s in range(first.shape[0] - 2, -1, -1):
        for p in range(first[s], first[s + 1]):
            if required[p]:
                return s
    return -1


@kernel
def ruin_and_recreate(  # type: ignore[no-untyped-def]
    moves, finals, shelves, forced, demand, weight, candidate, cost, current, best, lengths, state, done, until, limit
):
    """Goes on from `current` until so much work is done: the work done. lengths: of current and best, infinite at first."""
    _first, _height, length, held_first, item, quantity = shelves
    stages, nodes = cost.shape[0], finals[1].shape[1]
    ahead = np.full((stages + 1, nodes), INFINITY)
    rest = np.full((stages + 1, nodes), INFINITY)
    ahead[0, 0] = 0.0
    have = np.zeros(demand.shape[0], dtype=np.int64)
    missing = np.zeros(demand.shape[0], dtype=np.int64)
    piece = np.empty(demand.shape[0])
    required = current.copy()
    effort = 2 * moves[0][stages] + 3 * item.shape[0]
    while done < until:
        required[:] = current
        have[:] = 0
        for p in range(required.shape[0]):
            if required[p]:
                for e in range(held_first[p], held_first[p + 1]):
                    have[item[e]] += quantity[e]
        banned = ~candidate
        if lengths[0] < INFINITY:
            if below(state, 4) == 0:
                move_aisle(required, forced, banned, have, demand, shelves, state)
            else:
                ruin(required, forced, banned, have, shelves, state)
        noise = fraction(state)
        for i in range(demand.shape[0]):
            missing[i] = max(0, demand[i] - have[i])
            piece[i] = weight[i] * (0.5 + fraction(state))
        for s in range(stages):
            if length[s] > 0:
                set_cost(shelves, s, required, cost)
        last = last_stage(required, shelves)
        pass_forward(moves, cost, 0, ahead)
        pass_backward(moves, finals, cost, last, stages, rest)
        done += effort
        complete = True
        while missing.max() > 0:
            low, high, s = cheapest_entry(
                moves, shelves, cost, ahead, rest, required, banned, missing, piece, noise, state
            )
            if s < 0:
                complete = False
                break
            for p in range(low, high):
                useful = False
                for e in range(held_first[p], held_first[p + 1]):
                    useful = useful or missing[item[e]] > 0
                if not useful or required[p] or banned[p]:
                    continue
                required[p] = True
                for e in range(held_first[p], held_first[p + 1]):
                    have[item[e]] += quantity[e]
                    missing[item[e]] = max(0, demand[item[e]] - have[item[e]])
            set_cost(shelves, s, required, cost)
            last = max(last, s)
            pass_forward(moves, cost, s, ahead)
            pass_backward(moves, finals, cost, last, s, rest)
            done += effort
        if not complete:
            if lengths[0] == INFINITY:
                break
            continue
        leave_out(required, forced, have, demand, shelves, state)
        for s in range(stages):
            if length[s] > 0:
                set_cost(shelves, s, required, cost)
        pass_backward(moves, finals, cost, last_stage(required, shelves), stages, rest)
        metres = rest[0, 0]
        heat = HOT * (COLD / HOT) ** (done / limit)
        if metres < lengths[0] - heat * lengths[1] * np.log(1.0 - fraction(state)) or lengths[0] == INFINITY:
            lengths[0] = metres
            current[:] = required
            if metres < lengths[1] - EPSILON:
                lengths[1] = metres
                best[:] = required
    return max(done, until)
