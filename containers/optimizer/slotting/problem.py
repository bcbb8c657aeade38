"""The validated, immutable form of a slotting problem: units to place, slots to place them in, tours that visit them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from containers.optimizer.floor.places import Floor, floor_of
from containers.optimizer.slotting.demand import Demand, History, demand_of, history_of
from containers.optimizer.slotting.explain import why_never, why_nowhere
from containers.optimizer.slotting.places import Places, find_faults, places_of
from containers.optimizer.slotting.units import (
    MAX_UNITS,
    Fitting,
    Lot,
    Units,
    split,
    todays_slots,
    units_of,
    wanted_pieces,
)
from contracts.catalogue import Item
from contracts.errors import ProblemError, from_validation
from contracts.optimize import Unassigned
from contracts.problems.slotting import SlottingFacts, SlottingProblem

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Instance:
    """A slotting problem ready to be solved. `left_out` fits nowhere, whatever the plan."""

    source: SlottingFacts
    objective: str
    depot_weight: float
    floor: Floor
    places: Places
    fitting: Fitting
    demand: Demand
    units: Units
    history: History
    wanted: Mapping[str, int]  # SKU → pieces to store, of all that is to be slotted
    left_out: tuple[Unassigned, ...] = ()
    notes: tuple[str, ...] = ()
    today: Mapping[str, list[tuple[int, int]]] = field(default_factory=dict)  # SKU → (slot, pieces)

    @cached_property
    def visits(self) -> Floats:
        """Visits per unit over the horizon."""
        history = self.history
        each = np.repeat(history.weight, np.diff(history.offsets))
        found: Floats = np.bincount(history.units, weights=each, minlength=self.units.count).astype(np.float64)
        return found


def validated(model: type[SlottingFacts], data: Mapping[str, Any]) -> tuple[Any, Floor, Places]:
    """(problem, floor, usable slots). Raises ProblemError "invalid" with every fault's pointer."""
    try:
        problem = model.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from error
    floor = floor_of(problem.layout)
    faults = find_faults(problem, floor)
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:50]))
    return problem, floor, places_of(problem, floor)


def read(data: Mapping[str, Any]) -> Instance:
    """Validate, and cut every article into the units that one slot holds."""
    problem, floor, places = validated(SlottingProblem, data)
    return build(problem, floor, places, {})


def build(
    problem: SlottingProblem, floor: Floor, places: Places, fixed: Mapping[str, tuple[tuple[int, int], ...]]
) -> Instance:
    """The instance. fixed: SKU → (slot, pieces) that stay."""
    fitting = Fitting(problem.rules, places)
    demand = demand_of(problem)
    today = todays_slots(problem, places)
    pieces = wanted_pieces(problem, places)
    lots: list[Lot] = []
    left_out = []
    wanted = {sku: pieces.get(sku, 1) for sku in _skus(problem, demand, pieces)}
    for sku, many in wanted.items():
        item = problem.item_of.get(sku) or Item(sku=sku)
        lying = [slot for slot, _ in today.get(sku, ())]
        if sku in fixed:
            lots += [Lot(sku, amount, slot, slot) for slot, amount in fixed[sku]]
            continue
        size = fitting.lot_size(item)
        contradiction = why_never(problem, item)
        if contradiction is not None:
            left_out.append(contradiction)
            continue
        if size == 0:
            left_out.append(why_nowhere(problem, fitting, item))
            continue
        parts = split(many, -(-many // size))
        if len(lots) + len(parts) > MAX_UNITS:
            detail = f"the articles need more than {MAX_UNITS} slots; slot them zone by zone, or send fewer"
            raise ProblemError("too-large-to-solve", detail, extra={"limit": MAX_UNITS})
        lots += [Lot(sku, amount, lying[i] if i < len(lying) else -1) for i, amount in enumerate(parts)]
    units = units_of(problem, fitting, lots)
    notes = []
    if not problem.orders and not any(need.picks for need in problem.needs):
        notes.append("no orders and no needs[].picks: every slot is as good as another")
    return Instance(
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
        left_out=tuple(left_out),
        notes=tuple(notes),
        today=today,
    )


def _skus(problem: SlottingFacts, demand: Demand, pieces: Mapping[str, int]) -> list[str]:
    """What is to be slotted: all that lies somewhere usable, is asked for, or is named in `needs`; in order of SKU."""
    asked = {sku for sku, picks in demand.picks.items() if picks > 0}
    return sorted(asked | set(pieces) | {need.sku for need in problem.needs})
