"""Which articles get a place in the forward area, and how much of it (Bartholdi & Hackman, "Warehouse & distribution
science", ch. 8): the fluid model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from containers.optimizer.replenishment.problem import Instance
from contracts.catalogue import Item
from contracts.problems.replenishment import FaceShare


@dataclass(frozen=True, slots=True)
class Mover:
    """flow: mm³ a day. picks: a day."""

    sku: str
    flow: float
    picks: float


def allocate(movers: Sequence[Mover], volume: float, saved_s: float, restock_s: float) -> dict[str, float]:
    """mm³ per SKU of those that are worth a place; the others are picked from reserve.

    Given the SKUs, restocks are fewest when each gets room in proportion to the square root of its flow. SKUs enter by picks
    per square root of flow (labour efficiency), as many as give the most seconds saved, which is within one SKU of the best.
    """
    ranked = sorted(movers, key=lambda m: (-(m.picks / sqrt(m.flow)) if m.flow > 0 else float("-inf"), m.sku))
    best, kept = 0.0, 0
    saved = roots = 0.0
    for n, mover in enumerate(ranked, 1):
        saved += saved_s * mover.picks
        roots += sqrt(mover.flow)
        net = saved - restock_s * roots * roots / volume
        if net > best + 1e-12:
            best, kept = net, n
    whole = sum(sqrt(mover.flow) for mover in ranked[:kept])
    return {m.sku: volume * sqrt(m.flow) / whole if whole > 0 else 0.0 for m in ranked[:kept]}


def shares_of(instance: Instance) -> tuple[FaceShare, ...]:
    """The forward area divided among the articles whose volume is known; empty when none was given."""
    area = instance.source.forward_area
    if area is None:
        return ()
    items: dict[str, Item] = {item.sku: item for item in instance.source.items}
    pieces: Counter[str] = Counter()
    picks: Counter[str] = Counter()
    for order in instance.source.orders:
        for line in order.lines:
            pieces[line.sku] += line.quantity
            picks[line.sku] += 1
    sizes = {sku: items[sku].volume_mm3 or 0 for sku in pieces if sku in items}
    movers = [
        Mover(sku, pieces[sku] * size / area.days, picks[sku] / area.days)
        for sku, size in sorted(sizes.items())
        if size
    ]
    room = allocate(movers, float(area.volume_mm3), area.saved_s_per_pick, area.restock_s)
    flow = {mover.sku: mover.flow for mover in movers}
    return tuple(
        FaceShare(
            sku=sku,
            volume_mm3=volume,
            pieces=int(volume // sizes[sku]),
            restocks_per_day=flow[sku] / volume if volume > 0 else 0.0,
        )
        for sku, volume in room.items()
    )
