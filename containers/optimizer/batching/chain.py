"""One annealing chain: its arrays, its random stream, its pool of batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.batching import anneal, late, measure
from containers.optimizer.batching.units import IntArray, Units
from containers.optimizer.floor.places import Floor

CACHE_BITS = 18
POOL_TABLE_BITS = 19
POOL_BATCHES = 150_000
POOL_MEMBERS = 3_000_000
MOST_UNITS = 2000
# How far above the cart's limits the search may pass, and what a cart's load too much costs at first, at least, at most:
# in mean costs of a batch.
STRETCH = 0.1
PRICE = (2.0, 0.2, 50.0)


def new_memory() -> tuple[Any, ...]:
    """An empty cache of batch lengths: see measure.py."""
    size = 1 << CACHE_BITS
    return np.zeros(size, dtype=np.uint64), np.zeros((size, 2))


def new_pool(units: int) -> tuple[Any, ...]:
    """An empty pool of batches: see anneal.py. It takes nothing when there are too many units to combine batches."""
    batches, members = (POOL_BATCHES, POOL_MEMBERS) if units < MOST_UNITS else (0, 0)
    return (
        np.zeros(batches + 1, dtype=np.int64),
        np.zeros(members, dtype=np.int32),
        np.zeros(batches),
        np.zeros(batches),
        np.zeros(1, dtype=np.int64),
        np.zeros(1 << POOL_TABLE_BITS, dtype=np.uint64),
    )


@dataclass(eq=False)
class Chain:
    """State of one chain; `run` releases the GIL."""

    floor: Floor
    units: Units
    near: IntArray
    pickers: int
    seed: int
    zobrist: npt.NDArray[np.uint64]
    start: IntArray
    best: IntArray = field(init=False)
    totals: npt.NDArray[np.float64] = field(init=False)
    pool: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        n, dims = self.units.count, self.units.arrays[1].shape[1]
        rows = n + 1
        self._scratch = self.floor.scratch()
        self._plan = (
            np.zeros(n, dtype=np.int64),
            np.zeros(rows, dtype=np.int64),
            np.zeros(n, dtype=np.int64),
            np.zeros(n, dtype=np.int64),
            np.zeros(rows, dtype=np.int64),
            np.zeros((rows, dims), dtype=np.int64),
            np.zeros(rows, dtype=np.uint64),
            np.zeros(rows, dtype=np.uint64),
            np.zeros(rows, dtype=np.int64),
            np.zeros(rows),
            np.zeros(rows),
            np.zeros(rows, dtype=np.uint64),
        )
        self._memory = new_memory()
        self.pool = new_pool(n)
        self._random = np.array([(self.seed * 0x9E3779B97F4A7C15 + 0x1234567) % (1 << 64) or 1], dtype=np.uint64)
        self.best = self.start.copy()
        self.totals = np.zeros(4)
        capacity = self.units.arrays[2]
        self._stretch = (capacity, np.zeros(3))
        arrays = list(self.units.arrays)
        arrays[2] = capacity + (capacity * (0.0 if self.timed else STRETCH)).astype(np.int64)
        self._stretched = tuple(arrays)
        self.restart(self.start)

    @property
    def timed(self) -> bool:
        """Whether lateness counts."""
        return bool(self.units.weights[7] > 0)

    @property
    def objective(self) -> float:
        """The best objective so far, with its lateness price."""
        return float(self.totals[1])

    def restart(self, assignment: IntArray) -> None:
        """Go on from another plan; the best so far stays when it is better."""
        previous = float(self.totals[1]) if self.totals[1] else float("inf")
        measure.rebuild(
            self.floor.frame, self._scratch, self.units.arrays, self._plan, self._memory, self.zobrist, assignment
        )
        count, metres, halts = self._plan[4], self._plan[9], self._plan[10]
        weights = self.units.weights
        used = count > 0
        value = metres[used].sum() * weights[0] + used.sum() * weights[1] + halts[used].sum() * weights[2]
        seconds_late = 0.0
        if weights[7] > 0:
            none = np.full(3, -1, dtype=np.int64)
            work = np.empty(2 * len(count) + self.pickers)
            seconds_late = late.lateness(
                self.units.arrays, self._plan, weights, self.pickers, -1, 0.0, 0.0, -1, 0.0, 0.0, none, work
            )
        value += seconds_late * weights[7]
        for batch in np.flatnonzero(used):
            anneal.remember(self._plan, self.pool, int(batch))
        self.totals[0], self.totals[2], self.totals[3] = value, seconds_late, 0.0
        fair = value / max(1, int(used.sum()))
        self._stretch[1][:] = fair * PRICE[0], fair * PRICE[1], fair * PRICE[2]
        if value < previous - 1e-9:
            self.best[:] = assignment
            self.totals[1] = value
        else:
            self.totals[1] = previous

    def run(self, moves: int, hot: float, cold: float) -> None:
        """Some moves at falling temperature."""
        anneal.anneal(
            self.floor.frame,
            self._scratch,
            self._stretched,
            self._plan,
            self._memory,
            self.pool,
            self.zobrist,
            self.near,
            self.units.weights,
            self._stretch,
            self.pickers,
            self._random,
            moves,
            hot,
            cold,
            self.best,
            self.totals,
        )
