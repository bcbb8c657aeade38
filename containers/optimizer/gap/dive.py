"""Diving on a Lagrangean relaxation: jobs are fixed where the agents' knapsacks agree, prices move on, and a descent ends.

The relaxation with a knapsack per agent (as in column generation) is far tighter than the linear one where agents hold few
jobs, and takes a fraction of a millisecond. What each agent took of late approximates the relaxation's fractional solution
(Barahona & Anbil 2000); a dive fixes its clearest tenth and goes on with what is left. Noise on the prices makes dives
differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.chance import stream
from containers.optimizer.gap.descent import descend, give, link, overloaded
from containers.optimizer.gap.instance import Floats, Generalised, Ints
from containers.optimizer.gap.knapsack import relax

NEAR = 10  # agents per job that are looked at, by reduced cost
FIRST_ROUNDS = 1500
DIVE_ROUNDS = 15  # between two fixings, three times as many before the first
FIXED_SHARE = 0.1
SURE = 0.95
MIX, FIRST_MIX = 0.08, 0.3
PATIENCE = 8
ABOVE = 1.003  # the value aimed at, times the bound, until a better one is known
NOISE = 0.3
CLEANINGS, CALM = 30, 6  # descents at most; how many before chance helps
DEAREST = 1000.0
LARGEST_TABLE = 200_000_000  # bytes of the knapsacks' work space


@dataclass(eq=False)
class Diver:
    """One resource with integer weights and rooms. price: of the rooms, from the linear relaxation."""

    problem: Generalised
    price: Floats
    seed: int
    should_stop: Callable[[], bool]

    def __post_init__(self) -> None:
        problem = self.problem
        self.cost = np.where(np.isfinite(problem.cost), problem.cost, 1e15)
        self.weight = problem.weight[0]
        self.whole = np.ascontiguousarray(self.weight.astype(np.int64))
        self.room = problem.capacity[0]
        reduced = self.cost + self.price[0] * self.weight
        near = np.argsort(reduced, axis=1, kind="stable")[:, : min(NEAR, problem.agents)]
        self.near = np.ascontiguousarray(near)
        self.allowed = np.zeros(problem.cost.shape, dtype=np.uint8)
        np.put_along_axis(self.allowed, near, 1, axis=1)
        self.allowed[~np.isfinite(problem.cost)] = 0
        self.worth = reduced.min(axis=1)
        self.rng = np.random.default_rng(self.seed)
        self.random = stream(self.seed)
        most = int(self.room.max())
        self._best = np.zeros(most + 1)
        self._taken = np.zeros((problem.jobs, most + 1), dtype=np.uint8)
        self._missing = np.zeros(problem.jobs)
        # What a small difference between two agents is, so that noise has the costs' scale.
        finite = problem.cost[np.isfinite(problem.cost)]
        self._unit = max(1e-9, float(np.std(finite)) / 30.0) if len(finite) else 1.0
        self.penalty = np.maximum(self.price[0], 0.2 * self.price[0].mean() + 0.05 * self._unit)
        # About what the relaxation comes to; with pairs left out it is no bound.
        self.level = float(self.worth.sum() - (self.price[0] * self.room).sum())

    def prepare(self, enough: Callable[[], bool]) -> None:
        """Bring the jobs' worth near its best, until that is done or `enough`."""
        every = np.arange(self.problem.jobs)
        share = np.zeros(self.problem.cost.shape)
        rooms = self.room.astype(np.int64)
        value, self.worth = self._climb(self.worth, every, rooms, share, ABOVE * self.level, FIRST_ROUNDS, 1.0, enough)
        self.level = max(self.level, value)

    def _climb(
        self,
        worth: Floats,
        free: Ints,
        rooms: Ints,
        share: Floats,
        aim: float,
        rounds: int,
        step: float,
        enough: Callable[[], bool] = lambda: False,
    ) -> tuple[float, Floats]:
        best, kept, stale = -np.inf, worth.copy(), 0
        for turn in range(rounds):
            value = relax(
                self.cost, self.whole, rooms, worth, free, self.allowed, self._best, self._taken, share,
                FIRST_MIX if turn <= PATIENCE // 2 else MIX, self._missing,
            )  # fmt: skip
            if value > best:
                best, kept, stale = value, worth.copy(), 0
            else:
                stale += 1
                if stale >= PATIENCE:
                    step, stale, worth = 0.75 * step, 0, kept.copy()
                    continue
            slope = self._missing[free]
            norm = float(slope @ slope)
            if norm == 0 or enough() or self.should_stop():
                break
            worth = worth.copy()
            worth[free] += step * max(aim - value, 1.0) / norm * slope
        return float(best), kept

    def dive(self, best: float, noisy: bool) -> Ints | None:
        """One dive and the descent after it; None when it ends without a feasible assignment, or was stopped."""
        problem = self.problem
        rooms = self.room.astype(np.int64)
        free = np.arange(problem.jobs)
        agent = np.full(problem.jobs, -1, dtype=np.int64)
        share, worth = np.zeros(problem.cost.shape), self.worth.copy()
        spent, rounds, step = 0.0, 3 * DIVE_ROUNDS, 0.5
        aim = min(best, ABOVE * self.level) if self.level > 0 else best
        while len(free):
            if self.should_stop():
                return None
            if noisy:
                worth[free] += self.rng.normal(0.0, NOISE, len(free)) * self._unit
            _, worth = self._climb(worth, free, rooms, share, aim - spent, rounds, step)
            rounds, step = DIVE_ROUNDS, 0.3
            clear = share[free].max(axis=1)
            to = share[free].argmax(axis=1)
            fixed = 0
            for t in np.argsort(-clear + 0.05 * self.rng.random(len(free)), kind="stable").tolist():
                if fixed >= max(1, int(FIXED_SHARE * len(free))) and clear[t] < SURE:
                    break
                j, i = int(free[t]), int(to[t])
                if clear[t] > 0 and self.whole[j, i] <= rooms[i]:
                    agent[j] = i
                    rooms[i] -= self.whole[j, i]
                    spent += float(self.cost[j, i])
                    fixed += 1
            if fixed == 0:
                break
            free = np.flatnonzero(agent < 0)
        return self.clean(agent)

    def clean(self, agent: Ints) -> Ints | None:
        """Place what is left, and descend with overload dearer and dearer until there is none."""
        problem = self.problem
        placed = np.flatnonzero(agent >= 0)
        load = np.bincount(agent[placed], weights=self.weight[placed, agent[placed]], minlength=problem.agents)
        for j in np.flatnonzero(agent < 0).tolist():
            score = self.cost[j] + self.penalty * np.maximum(0.0, load + self.weight[j] - self.room)
            agent[j] = int(score.argmin())
            load[agent[j]] += self.weight[j, agent[j]]
        head = np.full(problem.agents, -1, dtype=np.int64)
        after, before = (np.full(problem.jobs, -1, dtype=np.int64) for _ in range(2))
        state = (agent, load.astype(np.float64), head, after, before)
        for j in range(problem.jobs):
            link(state, j, agent[j])
        order, factor = np.arange(problem.jobs), 2.0
        for attempt in range(CLEANINGS):
            if attempt >= CALM:  # dearer overload alone does not help: a few jobs elsewhere, and again
                for j in self.rng.integers(0, problem.jobs, 1 + problem.jobs // 20).tolist():
                    to = int(self.near[j, self.rng.integers(self.near.shape[1])])
                    if np.isfinite(problem.cost[j, to]):
                        give(self.weight, state, j, to)
            descend(self.cost, self.weight, self.room, self.penalty * factor, self.near, state, order, self.random)
            if not overloaded(state[1], self.room):
                return agent if problem.feasible(agent) else None
            factor = min(2.0 * factor, DEAREST)
        return None


def suits(problem: Generalised) -> bool:
    """Whether the knapsacks can be solved by dynamic programming: one resource, integers, not too large."""
    if len(problem.capacity) != 1 or not np.isfinite(problem.capacity).all():
        return False
    whole: npt.NDArray[np.bool_] = problem.weight == np.rint(problem.weight)
    rooms = problem.capacity[0]
    return bool(whole.all() and (rooms >= 0).all() and problem.jobs * (rooms.max() + 1) <= LARGEST_TABLE)
