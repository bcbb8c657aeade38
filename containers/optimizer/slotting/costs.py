"""What a plan costs, as the arrays of pricing.py, and the plan of each chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.chance import stream
from containers.optimizer.room import need_room
from containers.optimizer.slotting import anneal, board, pricing
from containers.optimizer.slotting.problem import Instance

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Tours longer than this tell little of which two articles belong together, and their pairs would fill the memory.
LONGEST_PAIRED = 400
# A pair of articles: number and flow in the product, and again as the kernels take them.
PAIR_BYTES = 32
# Walks between so many positions are kept as a table of 72 MB.
LARGEST_TABLE = 3000


@dataclass(frozen=True, eq=False)
class Costs:
    """linear: metres of a slot count so often. pairs: (offsets, other, flow). table: walks between positions, or empty."""

    linear: Floats
    visits: Floats
    leave: Floats
    pairs: tuple[Ints, Ints, Floats]
    table: Floats
    with_tours: bool
    home: Ints
    home_cost: Floats
    burden: Floats
    limits: Floats

    @property
    def arrays(self) -> tuple[Any, ...]:
        return (self.linear, self.visits, self.leave, self.home, self.home_cost, self.burden, self.limits)


def costs_of(
    instance: Instance,
    home: Ints | None = None,
    home_cost: Floats | None = None,
    burden: Floats | None = None,
    limits: tuple[float, float] = (np.inf, np.inf),
) -> Costs:
    """The costs of the instance's objective; without a home nobody is bound to today's slot."""
    units, visits = instance.units.count, instance.visits
    linear = np.zeros(units)
    pairs = no_pairs(units)
    if instance.objective == "affinity":
        linear = instance.depot_weight * visits
        pairs = pairs_of(instance)
    elif instance.objective != "pick_distance":
        linear = visits.copy()
    return Costs(
        linear=linear,
        visits=visits,
        leave=leave_costs(instance),
        pairs=pairs,
        table=_table(instance) if len(pairs[1]) else np.zeros((0, 0)),
        with_tours=instance.objective == "pick_distance",
        home=np.full(units, -1, dtype=np.int64) if home is None else home,
        home_cost=np.zeros(units) if home_cost is None else home_cost,
        burden=np.zeros((2, units)) if burden is None else burden,
        limits=np.array(limits, dtype=np.float64),
    )


def heights_of(frame: tuple[Any, ...]) -> Floats:
    """(rows,) where the cross aisles lie along the aisles."""
    return np.concatenate([[0.0], np.cumsum(frame[2])]).astype(np.float64)


def _table(instance: Instance) -> Floats:
    """Metres between every two positions; empty where there are too many."""
    floor = instance.floor
    if floor.positions > LARGEST_TABLE:
        return np.zeros((0, 0))
    found: Floats = pricing.tabulate(floor.frame, heights_of(floor.frame), floor.positions)
    return found


def leave_rate(instance: Instance) -> float:
    """Metres that one visit to an article that is left out costs: more than any slot could, so that placing always pays."""
    places = instance.places
    golden = instance.source.rules.golden
    worst = float(places.metres.max()) if places.count else 0.0
    worst += golden.penalty_m if golden is not None else 0.0
    times = 1.0
    if instance.objective == "affinity":
        longest = max((len(tour) for tour in instance.demand.tours), default=1)
        times = instance.depot_weight + 2.0 * min(longest, LONGEST_PAIRED)
    return times * (worst + 1.0)


def leave_costs(instance: Instance) -> Floats:
    """Per unit: its share of what leaving out its whole article costs."""
    units, demand = instance.units, instance.demand
    asked = np.array([max(demand.picks.get(sku, 0.0), demand.counted.get(sku, 0)) for sku in units.skus])
    wanted = np.array([instance.wanted[sku] for sku in units.skus], dtype=np.float64)
    if units.count == 0:
        return np.zeros(0)
    return leave_rate(instance) * (asked + 1.0)[units.sku] * (units.pieces / wanted[units.sku])


def no_pairs(units: int) -> tuple[Ints, Ints, Floats]:
    return np.zeros(units + 1, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)


def pairs_of(instance: Instance) -> tuple[Ints, Ints, Floats]:
    """How often two units are visited by one tour, both ways round. Raises too-large-to-solve for more than memory holds."""
    from scipy.sparse import csr_matrix

    history = instance.history
    size = np.diff(history.offsets)
    paired = size[size <= LONGEST_PAIRED]
    need_room(
        min(int((paired * paired).sum()), instance.units.count**2) * PAIR_BYTES,
        "/data/orders",
        "the pairs of articles that tours visit together",
        "send fewer orders, or fewer orders_per_tour",
    )
    rows = np.repeat(np.arange(history.tours), size)
    kept = size[rows] <= LONGEST_PAIRED
    ones = np.ones(int(kept.sum()))
    shape = (history.tours, instance.units.count)
    visited = csr_matrix((ones, (rows[kept], history.units[kept])), shape=shape)
    weighted = csr_matrix((history.weight[rows[kept]], (rows[kept], history.units[kept])), shape=shape)
    flow = (weighted.T @ visited).tocsr()
    flow.setdiag(0)
    flow.eliminate_zeros()
    flow.sort_indices()
    return flow.indptr.astype(np.int64), flow.indices.astype(np.int64), flow.data.astype(np.float64)


@dataclass(eq=False)
class Chain:
    """One plan under way: its state, its random stream, its best so far. `must` binds units to regions."""

    instance: Instance
    costs: Costs
    must: Ints
    number: int = 0
    seed: int = 1
    totals: Floats = field(default_factory=lambda: np.array([np.inf, np.inf, 0.0, 0.0, 0.0]))

    def __post_init__(self) -> None:
        units, places, history = self.instance.units, self.instance.places, self.instance.history
        scope = np.where(units.group >= 0, units.scope[units.group] if len(units.scope) else 3, 3)
        must = np.where(units.fixed >= 0, -2, self.must)
        side = np.ascontiguousarray(units.side)
        self.units = (units.volume, units.weight, units.sku, units.klass, side, must, scope)
        limits = (places.max_weight, places.max_volume, places.max_skus, places.region)
        self.slots = (places.kind, places.position, places.metres, places.extra, *limits)
        rows = {"slot": 0, "bay": 1, "aisle": 2, "zone": 3}
        rules = self.instance.source.rules.apart
        self.rules = (units.allowed, np.array([rows[rule.within] for rule in rules], dtype=np.int64))
        self._regions = int(places.region.max()) + 1 if places.count else 1
        tours = history.tours if self.costs.with_tours else 0
        by_unit = history.by_unit if tours else (np.zeros(units.count + 1, dtype=np.int64), np.zeros(0, dtype=np.int64))
        offsets = history.offsets[: tours + 1]
        self.tours = (offsets, history.units, history.weight[:tours], *by_unit)
        longest = int(np.diff(offsets).max()) if tours else 1
        self.work = (
            np.zeros(tours),
            np.zeros(tours, dtype=np.int64),
            np.zeros(tours),
            np.zeros(2 * tours + 1, dtype=np.int64),
            np.zeros(longest, dtype=np.int64),
        )
        near = np.lexsort((np.arange(places.count), places.position)).astype(np.int64)
        cheap = np.argsort(places.cost, kind="stable").astype(np.int64)
        self.guide = (near, np.argsort(near).astype(np.int64), cheap, np.argsort(cheap).astype(np.int64))
        self.movable = np.flatnonzero(units.fixed < 0).astype(np.int64)
        self.random = stream(self.seed, self.number)
        frame = self.instance.floor.frame
        self._scratch = self.instance.floor.scratch()
        self._walks = (frame, heights_of(frame), self.costs.table)
        self._clock = 1
        self.best = np.full(units.count, -1, dtype=np.int64)
        self.clear()

    def clear(self) -> None:
        """Nothing placed but what is fixed."""
        units, places = self.instance.units, self.instance.places
        self.state = board.empty_state(units.count, places.count, len(self.rules[1]), self._regions)
        for u in np.flatnonzero(units.fixed >= 0):
            board.put(self.units, self.slots, self.rules, self.state, int(u), int(units.fixed[u]))

    def fill(self, order: Ints, wanted: Ints, choices: Ints) -> int:
        """Place those of `order` that are not fixed; returns how many stay out. Then `settle`."""
        free = order[self.state[0][order] < 0]
        return int(board.fill(self.units, self.slots, self.rules, self.state, free, wanted, choices))

    def settle(self) -> float:
        """Value what is placed now; it becomes the best when it is better."""
        found, metres, first, second = pricing.evaluate(
            self._walks, self._scratch, self.slots, self.state, self.costs.arrays, self.tours,
            self.costs.pairs, self.work,
        )  # fmt: skip
        self.totals[0], self.totals[2:] = found, (first, second, metres)
        within = (np.array([first, second]) <= self.costs.limits + 1e-6).all()
        if within and found < self.totals[1] - 1e-9:
            self.totals[1] = found
            self.best[:] = self.state[0]
        return float(found)

    def restart(self, place: Ints) -> float:
        """Go on from another plan; what of it does not fit stays out."""
        self.clear()
        order = np.flatnonzero(place >= 0).astype(np.int64)
        self.fill(order, place, np.zeros(0, dtype=np.int64))
        return self.settle()

    def force(self, place: Ints) -> float:
        """Place every unit as told, whatever rules that breaks: what lies there lies there."""
        self.clear()
        for u in np.flatnonzero((place >= 0) & (self.state[0] < 0)):
            board.put(self.units, self.slots, self.rules, self.state, int(u), int(place[u]))
        return self.settle()

    def change(self, units: Ints, place: Ints) -> float:
        """What it would add to the value now if these units lay where `place` has them, the others as now."""
        return float(
            pricing.change_of(
                self._walks, self._scratch, self.slots, self.state, self.costs.arrays, self.tours,
                self.costs.pairs, self.work, units, place,
            )
        )  # fmt: skip

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to move, or nowhere to move it to."""
        return len(self.movable) == 0 or self.instance.places.count == 0

    def run(self, moves: int, hot: float) -> None:
        """Some moves at one temperature; not when all is fixed. Releases the GIL."""
        anneal.anneal(
            self._walks, self._scratch, self.units, self.slots, self.rules, self.state, self.costs.arrays, self.tours,
            self.costs.pairs, self.guide, self.work, self.movable, self._clock, moves, hot, self.random, self.best,
            self.totals,
        )  # fmt: skip
        self._clock += moves

    def descend(self, who: Ints, where: Ints) -> int:
        """Try these units in these slots, in this order, swapping where one is full; returns how many made it better."""
        done = anneal.descend(
            self._walks, self._scratch, self.units, self.slots, self.rules, self.state, self.costs.arrays, self.tours,
            self.costs.pairs, self.work, self._clock, who, where, self.random, self.best, self.totals,
        )  # fmt: skip
        self._clock += len(who)
        return int(done)

    def first_that_fits(self, who: Ints, where: Ints) -> int:
        """The first i for which unit who[i] may go into slot where[i] now; -1 for none."""
        return int(board.first_that_fits(self.units, self.slots, self.rules, self.state, who, where))

    def nearest_free(self, unit: int, wanted: npt.NDArray[np.bool_]) -> int:
        """The empty slot nearest to where the unit lies that takes it and is not among the wanted ones; -1 for none."""
        return int(pricing.nearest_free(self._walks, self.units, self.slots, self.rules, self.state, unit, wanted))

    @property
    def value(self) -> float:
        return float(self.totals[1])
