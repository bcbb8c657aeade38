"""The search: savings, then annealing chains (one per thread), then set partitioning over the batches seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from containers.optimizer.batching import savings
from containers.optimizer.batching.chain import Chain
from containers.optimizer.batching.enumeration import all_batches
from containers.optimizer.batching.partition import Columns, columns_of, partition
from containers.optimizer.batching.units import IntArray, Units
from containers.optimizer.family import Run
from containers.optimizer.floor.places import Floor

NEIGHBOURS = 15
# Temperatures as shares of the mean cost of a batch, tuned on instances of Henn & Wäscher and Muter & Öncan.
HOT, COLD = 0.02, 0.001
CHUNK_MOVES = 4000
# Savings need all pairs; beyond this many units they are made within windows of neighbours on the floor.
WINDOW = 700
# The share of the time that is kept for combining batches; with deadlines there is nothing to combine.
PARTITION_SHARE = 0.2
TIMED_SHARE = 0.97
# Up to so many batches all are listed (half a microsecond each), and chosen among exactly.
BATCHES_PER_SECOND = 100_000
MOST_BATCHES = 400_000
FIRST_SHARE, CHOICE_SHARE = 0.5, 0.8


@dataclass(frozen=True)
class Searched:
    """The best assignment (batch number per unit), the moves tried, and a proven lower bound, if any."""

    assignment: IntArray
    moves: int
    bound: float | None = None


def search(floor: Floor, units: Units, start: IntArray | None, run: Run, pickers: int) -> Searched:
    """The best plan found within the run's budget."""
    saved, near = _construct(floor, units)
    rng = np.random.default_rng(run.seed)
    zobrist = rng.integers(1, 2**63, units.count, dtype=np.uint64)
    chains = [
        Chain(floor, units, near, pickers, run.seed + 7919 * i, zobrist, saved if start is None else start)
        for i in range(run.workers)
    ]
    if start is not None:
        for chain in chains:
            chain.restart(saved)
            chain.restart(chain.best)
    best = min(chains, key=lambda chain: chain.objective)
    run.report(best.objective)
    if units.count < 2:
        return Searched(best.best, 0)
    if units.weights[7] > 0:
        moves = _anneal(chains, run, TIMED_SHARE, 0)
        return Searched(min(chains, key=lambda chain: chain.objective).best, moves)
    limit = min(MOST_BATCHES, int(BATCHES_PER_SECOND * run.budget.seconds))
    columns = all_batches(floor, units, limit)
    if columns is None:
        moves = _anneal(chains, run, 1 - PARTITION_SHARE, 0)
        return _combined(chains, None, units, run, moves, 1.0)
    # All batches are known: a first plan, then the best choice among them, and search again if that was not proven.
    moves = _anneal(chains, run, FIRST_SHARE, 0)
    found = _combined(chains, columns, units, run, moves, CHOICE_SHARE)
    best = min(chains, key=lambda chain: chain.objective)
    if found.bound is not None and best.objective <= found.bound + 1e-7 * abs(found.bound):
        run.stop("optimal")
        return found
    for chain in chains:
        chain.restart(found.assignment)
    moves = _anneal(chains, run, 1.0, moves)
    return Searched(min(chains, key=lambda chain: chain.objective).best, moves, found.bound)


def _construct(floor: Floor, units: Units) -> tuple[IntArray, IntArray]:
    """Savings batches, and promising partners per unit."""
    scratch = floor.scratch()
    n = units.count
    assignment = np.zeros(n, dtype=np.int64)
    near = np.full((n, NEIGHBOURS), -1, dtype=np.int64)
    heart = np.array([np.median(places) for places in units.places])
    by_place = np.argsort(heart, kind="stable").astype(np.int64)
    windows = max(1, -(-n // WINDOW))
    batches = 0
    for chosen in np.array_split(by_place, windows):
        cost, saving = savings.pair_savings(floor.frame, scratch, units.arrays, units.weights, chosen)
        relative = saving / np.maximum(1e-9, np.minimum(cost[:, None], cost[None, :]))
        np.fill_diagonal(relative, -np.inf)
        width = min(NEIGHBOURS, len(chosen) - 1)
        if width > 0:
            near[chosen, :width] = chosen[np.argsort(-relative, axis=1, kind="stable")[:, :width]]
        number = savings.merge_by_savings(floor.frame, scratch, units.arrays, units.weights, chosen, cost, saving)
        assignment[chosen] = number + batches
        batches += int(number.max()) + 1
    return assignment, near


def _anneal(chains: list[Chain], run: Run, share: float, moves: int) -> int:
    """Cool every chain over a share of the time or iterations left, whichever is used up first. Returns all moves."""
    scale = chains[0].objective / max(1, len(np.unique(chains[0].best)))
    limit = run.budget.iterations
    if limit is not None:
        limit = moves + max(1, round((limit - moves) * min(1.0, share / (1 - PARTITION_SHARE))))
        limit = min(limit, run.budget.iterations or limit)
    begun, seconds, first = run.elapsed_s, max(0.0, run.remaining_s * share), moves
    reported = min(chain.objective for chain in chains)
    with ThreadPoolExecutor(len(chains)) as threads:
        while not run.should_stop(moves):
            progress = (run.elapsed_s - begun) / seconds if seconds > 0 else 1.0
            if limit is not None:
                done = (moves - first) / max(1, limit - first)
                progress = max(progress, done) if progress >= 1 else done
            if progress >= 1:
                break
            hot = scale * HOT * (COLD / HOT) ** progress
            chunk = CHUNK_MOVES if limit is None else min(CHUNK_MOVES, limit - moves)
            list(threads.map(lambda chain: chain.run(chunk, hot, hot), chains))  # noqa: B023 - run at once
            moves += chunk
            best = min(chain.objective for chain in chains)
            if best < reported - 1e-9:
                reported = best
                run.report(best, iterations=moves)
    return moves


def _combined(
    chains: list[Chain], columns: Columns | None, units: Units, run: Run, moves: int, share: float
) -> Searched:
    """The best choice among `columns`, or among the batches that the chains have seen, beside their best plan."""
    best = min(chains, key=lambda chain: chain.objective)
    if run.stop_reason not in (None, "iterations"):
        return Searched(best.best, moves)
    pool = columns_of([chain.pool for chain in chains], units.weights)
    seen = pool.count
    if columns is not None:
        pool = pool + columns
    found = partition(pool, units.count, best.best, best.objective, run.remaining_s * share - 0.02, seen)
    bound = None if columns is None else found.bound
    if found.assignment is None:
        return Searched(best.best, moves, bound)
    run.report(_value(best, found.assignment), bound=bound, iterations=moves)
    return Searched(found.assignment, moves, bound)


def _value(chain: Chain, assignment: IntArray) -> float:
    chain.restart(assignment)
    return chain.objective
