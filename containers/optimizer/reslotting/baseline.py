"""Doing nothing: what today's slots cost a day."""

from __future__ import annotations

from containers.optimizer.reslotting.problem import Instance
from containers.optimizer.slotting.check import todays_assignments
from containers.optimizer.slotting.measure import Aim, measure
from contracts.optimize import Reference


def baseline(instance: Instance) -> Reference:
    """Metres a day, golden zone included, with every article where it lies today."""
    facts = instance.source
    slots: dict[str, list[str]] = {}
    for one in todays_assignments(facts):
        slots.setdefault(one.sku, []).append(one.location)
    parts = measure(facts, instance.building.floor, Aim(facts.objective, facts.depot_weight), slots, {})
    return Reference(value=round(sum(parts.values()) / facts.horizon_days, 6), method="today's slots, nothing moved")
