"""Tabu search with a population: schedules are improved, blended in pairs and improved again.

After Peng, Lü & Cheng (2015), "A tabu search/path relinking algorithm to solve the job shop scheduling problem",
Computers & Operations Research 53. Their path between two schedules may leave the feasible region and is repaired; here
a schedule on the way is a blend of two topological orders: when an operation comes before another in both parents, any
weighted mean of its positions is smaller too, so every blend is feasible.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.jobshop import kernel

IntArray = npt.NDArray[np.int64]

POPULATION = 24
PATIENCE = (
    12_500  # moves without a better makespan before a schedule counts as finished (Peng, Lü & Cheng use the same)
)
SLICE, SLICED_OPERATIONS = 4_000, 1_000  # moves between two looks at the clock with so many operations; fewer with more


@dataclass(frozen=True)
class Shop:
    """Operations of all jobs in one row: `machine` and `duration` (N,), `first` (jobs + 1,) where each job begins.

    Durations are whole numbers of any unit. Raises ValueError for jobs of different machines count or negative times.
    """

    machine: IntArray
    duration: IntArray
    first: IntArray

    @classmethod
    def of(cls, jobs: Sequence[Sequence[tuple[int, int]]]) -> Shop:
        """From (machine, duration) per operation, job by job. Raises ValueError for no operation or a negative number."""
        steps = [step for job in jobs for step in job]
        if not steps or min(min(step) for step in steps) < 0:
            raise ValueError("a job shop needs operations, with machines and durations from 0")
        first = np.concatenate(([0], np.cumsum([len(job) for job in jobs]))).astype(np.int64)
        return cls(
            np.array([step[0] for step in steps], dtype=np.int64),
            np.array([step[1] for step in steps], dtype=np.int64),
            first,
        )

    @property
    def jobs(self) -> int:
        return len(self.first) - 1

    @property
    def machines(self) -> int:
        return int(self.machine.max()) + 1

    def arrays(self) -> tuple[IntArray, IntArray, IntArray]:
        """(duration, job predecessor, job successor), as the kernels want them."""
        count = len(self.machine)
        before = np.arange(-1, count - 1, dtype=np.int64)
        after = np.arange(1, count + 1, dtype=np.int64)
        begins = self.first[:-1][np.diff(self.first) > 0]
        before[begins] = -1
        after[self.first[1:][np.diff(self.first) > 0] - 1] = -1
        return self.duration, before, after

    def slots(self) -> IntArray:
        """(N,) each operation's number among those of its machine."""
        numbers = np.zeros(len(self.machine), dtype=np.int64)
        for m in np.unique(self.machine):
            mine = np.flatnonzero(self.machine == m)
            numbers[mine] = np.arange(len(mine))
        return numbers

    def bound(self) -> int:
        """The longest job, or the busiest machine with the least that must come before and after its work."""
        duration, before, after = self.arrays()
        head, tail = np.zeros_like(duration), np.zeros_like(duration)
        for i in range(len(duration)):
            head[i] = head[before[i]] + duration[before[i]] if before[i] >= 0 else 0
        for i in range(len(duration) - 1, -1, -1):
            tail[i] = tail[after[i]] + duration[after[i]] if after[i] >= 0 else 0
        best = int((head + duration + tail).max())
        for m in np.unique(self.machine):
            best = max(best, _one_machine_bound(self.machine == m, head, duration, tail))
        return best


def _one_machine_bound(mask: npt.NDArray[np.bool_], head: IntArray, duration: IntArray, tail: IntArray) -> int:
    """Jackson's preemptive schedule: the exact makespan of one machine when work may be interrupted (Carlier 1982)."""
    import heapq

    todo = sorted(zip(head[mask].tolist(), tail[mask].tolist(), duration[mask].tolist(), strict=True))
    waiting: list[list[int]] = []
    now, best, k = 0, 0, 0
    while k < len(todo) or waiting:
        if not waiting:
            now = max(now, todo[k][0])
        while k < len(todo) and todo[k][0] <= now:
            heapq.heappush(waiting, [-todo[k][1], todo[k][2]])
            k += 1
        rest = waiting[0][1]
        until = now + rest if k == len(todo) else min(now + rest, todo[k][0])
        waiting[0][1] -= until - now
        now = until
        if waiting[0][1] == 0:
            best = max(best, now - waiting[0][0])
            heapq.heappop(waiting)
    return best


@dataclass(eq=False)
class Schedule:
    """A feasible order of every machine: its makespan, and a topological order of the operations."""

    makespan: int
    sequence: IntArray

    def starts(self, shop: Shop) -> IntArray:
        """Earliest start of each operation."""
        head = np.zeros(len(shop.machine), dtype=np.int64)
        free = np.zeros(shop.machines, dtype=np.int64)
        _, before, _ = shop.arrays()
        for i in self.sequence:
            ready = head[before[i]] + shop.duration[before[i]] if before[i] >= 0 else 0
            head[i] = max(ready, free[shop.machine[i]])
            free[shop.machine[i]] = head[i] + shop.duration[i]
        return head


class _Chain:
    """One worker's scratch memory and random stream."""

    def __init__(self, shop: Shop, seed: int) -> None:
        count = len(shop.machine)
        self.shop = shop
        self.arrays = shop.arrays()
        self.orders = (np.empty(count, np.int64), np.empty(count, np.int64))
        self.best = np.empty((2, count), np.int64)
        self.slot = shop.slots()
        self.tabu = np.zeros((count, int(self.slot.max(initial=0)) + 1), np.int64)
        self.slice = max(1, SLICE * SLICED_OPERATIONS // max(SLICED_OPERATIONS, count))
        self.state = np.array([(seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) % (1 << 64) or 1], dtype=np.uint64)
        self.random = np.random.default_rng(seed)
        self.iterations = 0

    def improve(self, sequence: IntArray, goal: int, should_stop: Callable[[int], bool]) -> Schedule:
        """Tabu search from a topological order. It runs in slices, so that it can be told to stop."""
        kernel.orders_of(sequence, self.shop.machine, np.empty(self.shop.machines, np.int64), self.orders)
        value, idle = -1, 0
        kept: IntArray | None = None
        while idle < PATIENCE and not should_stop(self.iterations):
            found, moves = kernel.tabu_search(
                self.arrays, self.shop.machine, self.slot, self.orders, self.best, self.tabu,
                self.shop.jobs, self.shop.machines, self.state, PATIENCE - idle, self.slice, goal,
            )  # fmt: skip
            self.iterations += int(moves)
            if value < 0 or found < value:
                value, kept, idle = int(found), self.best.copy(), 0
            else:
                idle += int(moves)
            if value <= goal or moves == 0:
                break
        return self._schedule(np.stack(self.orders) if kept is None else kept)

    def first(self, sequence: IntArray) -> Schedule:
        """A topological order as it is."""
        kernel.orders_of(sequence, self.shop.machine, np.empty(self.shop.machines, np.int64), self.orders)
        return self._schedule(np.stack(self.orders))

    def _schedule(self, kept: IntArray) -> Schedule:
        count = kept.shape[1]
        times = (np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64))
        value = int(kernel.evaluate(self.arrays, (kept[0], kept[1]), times, np.empty(count, np.int64)))
        return Schedule(value, np.argsort(times[0] * 1.0 + 1e-9 * _rank(times[2]), kind="stable"))

    def random_sequence(self) -> IntArray:
        """A random topological order: jobs take turns at random."""
        left = np.diff(self.shop.first)
        turns = self.random.permutation(np.repeat(np.arange(self.shop.jobs), left))
        following = self.shop.first[:-1].copy()
        sequence = np.empty(len(turns), dtype=np.int64)
        for k, job in enumerate(turns):
            sequence[k] = following[job]
            following[job] += 1
        return sequence

    def blend(self, one: Schedule, other: Schedule) -> IntArray:
        """A schedule between two, at a random share of the way."""
        share = 0.3 + 0.4 * float(self.random.random())
        mixed = (1 - share) * _rank(one.sequence) + share * _rank(other.sequence)
        return np.argsort(mixed, kind="stable").astype(np.int64)


def _rank(sequence: IntArray) -> IntArray:
    rank = np.empty(len(sequence), dtype=np.int64)
    rank[sequence] = np.arange(len(sequence))
    return rank


def solve(
    shop: Shop,
    *,
    seed: int = 1,
    workers: int = 1,
    start: IntArray | None = None,
    should_stop: Callable[[int], bool],
    on_better: Callable[[Schedule], Any] = lambda _schedule: None,
) -> Schedule:
    """The best schedule found until `should_stop(moves so far)`, or one whose makespan equals the bound.

    start: a topological order to begin from. With one worker and a limit on moves the answer is the same each time.
    """
    goal = shop.bound()
    pool: list[Schedule] = []
    best: list[Schedule] = []
    lock = threading.Lock()

    def take(schedule: Schedule) -> None:
        with lock:
            keep(schedule)
            _admit(pool, schedule)

    def keep(schedule: Schedule) -> None:
        if not best or schedule.makespan < best[0].makespan:
            best[:] = [schedule]
            on_better(schedule)

    def over(moves: int) -> bool:
        return bool(best and best[0].makespan <= goal) or should_stop(moves)

    lead = _Chain(shop, seed * 1009)
    begin = lead.random_sequence() if start is None else start
    keep(lead.first(begin))  # a plan at once, however long it takes to improve it

    def work(number: int) -> None:
        chain = lead if number == 0 else _Chain(shop, seed * 1009 + number)
        if number == 0:
            take(chain.improve(begin, goal, over))
        while not over(chain.iterations):
            with lock:
                grown = len(pool) >= POPULATION
                pair = chain.random.choice(len(pool), 2, replace=False) if len(pool) >= 2 else None
                parents = [pool[k] for k in pair] if pair is not None else []
            sequence = chain.blend(*parents) if grown and parents else chain.random_sequence()
            take(chain.improve(sequence, goal, over))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, workers)]
    for thread in threads:
        thread.start()
    work(0)
    for thread in threads:
        thread.join()
    return best[0]


def _admit(pool: list[Schedule], schedule: Schedule) -> None:
    """Keep the pool's best, and no two that are the same."""
    for known in pool:
        if known.makespan == schedule.makespan and np.array_equal(known.sequence, schedule.sequence):
            return
    pool.append(schedule)
    if len(pool) > POPULATION:
        pool.remove(max(pool, key=lambda one: one.makespan))
