"""The validated form of a re-slotting problem: every stock line in a usable slot is a unit with a home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.reading import locks_of
from containers.optimizer.slotting.check import find_faults, todays_assignments
from containers.optimizer.slotting.demand import demand_of, history_of
from containers.optimizer.slotting.problem import Instance as Building
from containers.optimizer.slotting.problem import validated
from containers.optimizer.slotting.units import MAX_UNITS, Fitting, Lot, todays_slots, units_of
from contracts.errors import Fault, ProblemError
from contracts.problems.reslotting import ReslottingLocks, ReslottingProblem

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Instance:
    """building: the units in their slots of today, as slotting sees them."""

    source: ReslottingProblem
    building: Building

    @property
    def home(self) -> Ints:
        """Today's slot per unit."""
        return self.building.units.today

    @cached_property
    def broken_today(self) -> tuple[Fault, ...]:
        """Rules that today's slots break."""
        return tuple(find_faults(self.source, todays_assignments(self.source)))

    @property
    def days(self) -> float:
        return self.source.horizon_days

    @property
    def metres_per_second(self) -> float:
        """Metres a day that one second of moving is worth, spread over the payback time."""
        return self.source.walk_m_per_s / self.source.payback_days

    def seconds(self, unit: int, here: int, there: int) -> float:
        """How long it takes to bring a unit from slot to slot; -1 is the staging place at the depot."""
        work, building = self.source.work, self.building
        handling = work.fixed_s + int(building.units.pieces[unit]) * work.piece_s
        return handling + self.metres(here, there) / work.travel_m_per_s

    def metres(self, here: int, there: int) -> float:
        position, floor = self.building.places.position, self.building.floor
        if here >= 0 and there >= 0:
            return floor.distance(int(position[here]), int(position[there]))
        return sum(floor.from_start(int(position[slot])) for slot in (here, there) if slot >= 0)


def read(data: Mapping[str, Any]) -> Instance:
    """Raises ProblemError "invalid" with every fault's pointer."""
    problem, floor, places = validated(ReslottingProblem, data)
    return Instance(problem, _building(problem, floor, places, frozenset()))


def pin(instance: Instance, locks: Mapping[str, Any] | None) -> Instance:
    """The instance in which locked SKUs stay. Raises ProblemError for SKUs that lie nowhere."""
    pinned = locks_of(ReslottingLocks, locks)
    if not pinned.keep:
        return instance
    unknown = sorted(pinned.keep - set(instance.building.units.skus))
    if unknown:
        detail = f"{unknown[0]!r} lies in no usable slot today; leave it out"
        raise ProblemError("invalid", f"/locks/keep: {detail}", errors=(Fault("/locks/keep", detail),))
    old = instance.building
    return Instance(instance.source, _building(instance.source, old.floor, old.places, pinned.keep))


def _building(problem: ReslottingProblem, floor: Any, places: Any, keep: frozenset[str]) -> Building:
    fitting = Fitting(problem.rules, places)
    demand = demand_of(problem)
    today = todays_slots(problem, places)
    lots = [
        Lot(sku, max(1, pieces), slot, slot if sku in keep else -1)
        for sku in sorted(today)
        for slot, pieces in today[sku]
    ]
    if len(lots) > MAX_UNITS:
        detail = f"{len(lots)} stock lines; the limit is {MAX_UNITS}. Re-slot zone by zone"
        raise ProblemError("too-large-to-solve", detail, extra={"limit": MAX_UNITS})
    units = units_of(problem, fitting, lots)
    wanted: Counter[str] = Counter()
    for lot in lots:
        wanted[lot.sku] += lot.pieces
    notes = []
    nowhere = sorted({sku for sku, picks in demand.picks.items() if picks > 0} - set(wanted))
    if nowhere:
        notes.append(
            f"{len(nowhere)} articles are asked for and lie in no usable slot, e.g. {nowhere[0]!r}: left alone"
        )
    return Building(
        source=problem,
        objective=problem.objective,
        depot_weight=problem.depot_weight,
        floor=floor,
        places=places,
        fitting=fitting,
        demand=demand,
        units=units,
        history=history_of(demand, dict(units.of_sku), units.count),
        wanted=wanted,
        notes=tuple(notes),
        today=today,
    )
