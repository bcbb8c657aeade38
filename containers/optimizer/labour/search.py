"""Annealing chains over the compiled schedule generator: starts from priority rules, one chain per core."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.family import Answer, Run
from containers.optimizer.labour import kernel
from containers.optimizer.labour.problem import NEVER, Ints, Plan

# Steps between two looks at the clock: fewer where so many take longer than LOOK_S, as with thousands of tasks.
FIRST_STEPS, STEPS, LOOK_S = 10, 400, 0.03
# Steps of one cooling, after which a chain starts warm again from its best: short first, for small plans need no more.
FIRST_ROUND, LAST_ROUND = 2_000, 64_000
COOLED = 0.002  # of the first temperature at a cooling's end
SAMPLES = 40  # exchanges tried to learn what a change is worth


@dataclass(eq=False)
class Timetable:
    """Who does what when: worker (T,), -1 for left out; start, end (T,) seconds."""

    value: float
    worker: Ints
    start: Ints
    end: Ints


@dataclass(eq=False)
class Chain:
    plan: Plan
    seed: int
    arrays: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        plan, count = self.plan, self.plan.tasks
        weights = plan.source.weights
        self.arrays = (
            plan.seconds,
            *plan.windows,
            plan.resource,
            np.concatenate(([0], np.cumsum(plan.capacity))).astype(np.int64),
            *plan.preds,
            plan.release,
            plan.due,
            plan.weight,
            plan.wave,
            plan.wave_due,
            plan.wave_weight,
            plan.pinned,
            np.array([weights.late, weights.left_out, weights.finish]),
        )
        self.slots = (np.empty(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64))
        self.scratch = (
            np.empty(plan.workers, np.int64),
            np.empty(int(plan.capacity.sum()), np.int64),
            np.empty(len(plan.wave_due), np.int64),
        )
        self.random = np.array(
            [(self.seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % (1 << 64) or 1], dtype=np.uint64
        )
        self.iterations = 0

    def decode(self, order: Ints, wish: Ints) -> Timetable:
        """The timetable of an order (predecessors first) and of who is preferred (-1: whoever ends it first)."""
        value = float(kernel.decode(self.arrays, order, wish, self.slots, self.scratch))
        worker, start, end = (part.copy() for part in self.slots)
        return Timetable(value, worker, start, end)

    def sorted_by(self, rank: npt.NDArray[np.float64]) -> Ints:
        """The order of a rank, predecessors first."""
        order = np.empty(self.plan.tasks, dtype=np.int64)
        kernel.repair(order, rank.astype(np.float64), self.plan.topological, *self.plan.preds)
        return order


def rule_orders(chain: Chain) -> Iterator[Ints]:
    """Priority rules: earliest due date, least slack, longest first, first released, as listed."""
    plan = chain.plan
    fastest = np.where(plan.seconds < NEVER, plan.seconds, 0).max(axis=1, initial=0).astype(np.float64)
    due = plan.due.astype(np.float64)
    if len(plan.wave_due):
        due = np.minimum(due, np.where(plan.wave >= 0, plan.wave_due[np.maximum(plan.wave, 0)], NEVER))
    release = plan.release.astype(np.float64)
    listed = np.arange(plan.tasks, dtype=np.float64)
    ranks = (
        due + listed * 1e-6,
        due - fastest,
        due - 2 * fastest + release,
        -fastest,
        release - 1e-3 * fastest,
        listed,
    )
    return (chain.sorted_by(rank) for rank in ranks)


def search(
    plan: Plan,
    run: Run,
    start: Timetable | None,
    until_s: float,
    planned: Callable[[Timetable], None],
    show: Callable[[Timetable], Answer],
) -> tuple[Timetable, int]:
    """Anneal until `until_s` seconds of the run have passed, or it is to stop. Returns the best, iterations.

    A warm start and a first rule are tried whatever the time, so that there is a plan and it is no worse than the given one.
    `planned` is called with the first plan that is reported, `show` makes the plans that incumbents carry.
    """
    first = Chain(plan, run.seed)
    none = np.full(plan.tasks, -1, dtype=np.int64)
    starts, tables = [], []
    if start is not None:
        starts.append((first.sorted_by(start.start.astype(np.float64)), np.where(start.worker >= 0, start.worker, -1)))
        tables.append(first.decode(*starts[0]))
    for rule, order in enumerate(rule_orders(first)):
        if rule > 0 and run.should_stop():
            break
        starts.append((order, none))
        tables.append(first.decode(order, none))
    lead = min(range(len(tables)), key=lambda k: tables[k].value)
    best = [tables[lead]]
    run.report(best[0].value, None, 0, partial(show, best[0]))
    planned(best[0])
    lock = threading.Lock()
    counts = [0] * max(1, run.workers)

    def work(number: int) -> None:
        chain = first if number == 0 else Chain(plan, run.seed * 1009 + number)
        order, wish = starts[lead][0].copy(), starts[lead][1].copy()
        top = (order.copy(), wish.copy())
        value = goal = tables[lead].value
        scale = _typical_change(chain, run, order, wish, value)
        done, begun, length = 0, 0, FIRST_ROUND
        counted = run.budget.iterations is not None
        steps = STEPS if counted else FIRST_STEPS
        while not run.should_stop(done) and run.elapsed_s < until_s:
            hot = scale * COOLED ** ((done - begun) / length)
            started = time.monotonic()
            value, found = kernel.anneal(
                chain.arrays, plan.topological, order, wish, *top, chain.slots, chain.scratch, chain.random,
                steps, hot, hot * COOLED ** (steps / length), value, goal,
            )  # fmt: skip
            done += steps
            if not counted:
                each = max(1e-9, (time.monotonic() - started) / steps)
                steps = max(1, min(STEPS, 2 * steps, int(LOOK_S / each)))
            counts[number] = done
            if found < goal - 1e-9:
                goal = found
                table = chain.decode(*top)
                with lock:
                    if table.value < best[0].value - 1e-9:
                        best[0] = table
                        run.report(table.value, None, sum(counts), partial(show, table))
            if done - begun >= length:
                order[:], wish[:] = top
                value, begun, length = goal, done, min(2 * length, LAST_ROUND)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, len(counts))]
    for thread in threads:
        thread.start()
    if plan.tasks > 1:
        work(0)
    for thread in threads:
        thread.join()
    return best[0], sum(counts)


def _typical_change(chain: Chain, run: Run, order: Ints, wish: Ints, value: float) -> float:
    """Points by which exchanging two tasks makes a plan worse, on average: where annealing starts."""
    random = np.random.default_rng(chain.seed)
    worse = []
    for _ in range(SAMPLES):
        if run.should_stop():
            break
        rank = np.empty(len(order), dtype=np.float64)
        rank[order] = np.arange(len(order))
        a, b = random.integers(len(order), size=2)
        rank[a], rank[b] = rank[b], rank[a]
        change = chain.decode(chain.sorted_by(rank), wish).value - value
        if change > 0:
            worse.append(change)
    if worse:
        return float(np.median(worse))  # one task that drops out for good must not set the scale
    return (
        0.2 * float(chain.plan.seconds[chain.plan.seconds < NEVER].mean())
        if (chain.plan.seconds < NEVER).any()
        else 1.0
    )
