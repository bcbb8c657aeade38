"""From slot numbers to the plan that people and machines read."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import numpy.typing as npt

from containers.optimizer.family import Answer
from containers.optimizer.slotting.baseline import baseline
from containers.optimizer.slotting.costs import LONGEST_PAIRED, leave_rate
from containers.optimizer.slotting.demand import History, history_of
from containers.optimizer.slotting.explain import why_left
from containers.optimizer.slotting.problem import Instance
from contracts.catalogue import Item
from contracts.optimize import Objective, Unassigned
from contracts.problems.slotting import SlotAssignment, SlottingSolution

Ints = npt.NDArray[np.int64]


def answer_of(instance: Instance, place: Ints) -> Answer:
    """The plan in which unit u lies in slot place[u] (-1: nowhere)."""
    facts = instance.source
    units, ids = instance.units, instance.places.ids
    merged: dict[tuple[str, str], int] = defaultdict(int)
    for lot, slot in zip(units.lots, place.tolist(), strict=True):
        if slot >= 0:
            merged[lot.sku, ids[slot]] += lot.pieces
    lying = tuple(SlotAssignment(sku=sku, location=name, pieces=many) for (sku, name), many in merged.items())
    parts = parts_of(instance, merged)
    before = baseline(instance).value
    walking = parts["walking"] + parts.get("apart", 0.0)
    days = facts.horizon_days
    value = sum(parts.values())
    solution = SlottingSolution(
        assignments=lying,
        distance_m=round(walking, 6),
        distance_m_per_day=round(walking / days, 6),
        baseline_m=None if before is None else round(before, 6),
        saved_m_per_day=None if before is None else round((before - value) / days, 6),
        saved_share=None if not before else round((before - value) / before, 6),
    )
    return Answer(
        objective=Objective(value=value, unit="m", parts=parts),
        solution=solution.model_dump(mode="json", exclude={"today"}),
        unassigned=instance.left_out + _left_out(instance, place),
        notes=instance.notes,
    )


def parts_of(instance: Instance, merged: dict[tuple[str, str], int]) -> dict[str, float]:
    """The objective's parts when SKUs lie at locations as `merged` says."""
    facts, places, floor = instance.source, instance.places, instance.floor
    own: dict[str, list[int]] = defaultdict(list)
    slot_of: list[int] = []
    given: Counter[str] = Counter()
    for (sku, name), pieces in merged.items():
        own[sku].append(len(slot_of))
        slot_of.append(places.number[name])
        given[sku] += pieces
    slots = np.array(slot_of, dtype=np.int64)
    history = history_of(instance.demand, dict(own), len(slots))
    each = np.repeat(history.weight, np.diff(history.offsets))
    visits = np.bincount(history.units, weights=each, minlength=len(slots))
    parts: dict[str, float] = {}
    if instance.objective == "pick_distance":
        parts["walking"] = sum(
            weight * floor.tour_length(places.position[slots[history.units[a:b]]].tolist())
            for weight, a, b in zip(history.weight, history.offsets, history.offsets[1:], strict=False)
        )
    else:
        weight = instance.depot_weight if instance.objective == "affinity" else 1.0
        parts["walking"] = weight * float((visits * places.metres[slots]).sum())
    if instance.objective == "affinity":
        parts["apart"] = _pair_metres(instance, history, slots)
    if facts.rules.golden is not None:
        parts["golden_zone"] = float((visits * places.extra[slots]).sum())
    missing = {sku: 1.0 - given[sku] / pieces for sku, pieces in instance.wanted.items() if given[sku] < pieces}
    if missing:
        asked = instance.demand.picks
        parts["left_out"] = sum(
            share * (max(asked.get(sku, 0.0), instance.demand.counted.get(sku, 0)) + 1.0) * leave_rate(instance)
            for sku, share in missing.items()
        )
    return parts


def _pair_metres(instance: Instance, history: History, slots: Ints) -> float:
    """Metres between the slots of one tour, tours of equal size at a time."""
    places, floor = instance.places, instance.floor
    size = np.diff(history.offsets)
    total = 0.0
    for many in np.unique(size[(size > 1) & (size <= LONGEST_PAIRED)]).tolist():
        tours = np.flatnonzero(size == many)
        units = history.units[history.offsets[tours][:, None] + np.arange(many)]
        at = np.sort(places.position[slots[units]], axis=1)
        # A tour's pairs by how far apart they come in it, so that memory stays at the size of the tours.
        for step in range(1, many):
            here, there = at[:, :-step].reshape(-1), at[:, step:].reshape(-1)
            weight = np.repeat(history.weight[tours], many - step)
            apart = here != there
            total += float(weight[apart] @ floor.distances(here[apart], there[apart]))
    return total


def _left_out(instance: Instance, place: Ints) -> tuple[Unassigned, ...]:
    """One entry per SKU with units that lie nowhere."""
    units, facts = instance.units, instance.source
    pieces: Counter[str] = Counter()
    for lot, slot in zip(units.lots, place.tolist(), strict=True):
        if slot < 0:
            pieces[lot.sku] += lot.pieces
    found = []
    taken = np.bincount(place[place >= 0], minlength=instance.places.count)
    for sku, many in sorted(pieces.items()):
        item = facts.item_of.get(sku) or Item(sku=sku)
        first = units.of_sku[sku][0]
        free = (taken < instance.places.max_skus) & units.allowed[units.klass[first]][instance.places.kind]
        apart = bool(free.any()) and bool(units.side[first].any())
        group = int(units.group[first]) >= 0
        found.append(why_left(instance.fitting, item, many, apart, group))
    return tuple(found)
