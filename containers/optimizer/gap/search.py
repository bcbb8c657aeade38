"""Generalised assignment: Lagrangean prices, then dives on the knapsack relaxation (one integer resource), or annealing
that swings between feasible and not (several resources, or weights that are not whole)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from containers.optimizer.chance import stream
from containers.optimizer.gap.dive import Diver, suits
from containers.optimizer.gap.instance import Floats, Generalised, Ints
from containers.optimizer.gap.kernels import overload, prices, swing

ROUNDS = 2000  # of subgradients
NEAR = 8  # agents per job that shifts try
PREPARE_SHARE = 0.2  # of the time, for the prices that every dive begins with
MOVES = 50  # times the jobs, per swing
# Overload costs so many times the dual price while it is allowed, and more with each try to get rid of it.
CYCLES = 5  # of cooling
LOW, RISE, TRIES = 1.5, 1.5, 12
HOT, COLD = 2.0, 0.05  # times what the third-best agent costs a job more


@dataclass(frozen=True, eq=False)
class Outcome:
    """agent per job, None when no feasible assignment was found; bound: no assignment costs less. rounds: dives, swings."""

    agent: Ints | None
    value: float
    bound: float
    rounds: int


@dataclass(eq=False)
class _Best:
    """The best assignment so far, shared by the workers."""

    problem: Generalised
    least: float
    on_better: Callable[[float], None]
    agent: Ints | None = None
    value: float = np.inf
    rounds: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, agent: Ints | None) -> None:
        with self.lock:
            self.rounds += 1
            if agent is None:
                return
            value = self.problem.value(agent)
            if value < self.value - 1e-9 and self.problem.feasible(agent):
                self.agent, self.value = agent.copy(), value
                self.on_better(value)

    @property
    def proven(self) -> bool:
        return self.value <= self.least + 1e-9


def solve(
    problem: Generalised,
    seconds: float,
    *,
    seed: int = 1,
    workers: int = 1,
    start: Ints | None = None,
    rounds: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_better: Callable[[float], None] = lambda _value: None,
) -> Outcome:
    """The best assignment found in so many seconds, or so many rounds, whichever is first.

    With `rounds`, one worker and time enough, equal seeds give equal outcomes.
    """
    begun = time.monotonic()
    if problem.jobs == 0 or problem.agents == 0:
        none = problem.jobs == 0
        return Outcome(np.zeros(0, dtype=np.int64) if none else None, 0.0 if none else np.inf, 0.0, 0)
    price = np.zeros_like(problem.capacity)
    dear = np.where(np.isfinite(problem.cost), problem.cost, _dearest(problem))
    bound = float(prices(dear, problem.weight, problem.capacity, price, ROUNDS))
    least = np.ceil(bound - 1e-6) if _integral(problem) else bound
    best = _Best(problem, float(least), on_better)
    if start is not None:
        best.take(start)

    def over() -> bool:
        late = time.monotonic() - begun >= seconds or should_stop()
        return late or best.proven or (rounds is not None and best.rounds >= rounds)

    def progress() -> float:
        if rounds is not None:
            return min(1.0, best.rounds / rounds)
        return min(1.0, (time.monotonic() - begun) / max(1e-9, seconds))

    work = _dives if suits(problem) else _swings
    if workers == 1:
        work(problem, price, best, seed, over, progress)
    else:
        with ThreadPoolExecutor(workers) as threads:
            jobs = [
                threads.submit(work, problem, price, best, seed + 7919 * number, over, progress)
                for number in range(workers)
            ]
            for job in jobs:
                job.result()
    return Outcome(best.agent, best.value, bound, best.rounds)


def _dives(
    problem: Generalised,
    price: Floats,
    best: _Best,
    seed: int,
    over: Callable[[], bool],
    progress: Callable[[], float],
) -> None:
    diver = Diver(problem, price, seed, over)
    best.take(diver.clean(diver.near[:, 0].copy()))
    first = progress()
    diver.prepare(lambda: progress() - first > PREPARE_SHARE)
    noisy = False
    while not over():
        best.take(diver.dive(best.value if best.agent is not None else np.inf, noisy))
        noisy = True


def _swings(
    problem: Generalised, price: Floats, best: _Best, seed: int, over: Callable[[], bool], progress: Callable[[], float]
) -> None:
    """Annealing in turns: cheap overload first, then dearer and dearer until there is none."""
    reduced = problem.cost + (price[:, None, :] * problem.weight).sum(axis=0)
    ranked = np.argsort(reduced, axis=1, kind="stable")
    near = np.ascontiguousarray(ranked[:, : min(NEAR, problem.agents)])
    third = np.sort(reduced, axis=1)[:, min(2, problem.agents - 1)] - reduced.min(axis=1)
    third = third[np.isfinite(third)]
    scale = float(third.mean()) + 1e-3 if len(third) else 1.0
    base = np.maximum(price, 0.2 * price.mean() + 1e-3)
    random, agent = stream(seed), ranked[:, 0].astype(np.int64)
    load = np.array(
        [
            np.bincount(agent, weights=weight[np.arange(problem.jobs), agent], minlength=problem.agents)
            for weight in problem.weight
        ]
    )
    totals, kept = np.array([problem.value(agent), overload(load, problem.capacity), np.inf]), agent.copy()
    while not over():
        hot = scale * HOT * (COLD / HOT) ** (CYCLES * progress() % 1.0)
        factor, moves, heat = LOW, MOVES * problem.jobs, hot
        for _ in range(TRIES):
            swing(
                problem.cost, problem.weight, problem.capacity, base * factor, near, agent, load, moves, heat, random,
                kept, totals,
            )  # fmt: skip
            totals[1] = overload(load, problem.capacity)
            if totals[1] < 1e-9:
                break
            factor, moves, heat = factor * RISE, MOVES * problem.jobs // 2, 0.5 * hot
        if totals[1] < 1e-9 and totals[0] < totals[2]:
            totals[2], kept[:] = totals[0], agent
        best.take(kept if totals[2] < np.inf else None)


def _dearest(problem: Generalised) -> float:
    """More than any whole assignment costs: what a forbidden pair counts as in the dual."""
    finite = problem.cost[np.isfinite(problem.cost)]
    return 1.0 + 2.0 * problem.jobs * float(np.abs(finite).max(initial=1.0))


def _integral(problem: Generalised) -> bool:
    finite = problem.cost[np.isfinite(problem.cost)]
    return bool((finite == np.rint(finite)).all())
