"""The search: savings, then annealing chains (one per thread), then column generation with dives beside annealing."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from containers.optimizer.batching import savings
from containers.optimizer.batching.chain import MOST_UNITS, Chain
from containers.optimizer.batching.enumeration import all_batches
from containers.optimizer.batching.master import Master
from containers.optimizer.batching.partition import Columns, FloatArray, choose, partition
from containers.optimizer.batching.polish import Polisher
from containers.optimizer.batching.units import IntArray, Units
from containers.optimizer.family import Run
from containers.optimizer.floor.places import Floor

NEIGHBOURS = 15
# Temperatures as shares of the mean cost of a batch, tuned on instances of Henn & Wäscher and Muter & Öncan.
HOT, COLD = 0.025, 0.003
# With deadlines carts are never overfull and the end is colder: a late order weighs more than metres saved.
TIMED_HOT, TIMED_COLD = 0.02, 0.001
# Moves between two looks at the clock: fewer where so many take longer than CHUNK_S, as with thousands of late orders.
FIRST_CHUNK, CHUNK_MOVES, CHUNK_S = 250, 4000, 0.05
# Savings need all pairs, about PAIR_S each until it is measured. Beyond WINDOW units, or what a share of the time allows,
# they are made within windows of neighbours on the floor, but for no fewer than LEAST_WINDOW.
WINDOW, LEAST_WINDOW = 700, 40
PAIR_S, SAVINGS_SHARE = 1e-6, 0.4
# The share of the time for annealing before column generation, and the moves per unit and chain that it takes at least:
# plans rounded from batches of a barely annealed pool are worse than more annealing. With deadlines nothing is generated.
FIRST_SHARE, FIRST_MOVES = 0.25, 3000
# Up to so many batches all are listed (half a microsecond each among aisles, fifty times that where tours are long), unless it
# takes more than a share of the time, and chosen among exactly.
BATCHES_PER_SECOND = 100_000
MOST_BATCHES = 400_000
LISTING_SHARE, LISTING_PART = 0.4, 0.1
PROOF_SHARE, CHOICE_SHARE = 0.5, 0.6
# So few batches that choosing among them is tried at once, with a share of the time: small problems end in milliseconds.
AT_ONCE, AT_ONCE_SHARE = 2000, 0.2
# An integer program over up to FEW_BATCHES that a better plan can hold may take a tenth of the time whenever the plan got
# better; one over up to MANY_BATCHES a quarter of it, once.
FEW_BATCHES, FEW_SHARE = 1200, 0.1
MANY_BATCHES, MANY_SHARE, MANY_AFTER = 4000, 0.25, 0.6


@dataclass(frozen=True)
class Searched:
    """The best assignment (batch number per unit), the moves tried, and a proven lower bound, if any."""

    assignment: IntArray
    moves: int
    bound: float | None = None


def search(
    floor: Floor,
    units: Units,
    start: IntArray | None,
    run: Run,
    pickers: int,
    first: Callable[[IntArray], None] = lambda _assignment: None,
    constructed: tuple[IntArray, IntArray] | None = None,
) -> Searched:
    """The best plan found within the run's budget. first: called with the first plan. constructed: where that was done."""
    saved, near = construct(floor, units, run) if constructed is None else constructed
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
    run.report(_best(chains).objective, plan=run.shown(_best(chains).best))
    first(_best(chains).best)
    if units.count < 2:
        return Searched(_best(chains).best, 0)
    if units.weights[7] > 0 or units.count >= MOST_UNITS:
        moves = _anneal(chains, run, 1.0, 0)
        return Searched(_best(chains).best, moves)
    columns = _listed(floor, units, run)
    if columns is not None and columns.count <= AT_ONCE:
        bound = _prove(chains, columns, np.zeros(units.count), AT_ONCE_SHARE, run, 0)
        if run.stop_reason == "optimal":
            return Searched(_best(chains).best, 0, bound)
    moves = _anneal(chains, run, FIRST_SHARE, 0, 0 if columns is not None else FIRST_MOVES * units.count)
    master = Master(floor, units, zobrist, run)
    bound = None
    if columns is not None:
        moves = _improve(chains, master, run, moves, PROOF_SHARE)
        best = _best(chains)
        bound = _prove(chains, columns, master.duals(best.best, best.objective), CHOICE_SHARE, run, moves)
    moves = _improve(chains, master, run, moves, 1.0)
    moves = _anneal(chains, run, 1.0, moves)
    return Searched(_best(chains).best, moves, bound)


def _listed(floor: Floor, units: Units, run: Run) -> Columns | None:
    """Every batch, when they are few and their tours short enough to measure them all."""
    begun, seconds = run.elapsed_s, LISTING_SHARE * max(0.0, run.remaining_s)

    def worth(share: float) -> bool:
        if run.should_stop():
            return False
        # With a limit on iterations nothing may depend on the clock. A part that is measured tells how long the whole takes.
        passed = run.elapsed_s - begun
        return run.budget.iterations is not None or passed < LISTING_PART * seconds or passed < share * seconds

    return all_batches(floor, units, min(MOST_BATCHES, int(BATCHES_PER_SECOND * run.budget.seconds)), worth)


def _best(chains: list[Chain]) -> Chain:
    return min(chains, key=lambda chain: chain.objective)


def construct(floor: Floor, units: Units, run: Run | None = None) -> tuple[IntArray, IntArray]:
    """Savings batches, and promising partners per unit, made in a share of the run's time when there are many units."""
    scratch = floor.scratch()
    n = units.count
    assignment = np.zeros(n, dtype=np.int64)
    near = np.full((n, NEIGHBOURS), -1, dtype=np.int64)
    heart = np.array([np.median(places) for places in units.places])
    by_place = np.argsort(heart, kind="stable").astype(np.int64)
    timed = run is not None and run.budget.iterations is None
    seconds = SAVINGS_SHARE * run.remaining_s if run is not None else 0.0
    begun, pair_s, done, batches = time.monotonic(), PAIR_S, 0, 0
    while done < n:
        started = time.monotonic()
        affordable = (seconds - (started - begun)) / (pair_s * (n - done)) if timed else WINDOW
        window = int(min(WINDOW, max(LEAST_WINDOW, affordable)))
        windows = -(-(n - done) // window)
        chosen = by_place[done : done + -(-(n - done) // windows)]  # as equal as they can be
        cost, saving = savings.pair_savings(floor.frame, scratch, units.arrays, units.weights, chosen)
        relative = saving / np.maximum(1e-9, np.minimum(cost[:, None], cost[None, :]))
        np.fill_diagonal(relative, -np.inf)
        width = min(NEIGHBOURS, len(chosen) - 1)
        if width > 0:
            near[chosen, :width] = chosen[np.argsort(-relative, axis=1, kind="stable")[:, :width]]
        number = savings.merge_by_savings(floor.frame, scratch, units.arrays, units.weights, chosen, cost, saving)
        assignment[chosen] = number + batches
        batches += int(number.max()) + 1
        done += len(chosen)
        pair_s = (time.monotonic() - started) / len(chosen) ** 2
    return assignment, near


def _anneal(chains: list[Chain], run: Run, share: float, moves: int, least: int = 0) -> int:
    """Cool every chain over a share of the time or iterations left, whichever is used up first, but over `least` moves if
    all that is left allows them. Returns all moves.
    """
    scale = chains[0].objective / max(1, len(np.unique(chains[0].best)))
    warmest, coldest = (TIMED_HOT, TIMED_COLD) if chains[0].timed else (HOT, COLD)
    limit = run.budget.iterations
    if limit is not None:
        limit = min(limit, moves + max(1, least, round((limit - moves) * share)))
    begun, left, first = run.elapsed_s, max(0.0, run.remaining_s), moves
    reported, size = min(chain.objective for chain in chains), FIRST_CHUNK
    with ThreadPoolExecutor(len(chains)) as threads:
        while not run.should_stop(moves):
            used = (run.elapsed_s - begun) / left if left > 0 else 1.0
            progress = used / share
            if least > 0:
                progress = max(used, min(progress, (moves - first) / least))
            if limit is not None:
                done = (moves - first) / max(1, limit - first)
                progress = max(progress, done) if progress >= 1 else done
            if progress >= 1:
                break
            hot = scale * warmest * (coldest / warmest) ** progress
            chunk = size if limit is None else min(CHUNK_MOVES, limit - moves)
            started = time.monotonic()
            list(threads.map(lambda chain: chain.run(chunk, hot, hot), chains))  # noqa: B023 - run at once
            moves += chunk
            size = next_chunk(chunk, time.monotonic() - started)
            best = _best(chains)
            if best.objective < reported - 1e-9:
                reported = best.objective
                run.report(reported, iterations=moves, plan=run.shown(best.best))
    return moves


def next_chunk(moves: int, seconds: float) -> int:
    """How many moves to make before the next look at the clock, after so many took so long."""
    return int(max(20, min(CHUNK_MOVES, 2 * moves, CHUNK_S * moves / max(1e-6, seconds))))


def _improve(chains: list[Chain], master: Master, run: Run, moves: int, until: float) -> int:
    """Dive, polish and price again until a share of the time has passed. Returns all moves."""
    polisher = Polisher(chains, run, moves)
    tried, many, first, reported = np.inf, True, True, _best(chains).objective
    try:
        while not run.should_stop(polisher.moves) and _progress(run, polisher.moves) < until:
            for number, chain in enumerate(chains):
                with polisher.locked(number):
                    master.absorb(chain.pool)
            plan, value = polisher.best()
            if value < reported - 1e-9:
                reported = value
                run.report(value, iterations=polisher.moves, plan=run.shown(plan))
            if not master.solve(plan, value) or value <= master.value + 1e-7 * abs(value):
                break
            near = master.partners(value / len(np.unique(plan)))
            late = _progress(run, polisher.moves) > MANY_AFTER
            useful = master.useful(value, MANY_BATCHES if late and many else FEW_BATCHES)
            if useful is not None and (value < tried or (late and many)):
                tried, many = value, many and not late
                share = FEW_SHARE if useful.count <= FEW_BATCHES else MANY_SHARE
                found = choose(useful, len(plan), value, run, share * run.budget.seconds)
                if found is not None:
                    polisher.take(found)
                    continue
            rounded = master.dive(first)
            if rounded is None:
                break
            first = False
            polisher.give(rounded, near)
    finally:
        polisher.end()
    best = _best(chains)
    if best.objective < reported - 1e-9:
        run.report(best.objective, iterations=polisher.moves, plan=run.shown(best.best))
    for chain in chains:
        chain.restart(best.best)
    return polisher.moves


def _progress(run: Run, moves: int) -> float:
    """How much of the time has passed, or of the moves when they are limited: then nothing may depend on the clock."""
    limit = run.budget.iterations
    return run.elapsed_s / run.budget.seconds if limit is None else moves / limit


def _prove(
    chains: list[Chain], columns: Columns, duals: FloatArray, share: float, run: Run, moves: int
) -> float | None:
    """The best choice among all batches, given to every chain; returns what is proven, if anything.

    duals: prices of the units to begin with. share: of the time left, how much may pass. The run is stopped as optimal
    when the plan reaches what is proven.
    """
    if run.stop_reason not in (None, "iterations"):
        return None
    best = _best(chains)
    found = partition(columns, len(duals), duals, best.objective, run, share)
    if found.assignment is not None:
        for chain in chains:
            chain.restart(found.assignment)
    best = _best(chains)
    run.report(best.objective, bound=found.bound, iterations=moves, plan=run.shown(best.best))
    if found.bound is not None and best.objective <= found.bound + 1e-7 * abs(found.bound):
        run.stop("optimal")
    return found.bound
