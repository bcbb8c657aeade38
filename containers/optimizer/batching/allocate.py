"""Which stock serves which order line: urgent orders first, from few places, near to what the order needs anyway."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from containers.optimizer.floor.places import Floor
from contracts.optimize import Unassigned
from contracts.problems.batching import BatchingProblem, BatchOrder


@dataclass(frozen=True, slots=True)
class Pick:
    """So many pieces of a SKU from one location, which is reached at a walking position."""

    location: str
    sku: str
    quantity: int
    position: int


@dataclass(slots=True)
class _Place:
    location: str
    position: int
    quantity: int


def allocate(problem: BatchingProblem, floor: Floor) -> tuple[dict[str, list[Pick]], list[Unassigned]]:
    """Picks per order, and the orders that stock cannot serve. An order is served whole or not at all."""
    stock: dict[str, list[_Place]] = defaultdict(list)
    cut_off: dict[str, int] = defaultdict(int)  # pieces at places that no way leads to
    for line in problem.stock:
        if line.quantity and not floor.reachable(line.location):
            cut_off[line.sku] += line.quantity
        elif line.quantity:
            stock[line.sku].append(_Place(line.location, floor.position(line.location), line.quantity))
    known = {line.sku for line in problem.stock} | set(problem.item_of)
    picks: dict[str, list[Pick]] = {}
    left_out: list[Unassigned] = []
    for order in sorted(problem.orders, key=_urgency):
        need: dict[str, int] = defaultdict(int)
        for wanted in order.lines:
            need[wanted.sku] += wanted.quantity
        refusal = _refusal(order, need, stock, cut_off, known)
        if refusal is None:
            picks[order.id] = _take(need, stock, floor)
        else:
            left_out.append(refusal)
    return picks, left_out


def _urgency(order: BatchOrder) -> tuple[int, float]:
    return order.priority, order.due_at.timestamp() if order.due_at else float("inf")


def _refusal(
    order: BatchOrder,
    need: dict[str, int],
    stock: dict[str, list[_Place]],
    cut_off: dict[str, int],
    known: set[str],
) -> Unassigned | None:
    for sku, quantity in need.items():
        if sku not in known:
            return Unassigned(
                id=order.id,
                reason="unknown-sku",
                detail=f"no item and no stock line has the SKU {sku!r}",
                smallest_change=f"add a stock line for {sku!r}, or correct the order line",
            )
        have = sum(place.quantity for place in stock.get(sku, ()))
        if have < quantity <= have + cut_off.get(sku, 0):
            return Unassigned(
                id=order.id,
                reason="unreachable",
                detail=f"{quantity} of {sku!r} are needed; {cut_off[sku]} lie where no way leads from depot to depot",
                smallest_change=f"join the places of {sku!r} to the floor's graph in both directions, or move the stock",
            )
        if have < quantity:
            return Unassigned(
                id=order.id,
                reason="out-of-stock",
                detail=f"{quantity} of {sku!r} are needed and {have} are left for this order",
                smallest_change=f"bring {quantity - have} more of {sku!r}, or lower the order line to {have}",
            )
    return None


def _take(need: dict[str, int], stock: dict[str, list[_Place]], floor: Floor) -> list[Pick]:
    """SKUs with one place first; the others from the place nearest to those, fewest places when one does not do."""
    picks: list[Pick] = []
    for sku, quantity in sorted(need.items(), key=lambda kv: (len(stock[kv[0]]), kv[0])):
        left = quantity
        while left:
            places = [place for place in stock[sku] if place.quantity]
            enough = [place for place in places if place.quantity >= left]
            pool = enough or [max(places, key=lambda place: (place.quantity, place.location))]
            best = pool[0]
            if len(pool) > 1:
                best = min(pool, key=lambda place: (_detour(place, picks, floor), place.location))
            taken = min(left, best.quantity)
            best.quantity -= taken
            left -= taken
            picks.append(Pick(best.location, sku, taken, best.position))
    return picks


def _detour(place: _Place, picks: list[Pick], floor: Floor) -> float:
    if not picks:
        return floor.from_start(place.position)
    return min(floor.distance(pick.position, place.position) for pick in picks)
