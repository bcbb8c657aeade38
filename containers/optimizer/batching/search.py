"""The search: savings, then annealing chains (one per thread), then set partitioning over the batches seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from containers.optimizer.batching import savings
from containers.optimizer.batching.chain import Chain
from containers.optimizer.batching.partition import columns_of, partition
from containers.optimizer.batching.units import IntArray, Units
from containers.optimizer.family import Run
from containers.optimizer.floor.places import Floor

NEIGHBOURS = 15
# Temperatures as shares of the mean cost of a batch, tuned on instances of Henn & Wäscher and Muter & Öncan.
HOT, COLD = 0.02, 0.001
CHUNK_MOVES = 4000
# Savings need all pairs; beyond this many units they are made within windows of neighbours on the floor.
WINDOW = 700
# The share of the time that is kept for combining batches.
PARTITION_SHARE = 0.2


def search(floor: Floor, units: Units, start: IntArray | None, run: Run, pickers: int) -> tuple[IntArray, int]:
    """The best assignment (batch number per unit) found within the run's budget, and the moves tried."""
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
        return best.best, 0
    moves = _anneal(chains, run)
    best = min(chains, key=lambda chain: chain.objective)
    if units.weights[7] == 0:
        combined = _combine(chains, best, units, run)
        if combined is not None:
            run.report(_value(best, combined), iterations=moves)
            return combined, moves
    return best.best, moves


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


def _anneal(chains: list[Chain], run: Run) -> int:
    """Cool every chain over the budget, whichever of time and iterations is used up first. Returns the moves."""
    scale = chains[0].objective / max(1, len(np.unique(chains[0].best)))
    limit = run.budget.iterations
    share = 1 - PARTITION_SHARE if chains[0].units.weights[7] == 0 else 0.97
    begun, seconds = run.elapsed_s, max(0.0, run.remaining_s * share)
    moves, reported = 0, min(chain.objective for chain in chains)
    with ThreadPoolExecutor(len(chains)) as threads:
        while not run.should_stop(moves):
            progress = (run.elapsed_s - begun) / seconds if seconds > 0 else 1.0
            if limit is not None:
                progress = max(progress, moves / limit) if progress >= 1 else moves / limit
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


def _combine(chains: list[Chain], best: Chain, units: Units, run: Run) -> IntArray | None:
    if run.stop_reason not in (None, "iterations"):
        return None
    seconds = run.remaining_s - 0.02
    columns = columns_of([chain.pool for chain in chains], units.weights)
    return partition(columns, units.count, best.best, best.objective, seconds)


def _value(chain: Chain, assignment: IntArray) -> float:
    chain.restart(assignment)
    return chain.objective
