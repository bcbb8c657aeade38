"""Lagrangean relaxation of a list's demand on its network, sharp for a few tracked items and by price for the others.

A tracked item's count is carried along the network's nodes (a state x below `states` of tracking), as in state-space
relaxation (Christofides, Mingozzi & Toth 1981); the others are paid for at the prices of worth.py, found by subgradient
steps (Held, Wolfe & Crowder 1974). With nothing tracked the bound equals that of the linear program over the network, with
the cuts of worth.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.states import ACTIONS
from containers.optimizer.jit import kernel
from containers.optimizer.routing.scattered.network import FloatArray, IntArray, Network
from containers.optimizer.routing.scattered.worth import tabulate

INFINITY = np.inf
# A direction keeps this share of the one before it; steps shrink after so many without a better bound.
MEMORY = 0.4
PATIENCE = 12
SMALLEST_STEP = 0.005


@dataclass(frozen=True)
class Tracking:
    """Which items are tracked on a network. key: (options,) which of `after`'s rows an option takes them by. after: (keys,
    states) the state that follows each; the last state is that in which all have been taken.
    entries: (entry_first (stages, 7), entry_key, entry of each option): options of one stage, action and key share one.
    exact: the tracked items that need no price. Of those of which more than `levels` pieces d are wanted, pieces are
    counted in steps of d / levels, rounded up."""

    items: tuple[int, ...]
    states: int
    key: IntArray
    after: npt.NDArray[np.int32]
    entries: tuple[IntArray, IntArray, IntArray]
    exact: tuple[int, ...]

    @classmethod
    def of(cls, network: Network, items: tuple[int, ...], most: int, alive: npt.NDArray[np.bool_]) -> Tracking:
        """Tracking of these items, in at most so many levels each, over the options in `alive`."""
        levels = [min(most, int(network.demand[i])) for i in items]
        strides = np.cumprod([1, *(level + 1 for level in levels)])
        stride_of = np.zeros(len(network.demand), dtype=np.int64)
        level_of = np.ones(len(network.demand), dtype=np.int64)
        stride_of[list(items)], level_of[list(items)] = strides[:-1], levels
        steps = -(-network.quantity * level_of[network.item] // network.demand[network.item])
        key = np.zeros(len(network.cost), dtype=np.int64)
        np.add.at(key, network.owner, stride_of[network.item] * steps)
        keys, key = np.unique(key, return_inverse=True)
        after = np.zeros((len(keys), int(strides[-1])), dtype=np.int32)
        for stride, level in zip(strides, levels, strict=False):
            taken, held = keys // stride % (level + 1), np.arange(after.shape[1]) // stride % (level + 1)
            after += (stride * np.minimum(level, taken[:, None] + held[None, :])).astype(np.int32)
        whole = network.group * len(keys) + key
        distinct = np.unique(whole[alive])
        entry = np.where(alive, np.searchsorted(distinct, whole), -1)
        first = np.searchsorted(distinct, np.arange(network.stages * ACTIONS + 1) * len(keys))
        starts = first[np.arange(network.stages)[:, None] * ACTIONS + np.arange(ACTIONS + 1)]
        exact = tuple(i for i, level in zip(items, levels, strict=True) if level == network.demand[i])
        return cls(items, after.shape[1], key, after, (starts, distinct % len(keys), entry), exact)


class Relaxation:
    """Bounds on what a tour costs, from prices. `wanted`: items that must be taken; `alive`: options that may be used."""

    def __init__(
        self,
        network: Network,
        tracked: tuple[int, ...] = (),
        wanted: npt.NDArray[np.bool_] | None = None,
        alive: npt.NDArray[np.bool_] | None = None,
        final_of: IntArray | None = None,
        levels: int = 1,
    ) -> None:
        self.network = network
        self.wanted = np.ones(len(network.demand), dtype=np.bool_) if wanted is None else wanted
        self.alive = np.ones(len(network.cost), dtype=np.bool_) if alive is None else alive
        self.final_of = network.final_of if final_of is None else final_of
        self.tracking = Tracking.of(network, tracked, levels, self.alive)
        priced = self.wanted.copy()
        priced[list(self.tracking.exact)] = False
        self.priced = priced[network.worth.item]  # rows of prices
        self.rest = np.empty((network.stages + 1, network.nodes, self.tracking.states))
        self._value = np.empty(len(network.cost))
        count = len(self.tracking.entries[1])
        self._entry_value, self._entry_option = np.empty(count), np.empty(count, dtype=np.int64)

    @cached_property
    def _tables(self) -> tuple[Any, ...]:
        network, tracking = self.network, self.tracking
        return (
            network.arcs, network.step, network.act_first, self.final_of, network.final_extra,
            network.cost, network.first, network.item, network.quantity, *tracking.entries, tracking.after,
            network.at, network.times,
        )  # fmt: skip

    def bound(self, prices: FloatArray) -> float:
        """A lower bound in metres; leaves in `rest` (stages + 1, nodes, states) what completions cost at these prices."""
        prices = np.where(self.priced, prices, 0.0)
        worth = self.network.worth.table(prices)
        value = backward(self._tables, worth, self._value, self._entry_value, self._entry_option, self.rest)
        return float(value) + self.network.worth.paid(prices)

    def ascend(
        self, prices: FloatArray, above: float, steps: int, size: float = 1.0
    ) -> tuple[float, FloatArray, FloatArray]:
        """(best bound, its prices, per item how much the paths took too much or little) of at most so many subgradient steps
        towards `above`, the length of a known tour."""
        network = self.network
        wrong = np.zeros(len(network.demand))
        best = np.where(self.priced, prices, 0.0)
        demand = np.where(self.priced, network.worth.wanted, 0).astype(np.float64)
        bound = ascend(
            self._tables, network.worth.tables, demand, best.copy(), best, wrong, above, steps, size,
            np.zeros(network.worth.length), self._value, self._entry_value, self._entry_option, self.rest,
        )  # fmt: skip
        return float(bound), best, wrong

    def useful(self, prices: FloatArray, limit: float) -> npt.NDArray[np.bool_]:
        """(options,) those that a tour of at most `limit` metres may take."""
        self.bound(prices)
        through = np.full(len(self._entry_value), INFINITY)
        reach(self._tables, self._entry_value, self.rest, through)
        prices = np.where(self.priced, prices, 0.0)
        entry = self.tracking.entries[2]
        cheapest = (through - self._entry_value)[entry] + self.values(prices) + self.network.worth.paid(prices)
        useful: npt.NDArray[np.bool_] = self.alive & (cheapest <= limit)
        return useful

    def values(self, prices: FloatArray) -> FloatArray:
        """(options,) metres less what they take is worth."""
        network = self.network
        worth = network.worth.table(np.where(self.priced, prices, 0.0))
        total = np.concatenate([[0.0], np.cumsum(worth[network.at] * network.times)])
        value: FloatArray = network.cost - (total[network.first[1:]] - total[network.first[:-1]])
        return value


@kernel
def backward(tables, worth, value, entry_value, entry_option, rest):  # type: ignore[no-untyped-def]
    """Metres of the cheapest path; fills `rest`, the values of options, and each entry's cheapest option."""
    arcs, step, act_first, final_of, final_extra, cost, first = tables[:7]
    entry_first, entry_key, entry, after, at, times = tables[9:]
    moves, seg_first, seg_low, seg_high, seg_from, seg_to, seg_extra = arcs
    entry_value[:] = INFINITY
    for o in range(cost.shape[0]):
        e = entry[o]
        if e < 0:
            continue
        v = cost[o]
        for x in range(first[o], first[o + 1]):
            v -= worth[at[x]] * times[x]
        value[o] = v
        if v < entry_value[e]:
            entry_value[e] = v
            entry_option[e] = o
    states = after.shape[1]
    rest[:] = INFINITY
    for s in range(step.shape[0] - 1, -1, -1):
        k = final_of[s]
        if k >= 0:
            for n in range(rest.shape[1]):
                rest[s + 1, n, states - 1] = min(rest[s + 1, n, states - 1], final_extra[k, n])
        for g in range(seg_first[s], seg_first[s + 1]):
            source, target, extra = seg_from[g], seg_to[g], seg_extra[g]
            for m in range(seg_low[g], seg_high[g]):
                there = rest[s + 1, moves[m, 2] + target]
                if there[states - 1] == INFINITY:
                    continue
                here = rest[s, moves[m, 0] + source]
                action = moves[m, 1]
                if act_first[s, 0] < 0:
                    w = step[s] * action + extra
                    for x in range(states):
                        if there[x] + w < here[x]:
                            here[x] = there[x] + w
                else:
                    for e in range(entry_first[s, action], entry_first[s, action + 1]):
                        w = entry_value[e] + extra
                        row = after[entry_key[e]]
                        for x in range(states):
                            if there[row[x]] + w < here[x]:
                                here[x] = there[row[x]] + w
    return rest[0, 0, 0]


@kernel
def reach(tables, entry_value, rest, through):  # type: ignore[no-untyped-def]
    """through[e]: metres less prices of the cheapest path over entry e. `rest` and entry_value as `backward` leaves them."""
    arcs, step, act_first = tables[:3]
    entry_first, entry_key, _entry, after = tables[9:13]
    moves, seg_first, seg_low, seg_high, seg_from, seg_to, seg_extra = arcs
    states = after.shape[1]
    old = np.full((rest.shape[1], states), INFINITY)
    new = np.full((rest.shape[1], states), INFINITY)
    old[0, 0] = 0.0
    for s in range(step.shape[0]):
        new[:] = INFINITY
        for g in range(seg_first[s], seg_first[s + 1]):
            source, target, extra = seg_from[g], seg_to[g], seg_extra[g]
            for m in range(seg_low[g], seg_high[g]):
                here = old[moves[m, 0] + source]
                there = rest[s + 1, moves[m, 2] + target]
                grown = new[moves[m, 2] + target]
                action = moves[m, 1]
                if there[states - 1] == INFINITY:
                    continue
                if act_first[s, 0] < 0:
                    w = step[s] * action + extra
                    for x in range(states):
                        grown[x] = min(grown[x], here[x] + w)
                    continue
                for e in range(entry_first[s, action], entry_first[s, action + 1]):
                    w = entry_value[e] + extra
                    row = after[entry_key[e]]
                    best = through[e]
                    for x in range(states):
                        v = here[x] + w
                        y = row[x]
                        grown[y] = min(grown[y], v)
                        best = min(best, v + there[y])
                    through[e] = best
        old, new = new, old


@kernel
def follow(tables, entry_value, entry_option, rest, chosen):  # type: ignore[no-untyped-def]
    """How many options the cheapest path takes, which are left in `chosen`."""
    arcs, step, act_first, final_of, final_extra = tables[:5]
    entry_first, entry_key, _entry, after = tables[9:13]
    moves, seg_first, seg_low, seg_high, seg_from, seg_to, seg_extra = arcs
    last = after.shape[1] - 1
    n = 0
    x = 0
    count = 0
    for s in range(step.shape[0]):
        if s > 0 and x == last and final_of[s - 1] >= 0 and final_extra[final_of[s - 1], n] <= rest[s, n, x]:
            break
        found = False
        for g in range(seg_first[s], seg_first[s + 1]):
            if found:
                break
            source, target, extra = seg_from[g], seg_to[g], seg_extra[g]
            for m in range(seg_low[g], seg_high[g]):
                if found:
                    break
                if moves[m, 0] + source != n:
                    continue
                t = moves[m, 2] + target
                action = moves[m, 1]
                if act_first[s, 0] < 0:
                    w = step[s] * action + extra
                    if rest[s + 1, t, x] + w == rest[s, n, x]:
                        n = t
                        found = True
                else:
                    for e in range(entry_first[s, action], entry_first[s, action + 1]):
                        y = after[entry_key[e], x]
                        if rest[s + 1, t, y] + (entry_value[e] + extra) == rest[s, n, x]:
                            chosen[count] = entry_option[e]
                            count += 1
                            n, x = t, y
                            found = True
                            break
        if not found:
            break
    return count


@kernel
def ascend(  # type: ignore[no-untyped-def]
    tables, rows, demand, prices, best, wrong, above, steps, size, worth, value, entry_value, entry_option, rest
):
    """Subgradient steps from `prices`; the best bound's prices are left in `best`."""
    first, item, quantity = tables[6], tables[7], tables[8]
    row_first, bundle, base = rows
    chosen = np.empty(tables[1].shape[0], dtype=np.int64)
    slope = np.empty(demand.shape[0])
    direction = np.zeros(demand.shape[0])
    highest = -INFINITY
    waited = 0
    for _ in range(steps):
        tabulate(row_first, bundle, base, prices, worth)
        bound = backward(tables, worth, value, entry_value, entry_option, rest)
        for g in range(demand.shape[0]):
            bound += prices[g] * demand[g]
        if bound > highest + 1e-9:
            if bound > highest + 1e-4 * abs(bound):
                waited = 0
            highest = bound
            best[:] = prices
        else:
            waited += 1
        if highest >= above:
            break
        if waited >= PATIENCE:
            size *= 0.6
            waited = 0
            prices[:] = best
            direction[:] = 0.0
            if size < SMALLEST_STEP:
                break
            continue
        slope[:] = demand
        count = follow(tables, entry_value, entry_option, rest, chosen)
        for c in range(count):
            o = chosen[c]
            for x in range(first[o], first[o + 1]):
                for g in range(row_first[item[x]], row_first[item[x] + 1]):
                    if demand[g] > 0:
                        slope[g] -= (quantity[x] + bundle[g] - 1) // bundle[g]
        norm = 0.0
        for i in range(wrong.shape[0]):
            wrong[i] += abs(slope[row_first[i]])
        for g in range(demand.shape[0]):
            direction[g] = MEMORY * direction[g] + slope[g]
            if prices[g] <= 0.0 and direction[g] < 0.0:
                direction[g] = 0.0
            norm += direction[g] * direction[g]
        if norm < 1e-12:
            break
        length = size * max(above - bound, 0.01 * abs(above)) / norm
        for g in range(demand.shape[0]):
            prices[g] = max(0.0, prices[g] + length * direction[g])
    return highest
