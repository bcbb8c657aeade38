"""Locks and warm starts: SKUs that stay where they are, and plans to go on from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.reading import locks_of, plan_of
from containers.optimizer.slotting.check import find_faults
from containers.optimizer.slotting.problem import Instance, build
from containers.optimizer.slotting.units import split, wanted_pieces
from contracts.errors import Fault, ProblemError
from contracts.problems.slotting import SlotAssignment, SlottingLocks, SlottingProblem, SlottingSolution

Ints = npt.NDArray[np.int64]


def pin(instance: Instance, locks: Mapping[str, Any] | None) -> Instance:
    """The instance in which locked SKUs stay. Raises ProblemError for locks that cannot be kept."""
    pinned = locks_of(SlottingLocks, locks)
    if not pinned.fixed and not pinned.keep:
        return instance
    facts = instance.source
    assert isinstance(facts, SlottingProblem)
    wanted = wanted_pieces(facts, instance.places)
    faults = []
    fixed: dict[str, tuple[tuple[int, int], ...]] = {}
    for sku, names in pinned.fixed.items():
        where = f"/locks/fixed/{sku}"
        unknown = [name for name in names if name not in instance.places.number]
        if sku not in instance.wanted:
            detail = f"{sku!r} lies nowhere and nobody asks for it; leave it out, or name it in needs"
            faults.append(Fault(where, detail))
        elif unknown:
            faults.append(Fault(where, f"{unknown[0]!r} is no usable slot; name one of the layout that is not blocked"))
        elif not names or len(set(names)) < len(names):
            faults.append(Fault(where, "name each of its slots once, and at least one"))
        else:
            today = dict(instance.today.get(sku, ()))
            slots = [instance.places.number[name] for name in names]
            parts = split(max(wanted.get(sku, 1), len(slots)), len(slots))
            if set(slots) == set(today) and sum(today.values()) == wanted.get(sku, 1):
                parts = [max(1, today[slot]) for slot in slots]
            fixed[sku] = tuple(zip(slots, parts, strict=True))
    for sku in sorted(pinned.keep):
        if sku in fixed:
            faults.append(Fault("/locks/keep", f"{sku!r} is in `fixed` too; keep one of the two"))
        elif not instance.today.get(sku) or sku not in instance.wanted:
            faults.append(Fault("/locks/keep", f"{sku!r} lies in no usable slot today; leave it out, or fix its place"))
        else:
            fixed[sku] = tuple((slot, max(1, many)) for slot, many in instance.today[sku])
    ids = instance.places.ids
    lying = tuple(
        SlotAssignment(sku=sku, location=ids[slot], pieces=many) for sku in sorted(fixed) for slot, many in fixed[sku]
    )
    faults += [Fault("/locks", fault.detail) for fault in find_faults(facts, lying)]
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:20]))
    return build(facts, instance.floor, instance.places, fixed)


def warm_places(instance: Instance, warm_start: Mapping[str, Any] | None) -> Ints | None:
    """An earlier plan as slot numbers; units that it does not know stay out (-1)."""
    if warm_start is None:
        return None
    plan = plan_of(SlottingSolution, warm_start)
    if plan.today and not plan.assignments:
        return instance.units.today.copy()
    slots: dict[str, list[int]] = defaultdict(list)
    for one in plan.assignments:
        if one.location in instance.places.number:
            slots[one.sku].append(instance.places.number[one.location])
    place = np.full(instance.units.count, -1, dtype=np.int64)
    for sku, units in instance.units.of_sku.items():
        for unit, slot in zip(units, slots.get(sku, ()), strict=False):
            place[unit] = slot
    return place
