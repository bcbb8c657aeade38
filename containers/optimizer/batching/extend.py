"""An earlier plan extended by late orders with little disturbance.

Late orders are inserted where they cost least; then annealing moves orders where that gains more than a moved order costs.
Beside it a plan is made anew for a share of the time: it tells what keeping the old one costs, and is taken when it is worth
its moves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.batching import measure, regroup
from containers.optimizer.batching.answer import answer_of, keep_back, picking
from containers.optimizer.batching.chain import new_memory
from containers.optimizer.batching.disturbance import continued
from containers.optimizer.batching.late import lateness
from containers.optimizer.batching.pins import feasible_start, groups_of, overfull, warm_batches
from containers.optimizer.batching.problem import Instance
from containers.optimizer.batching.schedule import kept
from containers.optimizer.batching.search import CHUNK_MOVES, FIRST_CHUNK, construct, next_chunk, search
from containers.optimizer.batching.units import IntArray, Units, units_of
from containers.optimizer.family import Answer, Run
from contracts.errors import Fault, ProblemError
from contracts.optimize import Bound
from contracts.problems.batching import BatchLocks, Extension

Flags = npt.NDArray[np.bool_]

# The share of the time, or of the iterations, in which a plan is made anew.
ANEW_SHARE = 0.4
# Annealing runs in cycles from the best plan. Temperatures as shares of the mean cost of a batch.
CYCLES = 12
HOT, COLD = (0.15, 0.05, 0.015), 0.001
REINSERTED = 0.5  # of the late orders, how many are put in anew at the start of a cycle
UNLIMITED = 1 << 40
METHOD = "a plan made anew, of every batch that fits on the cart (linear program or branch and bound, HiGHS)"
NO_BOUND = "released batches stay, or too many batches fit on the cart to list them all, or deadlines count"


def extend(instance: Instance, pinned: BatchLocks, run: Run) -> Answer:
    """The plan that holds the late orders too. Raises ProblemError when locks or released batches contradict it."""
    extension = instance.source.extend
    assert extension is not None
    _refuse(instance, extension, pinned)
    batches, released, late, whole = _earlier(instance, extension)
    if not instance.parts:
        return answer_of(instance, [])
    units = units_of(instance, [[part] for part in range(len(instance.parts))])
    old = _Old(instance, extension, units, batches, released)
    shut = old.rows(released)

    def show(assignment: IntArray) -> Answer:
        return answer_of(instance, kept(instance, units.batches(assignment))[0])

    run.constant, run.show = picking(instance), show
    chains = [_Regrouping(instance, old, shut, run.seed + 7919 * i) for i in range(run.workers)]
    first = chains[0].inserted(batches, late)
    for chain in chains:
        chain.restart(first)
    run.report(chains[0].objective, plan=run.shown(chains[0].best))
    keep_back(instance, run, lambda: kept(instance, units.batches(first))[0])
    groups = [[part] for part in range(len(instance.parts)) if part not in {p for batch in released for p in batch}]
    free = units if len(groups) == units.count else units_of(instance, groups) if groups else None
    made = construct(instance.floor, units, run)
    anew: list[list[int]] = list(released)
    moves, bound = 0, None
    if free is not None:
        part = _Part(run, ANEW_SHARE)
        known = made if free is units else None
        found = search(instance.floor, free, None, part, instance.source.pickers, constructed=known)
        moves, bound = found.moves, found.bound
        anew += free.batches(found.assignment)
    if late or not whole:
        starts = [old.labelled(anew)]
        if (warm := warm_batches(instance, run.warm_start)) is not None:
            starts.append(old.labelled(feasible_start(instance, warm, [[p] for p in range(len(instance.parts))])))
        for start in starts:
            if old.away(start) <= old.most and old.keeps(start, shut):
                for chain in chains:
                    chain.restart(start)
        moves = _anneal(chains, made[1], run, moves)
        for chain in chains:  # rows emptied and filled again may continue other batches by now
            chain.restart(old.labelled(units.batches(chain.best)))
    best = min(chains, key=lambda chain: chain.objective)
    run.report(best.objective, iterations=moves)
    plan, unassigned = kept(instance, units.batches(best.best))
    replanned = sum(_metres(instance, batch) for batch in kept(instance, anew)[0])
    answer = answer_of(instance, plan, replanned)
    proven = bound is not None and not released and instance.floor.exact
    return Answer(
        objective=answer.objective,
        solution=answer.solution,
        unassigned=unassigned,
        iterations=moves,
        stopped_by=run.stop_reason or "complete",
        bound=Bound(value=(bound or 0.0) + picking(instance), method=METHOD) if proven else Bound(reason=NO_BOUND),
    )


def _metres(instance: Instance, batch: Sequence[int]) -> float:
    return instance.floor.tour_length({pick.position for part in batch for pick in instance.parts[part].picks})


def _refuse(instance: Instance, extension: Extension, pinned: BatchLocks) -> None:
    faults = []
    if pinned.together or pinned.sealed:
        faults.append(Fault("/locks", "with `extend` say which batches are released, and leave locks out"))
    known = {part.order.id for part in instance.parts}
    for i, batch in enumerate(extension.batches):
        orders = [order for order in batch.orders if order in known]
        if batch.released and (why := overfull(instance, orders)):
            faults.append(Fault(f"/data/extend/batches/{i}", why))
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:20]))


def _earlier(instance: Instance, extension: Extension) -> tuple[list[list[int]], list[list[int]], list[int], bool]:
    """(earlier batches that fit on their carts, those of them that are released, late parts, whether all fit as they were)."""
    number = {part.order.id: i for i, part in enumerate(instance.parts)}
    still = [([number[o] for o in batch.orders if o in number], batch.released) for batch in extension.batches]
    released = [parts for parts, gone in still if gone and parts]
    groups, _ = groups_of(instance, BatchLocks())
    were = [parts for parts, gone in still if not gone and parts]
    open_ones = feasible_start(instance, were, groups)
    batches = released + open_ones
    known = {part for batch in batches for part in batch}
    late = [part for part in number.values() if part not in known]
    return batches, released, late, len(open_ones) == len(were)


class _Part(Run):
    """A share of what is left of another run: ends with it, and tells nobody."""

    def __init__(self, whole: Run, share: float) -> None:
        limit = whole.budget.iterations
        seconds = min(whole.budget.seconds, whole.elapsed_s + max(0.001, share * whole.remaining_s))
        budget = whole.budget.model_copy(
            update={"seconds": seconds, "iterations": None if limit is None else max(1, round(share * limit))}
        )
        super().__init__(budget, workers=whole.workers, started=whole.started)
        self._whole = whole

    def should_stop(self, iterations: int = 0) -> bool:
        if self._whole.should_stop():
            self.stop(self._whole.stop_reason or "cancelled")
        return super().should_stop(iterations)


@dataclass(frozen=True)
class _Old:
    """The earlier plan as rows: row e is what continues its batch e."""

    instance: Instance
    extension: Extension
    units: Units
    batches: list[list[int]]
    released: list[list[int]]

    @property
    def most(self) -> int:
        limit = self.extension.max_moved_orders
        return UNLIMITED if limit is None else limit

    @property
    def orders(self) -> list[frozenset[str]]:
        """Those of the earlier batches that are still to be planned."""
        known = {part.order.id for part in self.instance.parts}
        return [one for batch in self.extension.batches if (one := frozenset(batch.orders) & known)]

    def home(self) -> IntArray:
        row = {order: e for e, orders in enumerate(self.orders) for order in orders}
        return np.array([row.get(part.order.id, -1) for part in self.instance.parts], dtype=np.int64)

    def labelled(self, batches: Sequence[Sequence[int]]) -> IntArray:
        """Row per unit, so that as few as can be are away from home."""
        names = [frozenset(self.instance.parts[part].order.id for part in batch) for batch in batches]
        heirs = {b: e for e, b in continued(self.orders, names).items()}
        spare = iter(
            [
                *range(len(self.orders), self.units.count + 1),
                *sorted(set(range(len(self.orders))) - set(heirs.values())),
            ]
        )
        assignment = np.zeros(self.units.count, dtype=np.int64)
        for b, batch in enumerate(batches):
            assignment[list(batch)] = heirs[b] if b in heirs else next(spare)
        return assignment

    def away(self, assignment: IntArray) -> int:
        home = self.home()
        return int(((home >= 0) & (home != assignment)).sum())

    def rows(self, batches: Sequence[Sequence[int]]) -> Flags:
        """Which rows hold these earlier batches."""
        found = np.zeros(self.units.count + 1, dtype=np.bool_)
        home = self.home()
        for batch in batches:
            found[home[batch[0]]] = True
        return found

    def keeps(self, assignment: IntArray, shut: Flags) -> bool:
        """Whether rows that are shut hold what they held and nothing more."""
        home = self.home()
        held = (home >= 0) & shut[home]
        return bool((held == shut[assignment]).all() and (assignment[held] == home[held]).all())


class _Regrouping:
    """One annealing chain over the earlier plan; `run` releases the GIL."""

    def __init__(self, instance: Instance, old: _Old, shut: Flags, seed: int) -> None:
        n, dims = old.units.count, old.units.arrays[1].shape[1]
        rows = n + 1
        self._old, self._shut, self._home = old, shut, old.home()
        self._floor, self._pickers = instance.floor, instance.source.pickers
        self._scratch, self._memory = instance.floor.scratch(), new_memory()
        self._rng = np.random.default_rng(seed)
        self._zobrist = self._rng.integers(1, 2**63, n, dtype=np.uint64)
        self._random = np.array([(seed * 0x9E3779B97F4A7C15 + 0x1234567) % (1 << 64) or 1], dtype=np.uint64)
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
        self.best = np.zeros(n, dtype=np.int64)
        self._totals = np.full(4, np.inf)

    @property
    def objective(self) -> float:
        """The best, with the price of what moved and, with deadlines, of lateness."""
        return float(self._totals[1])

    def inserted(self, batches: Sequence[Sequence[int]], late: Sequence[int]) -> IntArray:
        """The earlier plan with each late part where it costs least, the dearest first."""
        self._rebuild(self._old.labelled([*batches, *([part] for part in late)]))
        alone = self._plan[9][self._plan[0]]
        self._insert(np.array(sorted(late, key=lambda part: -alone[part]), dtype=np.int64))
        return np.array(self._plan[0])

    def reinsert(self, assignment: IntArray) -> None:
        """Go on from a plan with some of its late parts put in anew, in a random order."""
        late = np.flatnonzero(self._home < 0)
        taken = self._rng.permutation(late)[: int(np.ceil(REINSERTED * len(late)))]
        changed = assignment.copy()
        used = set(np.delete(assignment, taken).tolist())
        changed[taken] = [row for row in range(len(assignment), -1, -1) if row not in used][: len(taken)]
        self._rebuild(changed)
        self._insert(taken)
        self._totals[0], self._totals[2], self._totals[3] = self._value(np.array(self._plan[0]))
        if self._totals[0] < self._totals[1]:
            self.best[:] = self._plan[0]
            self._totals[1] = self._totals[0]

    def restart(self, assignment: IntArray) -> None:
        """Hold another plan when it is better than the best so far."""
        self._rebuild(assignment)
        value, late, away = self._value(assignment)
        if value < self.objective:
            self.best[:] = assignment
            self._totals[:] = value, value, late, away

    def _value(self, assignment: IntArray) -> tuple[float, float, int]:
        """(objective, seconds late, units away) of the plan that stands in the arrays."""
        weights, used = self._old.units.weights, self._plan[4] > 0
        value = (
            self._plan[9][used].sum() * weights[0] + used.sum() * weights[1] + self._plan[10][used].sum() * weights[2]
        )
        late, away = self._late(), self._old.away(assignment)
        return float(value + late * weights[7] + away * self._old.extension.moved_order_cost), late, away

    def _insert(self, late: IntArray) -> None:
        regroup.insert(
            self._floor.frame, self._scratch, self._old.units.arrays, self._plan, self._memory, self._zobrist,
            self._old.units.weights, self._shut, late,
        )  # fmt: skip

    def run(self, near: IntArray, moves: int, hot: float, cold: float) -> None:
        """Some moves at falling temperature. near: promising partners per unit."""
        regroup.regroup(
            self._floor.frame, self._scratch, self._old.units.arrays, self._plan, self._memory, self._zobrist, near,
            self._old.units.weights, self._home, self._shut, float(self._old.extension.moved_order_cost), self._old.most,
            self._pickers, self._random, moves, hot, cold, self.best, self._totals,
        )  # fmt: skip

    def _rebuild(self, assignment: IntArray) -> None:
        measure.rebuild(
            self._floor.frame,
            self._scratch,
            self._old.units.arrays,
            self._plan,
            self._memory,
            self._zobrist,
            assignment,
        )

    def _late(self) -> float:
        weights = self._old.units.weights
        if weights[7] <= 0:
            return 0.0
        none = np.full(3, -1, dtype=np.int64)
        work = np.empty(2 * len(self._plan[4]) + self._pickers)
        arrays = self._old.units.arrays
        return float(lateness(arrays, self._plan, weights, self._pickers, -1, 0.0, 0.0, -1, 0.0, 0.0, none, work))


def _anneal(chains: list[_Regrouping], near: IntArray, run: Run, moves: int) -> int:
    """Cycles from the best plan, some late orders put in anew, over what is left of the time or the iterations. Returns all moves."""
    scale = chains[0].objective / max(1, len(np.unique(chains[0].best)))
    limit, first = run.budget.iterations, moves
    begun, left = run.elapsed_s, max(1e-9, run.remaining_s)
    reported, cycle, size = min(chain.objective for chain in chains), -1.0, FIRST_CHUNK
    with ThreadPoolExecutor(len(chains)) as threads:
        while not run.should_stop(moves):
            progress = (run.elapsed_s - begun) / left if limit is None else (moves - first) / max(1, limit - first)
            now, done = divmod(min(progress, 1.0) * CYCLES, 1.0)
            if now != cycle:
                cycle = now
                best = min(chains, key=lambda chain: chain.objective)
                for chain in chains:
                    chain.reinsert(best.best)
            warm = HOT[int(cycle) % len(HOT)]
            hot = scale * warm * (COLD / warm) ** done
            chunk = size if limit is None else max(1, min(CHUNK_MOVES, limit - moves, (limit - first) // CYCLES))
            started = time.monotonic()
            list(threads.map(lambda chain: chain.run(near, chunk, hot, hot), chains))  # noqa: B023 - run at once
            moves += chunk
            size = next_chunk(chunk, time.monotonic() - started)
            best = min(chains, key=lambda chain: chain.objective)
            if best.objective < reported - 1e-9:
                reported = best.objective
                run.report(reported, iterations=moves, plan=run.shown(best.best))
    return moves
