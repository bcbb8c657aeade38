"""Boxes and rectangles into cartons: constructive starts, compiled search, and set covering over the cartons seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from containers.optimizer.cartonization.boxes.cover import Pool
from containers.optimizer.cartonization.boxes.data import Bin, Box, Model, most_pieces
from containers.optimizer.cartonization.boxes.kernel import LOWEST, NEAREST, SHORT_SIDE, TIGHTEST, Space, new_space
from containers.optimizer.cartonization.boxes.search import UNPLACED, Log, Plan, build, improve, recount, sort_units

Flags = npt.NDArray[np.bool_]

HEAT = 0.02
# Units that a constructive plan offers every carton at once. With more than PROBED_FROM, the first PROBES of PROBE tell how many the
# time allows, but not fewer than LEAST_AT_ONCE; the first plan may take a share of it.
MOST_AT_ONCE, LEAST_AT_ONCE = 2000, 60
PROBED_FROM, PROBE, PROBES, FIRST_SHARE = 1000, 200, 2, 0.3
FEW_TYPES = 30  # of cartons, all of which are tried for every carton
FIRST_CHUNK = 1
CHUNK_S = 0.04
LOG_BINS = 4000
# Iterations between two set-covering steps grow by this factor.
COVER_GROWTH = 1.6


class BoxSearch:
    """One chain of the search. `step` runs a chunk; `best` is the best plan so far. Deterministic for a seed."""

    def __init__(self, model: Model, seed: int) -> None:
        self.model = model
        data = model.data
        pieces = most_pieces(model)
        self.space: Space = new_space(pieces, data.conflicts.shape[0], bool((data.dims[:, 2] == 1).all()))
        self.backup = np.zeros_like(self.space.empty)
        self.rng = np.array([(seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64], dtype=np.uint64)
        self.clock = np.zeros(1, dtype=np.int64)
        room = len(data.begun_type) + 2 * model.units + 4
        self.current = _new_plan(room, model.units, data.kind.shape[0])
        self.best = _new_plan(room, model.units, data.kind.shape[0])
        self.log = Log(
            np.zeros(LOG_BINS, dtype=np.int64),
            np.zeros(LOG_BINS + 1, dtype=np.int64),
            np.zeros(LOG_BINS * 16, dtype=np.int64),
            np.zeros((LOG_BINS * 16, 6), dtype=np.int64),
            np.zeros(1, dtype=np.int64),
        )
        self.pool = Pool(model)
        self._next_cover = 2000
        self.at_once = MOST_AT_ONCE
        self.offered = self._offered()
        for b, t in enumerate(data.begun_type):
            self.best.type[b] = t
        self.best.bins[0] = len(data.begun_type)
        self.best.of_unit[:] = UNPLACED
        recount(self.best, data, model.penalty, model.scale)

    @property
    def iterations(self) -> int:
        return int(self.clock[0])

    @property
    def value(self) -> float:
        """Cost of cartons and of what is left out."""
        return float(self.best.total[1] + self.best.total[2])

    def start(self, stop: Callable[[], bool], remaining: Callable[[], float], first: Callable[[], None]) -> None:
        """Constructive plans under several orders and placement rules; the best becomes the current plan.

        A plan that was taken is completed first. remaining: seconds; no plan is begun that would take longer. first: called
        when there is one.
        """
        tried, longest = 0, 0.0
        if self.best.bins[0] > len(self.model.data.begun_type):
            began = time.perf_counter()
            _copy(self.current, self.best)
            self._construct(0, NEAREST, True, FIRST_SHARE * remaining(), onto=True)
            first()
            tried, longest = 1, time.perf_counter() - began
        for rule in (NEAREST, SHORT_SIDE, LOWEST, TIGHTEST):
            for key in (0, 1, 2, 3):
                for greedy in (True, False) if len(self.model.problem.types) > 1 else (True,):
                    if tried and (stop() or longest > remaining()):
                        return
                    began = time.perf_counter()
                    self._construct(key, rule, greedy, math.inf if tried else FIRST_SHARE * remaining())
                    longest = max(longest, time.perf_counter() - began)
                    tried += 1
                    if tried == 1:
                        first()

    def _construct(self, key: int, rule: int, greedy: bool, seconds: float, onto: bool = False) -> None:
        """One plan, or what the current one lacks, in new cartons (`onto`). Every carton is offered all that is left, so many
        units are filled in parts with a mix of sizes, each so large that all take about so many `seconds`: each unit of a
        part is tried beside each kind in it."""
        data = self.model.data
        plan = self.current
        units = np.flatnonzero(plan.of_unit == UNPLACED) if onto else np.arange(self.model.units)
        rest = sort_units(units.astype(np.int64), data, key, 0.0, self.rng)
        probing = seconds < math.inf and len(rest) > PROBED_FROM
        until = time.perf_counter() + seconds
        kind = data.kind[data.unit_pieces[data.unit_start[:-1]]]  # of a unit: of its first piece
        each = math.inf
        used = np.where(self.offered, 0, data.available).astype(np.int64)
        bins, part = (int(plan.bins[0]), 1) if onto else (0, 0)
        if onto:
            used = used + np.bincount(plan.type[len(data.begun_type) : bins], minlength=len(used))
        while len(rest) or part == 0:
            began = time.perf_counter()
            parts = max(1, -(-len(rest) // (PROBE if probing and part < PROBES + onto else self.at_once)))
            pool = np.ascontiguousarray(rest[::parts])
            begun = np.arange(len(data.begun_type) if part == 0 else 0, dtype=np.int64)
            out_bin = np.empty(len(pool), dtype=np.int64)
            filled, _, _, _ = build(
                pool, data, self.space, begun, used, np.inf, self.model.penalty, self.model.scale, rule, 0.0,
                greedy, self.rng, self.backup, plan.type[bins:], out_bin, plan.box, self.log,
            )  # fmt: skip
            plan.of_unit[pool] = np.where(out_bin == UNPLACED, UNPLACED, out_bin + bins)
            bins, part = bins + int(filled), part + 1
            rest = np.delete(rest, np.s_[::parts])
            now = time.perf_counter()
            if probing and len(rest):
                kinds = len(np.unique(kind[pool]))
                each = min(each, max(1e-12, (now - began) / (len(pool) * kinds)))
                affordable = (until - now) / (each * len(rest))
                size = MOST_AT_ONCE if affordable >= len(np.unique(kind[rest])) else affordable * len(pool) / kinds
                self.at_once = int(max(LEAST_AT_ONCE, min(MOST_AT_ONCE, size)))
        plan.bins[0] = bins
        recount(plan, data, self.model.penalty, self.model.scale)
        self._keep_if_better()

    def _offered(self) -> Flags:
        """(types,) which cartons a plan is made of: not all where there are many types, for every one would be tried for every
        carton. The cheapest for their volume, and for each kind the first that holds it.
        """
        problem, available = self.model.problem, self.model.data.available
        if len(available) <= FEW_TYPES:
            return np.ones(len(available), dtype=np.bool_)
        rank = np.argsort(problem.type_cost / problem.type_dims.astype(np.float64).prod(axis=1), kind="stable")
        rank = rank[available[rank] > 0]
        offered = np.zeros(len(available), dtype=np.bool_)
        offered[rank[:FEW_TYPES]] = True
        fits = problem.fits[:, rank]
        offered[rank[fits.argmax(axis=1)[fits.any(axis=1)]]] = True
        return offered

    def take(self, bins: Sequence[Bin]) -> None:
        """Take a plan made elsewhere (a warm start, a set cover). Pieces that it does not place stay out."""
        data = self.model.data
        plan = self.current
        free: dict[int, list[int]] = {}
        unit_of = np.zeros(data.kind.shape[0], dtype=np.int64)
        for unit in range(self.model.units):
            for at in range(data.unit_start[unit], data.unit_start[unit + 1]):
                piece = int(data.unit_pieces[at])
                unit_of[piece] = unit
                free.setdefault(int(data.kind[piece]), []).append(piece)
        begun = len(data.begun_type)
        plan.type[:begun] = data.begun_type
        plan.bins[0] = begun
        plan.of_unit[:] = UNPLACED
        for content in bins:
            b = content.begun if content.begun >= 0 else int(plan.bins[0])
            if content.begun < 0:
                plan.type[b] = content.type
                plan.bins[0] += 1
            for kind, box in content.pieces:
                if free.get(kind):
                    piece = free[kind].pop(0)
                    plan.of_unit[unit_of[piece]] = b
                    plan.box[piece] = box
        recount(plan, data, self.model.penalty, self.model.scale)
        self._keep_if_better()

    def _keep_if_better(self) -> None:
        if self.current.total[0] < self.best.total[0] - 1e-9 * self.model.scale:
            _copy(self.best, self.current)

    def step(self, iterations: int) -> bool:
        """Search on; True when the best plan's cost fell."""
        if self.clock[0] == 0:
            _copy(self.current, self.best)
        self.log.count[0] = 0
        falls = improve(
            self.model.data, self.space, self.backup, self.current, self.best, self.log, self.rng, self.clock,
            iterations, self.model.penalty, self.model.scale, HEAT, self.offered,
        )  # fmt: skip
        self.pool.add(self.log)
        return bool(falls > 0)

    def cover_due(self) -> bool:
        return self.pool.useful and self.iterations >= self._next_cover

    def cover(self, seconds: float) -> bool:
        """Choose the cheapest set of cartons seen that packs everything; True when that is better than the best."""
        self._next_cover = int(self.iterations * COVER_GROWTH) + 1
        bins = self.pool.solve(seconds, self.value)
        if bins is None:
            return False
        before = self.value
        begun = [content for content in self.bins() if content.begun >= 0]
        self.take([*begun, *bins])
        return self.value < before - 1e-9 * self.model.scale

    def bins(self) -> list[Bin]:
        """The best plan's cartons."""
        data, plan = self.model.data, self.best
        begun = len(data.begun_type)
        inside: list[list[tuple[int, Box]]] = [[] for _ in range(int(plan.bins[0]))]
        for unit in range(self.model.units):
            b = int(plan.of_unit[unit])
            if b >= 0:
                for at in range(data.unit_start[unit], data.unit_start[unit + 1]):
                    piece = int(data.unit_pieces[at])
                    x, y, z, x2, y2, z2 = (int(v) for v in plan.box[piece])
                    inside[b].append((int(data.kind[piece]), (x, y, z, x2, y2, z2)))
        return [
            Bin(int(plan.type[b]), b if b < begun else -1, tuple(pieces))
            for b, pieces in enumerate(inside)
            if pieces or b < begun
        ]


def _new_plan(room: int, units: int, pieces: int) -> Plan:
    return Plan(
        np.zeros(room, dtype=np.int64),
        np.zeros(room, dtype=np.float64),
        np.full(units, UNPLACED, dtype=np.int64),
        np.zeros((pieces, 6), dtype=np.int64),
        np.zeros(1, dtype=np.int64),
        np.zeros(3, dtype=np.float64),
    )


def _copy(a: Plan, b: Plan) -> None:
    for name in Plan._fields:
        getattr(a, name)[...] = getattr(b, name)


def search(
    model: Model,
    seed: int,
    stop: Callable[[int], bool],
    remaining: Callable[[], float],
    report: Callable[[float, int], None],
    target: float,
    iterations: int | None,
    start: Sequence[Bin] | None = None,
    first: Callable[[list[Bin]], None] = lambda _bins: None,
) -> BoxSearch:
    """Search until `stop`, or until the plan costs no more than `target` (a bound: then it is optimal). first: called with
    the first plan.

    With `iterations` the chunks have a fixed size, so that time plays no part in the answer.
    """
    chain = BoxSearch(model, seed)
    if start is not None:
        chain.take(start)

    def begun() -> None:
        report(chain.value, 0)
        first(chain.bins())

    chain.start(lambda: stop(0), remaining if iterations is None else lambda: math.inf, begun)
    report(chain.value, 0)
    if model.units == 0:
        return chain
    chunk = FIRST_CHUNK
    slack = 1e-6 * model.scale
    while chain.value > target + slack and not stop(chain.iterations):
        size = chunk if iterations is None else max(1, min(500, iterations - chain.iterations))
        began = time.perf_counter()
        better = chain.step(size)
        spent = time.perf_counter() - began
        chunk = max(1, min(20_000, int(size * CHUNK_S / max(spent, 1e-6)), size * 4))
        if better:
            report(chain.value, chain.iterations)
        if chain.value > target + slack and chain.cover_due():
            seconds = 5.0 if iterations is not None else min(2.0, remaining() * 0.3)
            if seconds > 0.05 and chain.cover(seconds):
                report(chain.value, chain.iterations)
    return chain
