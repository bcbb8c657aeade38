"""Affinity by windows: some articles and slots at a time are a quadratic assignment problem, which tabu search solves well.

All else stays where it is, and what it adds is linear. Windows are slots near each other, or an article and those that it
shares most tours with, each with the slots around.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from containers.optimizer.qap import tabu
from containers.optimizer.qap.instance import Quadratic
from containers.optimizer.slotting.costs import Chain

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SIZES = (24, 64)  # slots of a window
MOVES = 30  # of the tabu search, times the size


class Windows:
    """Improves one chain's plan, window by window. Suits floors whose walks are kept as a table."""

    def __init__(self, chain: Chain, seed: int) -> None:
        instance, costs = chain.instance, chain.costs
        self.chain = chain
        offsets, other, flow = costs.pairs
        count = instance.units.count
        self.flow = csr_matrix((flow, other, offsets), shape=(count, count))
        places = instance.places
        self.metres = costs.table[np.ix_(np.unique(places.position), np.unique(places.position))]
        self.at = np.unique(places.position, return_inverse=True)[1]
        self.rng = np.random.default_rng(seed)
        self.free = instance.units.fixed < 0
        self.tried = 0
        self.scratch: dict[int, tuple[object, ...]] = {}

    def improve(self) -> bool:
        """One window; whether the plan became better."""
        chain = self.chain
        slots = self._slots()
        if len(slots) < 3:
            return False
        units = chain.state[1][slots]
        problem = self._problem(units, slots)
        place = np.arange(len(slots), dtype=np.int64)
        before = problem.cost(place)
        self.tried += MOVES * len(slots)
        best, value = self._search(problem, place)
        if value >= before - 1e-9 * max(1.0, abs(before)):
            return False
        target = chain.state[0].copy()
        moved = units >= 0
        target[units[moved]] = slots[best[moved]]
        old = chain.totals[1]
        kept = chain.state[0].copy()
        found = chain.restart(target)
        if found < old - 1e-9:
            return True
        chain.restart(kept)  # a rule that joins articles stood against it
        return False

    def _slots(self) -> Ints:
        """Slots that hold one free unit or nothing, where they are near each other or those of friends."""
        chain = self.chain
        place, head, after = chain.state[0], chain.state[1], chain.state[2]
        size = int(self.rng.choice(SIZES))
        usable = (head < 0) | ((after[head] < 0) & self.free[head])
        lying = np.flatnonzero((place >= 0) & self.free)
        lying = lying[usable[place[lying]]]
        if len(lying) == 0:
            return np.zeros(0, dtype=np.int64)
        u = int(self.rng.choice(lying))
        own = self.flow.indices[self.flow.indptr[u] : self.flow.indptr[u + 1]]
        chosen = [int(place[u])]
        if self.rng.random() < 0.5 and len(own):
            weight = self.flow.data[self.flow.indptr[u] : self.flow.indptr[u + 1]]
            friends = own[np.argsort(-weight * (0.5 + self.rng.random(len(own))), kind="stable")][: size // 2]
            chosen += [int(s) for s in place[friends] if s >= 0 and usable[s]]
            # and slots about their middle, where they may come together
        walks = self.metres[self.at[chosen[: 1 + len(chosen) // 4]]].mean(axis=0)[self.at]
        near = np.argsort(walks + 1e-6 * self.rng.random(len(walks)), kind="stable")
        near = near[usable[near]][:size]
        found = list(dict.fromkeys([*chosen, *near.tolist()]))
        return np.array(found[:size], dtype=np.int64)

    def _problem(self, units: Ints, slots: Ints) -> Quadratic:
        chain, n = self.chain, len(slots)
        instance, costs, place = chain.instance, chain.costs, chain.state[0]
        places = instance.places
        real = np.flatnonzero(units >= 0)
        who = units[real]
        rows = self.flow[who]
        flow = np.zeros((n, n))
        flow[np.ix_(real, real)] = rows[:, who].toarray()
        outside = np.ones(instance.units.count, dtype=np.bool_)
        outside[who] = False
        outside &= place >= 0
        linear = np.zeros((n, n))
        to_others = np.zeros((len(who), len(self.metres)))
        far = np.flatnonzero(outside)
        to_others = rows[:, far] @ self.metres[self.at[place[far]]]
        linear[real] = to_others[:, self.at[slots]]
        linear[real] += costs.linear[who][:, None] * places.metres[slots][None, :]
        linear[real] += costs.visits[who][:, None] * places.extra[slots][None, :]
        home = costs.home[who]
        away = (home >= 0)[:, None] & (home[:, None] != slots[None, :])
        linear[real] += np.where(away, costs.home_cost[who][:, None], 0.0)
        allowed = self._allowed(who, slots)
        forbidden = 1e3 * (1.0 + float(np.abs(linear).max(initial=0.0)))
        linear[real] += np.where(allowed, 0.0, forbidden)
        walks = self.metres[np.ix_(self.at[slots], self.at[slots])]
        return Quadratic(flow / 2.0, walks, linear)

    def _allowed(self, who: Ints, slots: Ints) -> npt.NDArray[np.bool_]:
        """Which of the units may lie in which of the slots, as far as each can tell alone: those kept apart from others only
        go where none of these lie now."""
        chain = self.chain
        units, places = chain.instance.units, chain.instance.places
        allowed = units.allowed[units.klass[who]][:, places.kind[slots]]
        must, scope = chain.units[5][who], chain.units[6][who]
        bound = must >= 0
        allowed &= ~bound[:, None] | (places.region[scope][:, slots] == must[:, None])
        here = places.region[:, chain.state[0][who]]
        for r, row in enumerate(chain.rules[1].tolist()):
            there = places.region[row, slots]
            opposed = chain.state[5][r][:, there] > 0  # (2, slots)
            side = units.side[who, r]
            against = ((side & 1) > 0)[:, None] & opposed[1] | ((side & 2) > 0)[:, None] & opposed[0]
            allowed &= ~against | (here[row][:, None] == there[None, :])
        return allowed

    def _search(self, problem: Quadratic, place: Ints) -> tuple[Ints, float]:
        n = problem.size
        if n not in self.scratch:
            self.scratch[n] = tabu.scratch(n)
        state = self.scratch[n]
        arrays = tabu.transposed(*problem.arrays)
        totals, best = np.zeros(2), place.copy()
        totals[0] = tabu.prepare(arrays, problem.symmetric, place, state)
        tabu.search(arrays, problem.symmetric, place, state, 1, MOVES * n, self.chain.random, totals, best)
        return best, float(problem.cost(best))
