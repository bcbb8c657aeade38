"""Annealing from plans that column generation hands over: at once with one chain, beside it with more."""

from __future__ import annotations

import threading

import numpy as np

from containers.optimizer.batching.chain import Chain
from containers.optimizer.batching.units import IntArray
from containers.optimizer.family import Run

# From a rounded plan: so many moves, between these shares of the mean cost of a batch. Without one: again from the best plan,
# hotter and longer.
MOVES, HOT, COLD = 120_000, 0.01, 0.003
AGAIN_MOVES, AGAIN_HOT = 600_000, 0.02
CHUNK = 10_000


class Polisher:
    """Chains that improve the plans given to them. With several chains the first stays idle: its core runs HiGHS."""

    def __init__(self, chains: list[Chain], run: Run, moves: int) -> None:
        self.moves = moves
        self.chains = chains
        self._run, self._scale = run, chains[0].objective / max(1, len(np.unique(chains[0].best)))
        self._locks = [threading.Lock() for _ in chains]
        self._plans: list[IntArray] = []
        self._near: IntArray | None = None
        self._counting = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(i,), daemon=True) for i in range(1, len(chains))]
        for thread in self._threads:
            thread.start()

    def give(self, plan: IntArray, near: IntArray) -> None:
        """A plan (batch number per unit) to improve, and promising partners per unit: see Chain.near."""
        self._near = near
        if self._threads:
            self._plans = [*self._plans[-len(self._threads) + 1 :], plan] if len(self._threads) > 1 else [plan]
        else:
            self._anneal(0, plan, MOVES, HOT)

    def best(self) -> tuple[IntArray, float]:
        """The best plan of all chains and its objective."""
        found: list[tuple[float, IntArray]] = []
        for lock, chain in zip(self._locks, self.chains, strict=True):
            with lock:
                found.append((chain.objective, chain.best.copy()))
        value, plan = min(found, key=lambda pair: pair[0])
        return plan, value

    def take(self, plan: IntArray) -> None:
        """Hold a plan found elsewhere, should it be the best."""
        with self._locks[0]:
            self.chains[0].restart(plan)

    def locked(self, number: int) -> threading.Lock:
        """What keeps a chain's pool still while it is held."""
        return self._locks[number]

    def end(self) -> None:
        """Wait for the chains to stop."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        while not self._ends():
            plans, self._plans = self._plans, []
            if plans:
                self._plans = plans[1:]
                self._anneal(number, plans[0], MOVES, HOT)
            else:
                self._anneal(number, self.best()[0], AGAIN_MOVES, AGAIN_HOT)

    def _anneal(self, number: int, plan: IntArray, moves: int, hot: float) -> None:
        chain, done = self.chains[number], 0
        with self._locks[number]:
            chain.restart(plan)
            if self._near is not None:
                chain.near = self._near
        while done < moves and not self._ends():
            chunk = min(CHUNK, moves - done)
            if self._run.budget.iterations is not None:
                chunk = min(chunk, self._run.budget.iterations - self.moves)
            at, then = (hot * (COLD / hot) ** (share / moves) for share in (done, done + chunk))
            with self._locks[number]:
                chain.run(chunk, self._scale * at, self._scale * then)
            done += chunk
            with self._counting:
                self.moves += chunk

    def _ends(self) -> bool:
        return self._over.is_set() or self._run.should_stop(self.moves)
