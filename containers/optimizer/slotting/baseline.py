"""What a warehouse has today: the slots that its stock lies in or, without any, slots in the order of the SKUs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from containers.optimizer.slotting.measure import Aim, measure
from containers.optimizer.slotting.problem import Instance
from contracts.optimize import Reference


@lru_cache(maxsize=2)
def baseline(instance: Instance) -> Reference:
    """Today's slots by the objective's own measure, whatever rules they break. Articles without a slot today, and all
    of them in a building without stock, go by SKU into the first free slots of the layout that the rules allow.
    """
    ids = instance.places.ids
    slots = {sku: [ids[slot] for slot, _ in lying] for sku, lying in instance.today.items() if lying}
    slots = {sku: names for sku, names in slots.items() if sku in instance.wanted}
    fresh = [sku for sku in instance.units.skus if sku not in slots]
    method = f"today's slots of {len(slots)} articles"
    if not slots:
        method = "articles by SKU, into the first slots of the layout that the rules allow"
    elif fresh:
        method += f"; {len(fresh)} without one by SKU into the first free slots"
    missing = dict.fromkeys(instance.wanted.keys() - slots.keys() - set(fresh), 1.0)
    for sku, names in _by_sku(instance, fresh).items():
        slots[sku] = names
        if not names:
            missing[sku] = 1.0
    parts = measure(instance.source, instance.floor, Aim(instance.objective, instance.depot_weight), slots, missing)
    return Reference(value=round(sum(parts.values()), 6), method=method)


def _by_sku(instance: Instance, skus: list[str]) -> dict[str, list[str]]:
    """Locations for these articles, beside what lies there today."""
    from containers.optimizer.slotting.costs import Chain, costs_of

    if not skus:
        return {}
    units = instance.units
    nobody = np.full(units.count, -1, dtype=np.int64)
    chain = Chain(instance, costs_of(instance), nobody)
    known = set(skus)
    today = np.array([-1 if lot.sku in known else lot.today for lot in units.lots], dtype=np.int64)
    chain.restart(today)
    order = np.array([u for sku in skus for u in units.of_sku[sku]], dtype=np.int64)
    chain.fill(order, nobody, np.arange(instance.places.count, dtype=np.int64))
    place = chain.state[0]
    return {sku: [instance.places.ids[int(place[u])] for u in units.of_sku[sku] if place[u] >= 0] for sku in skus}
