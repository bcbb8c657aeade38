"""Whose pieces are these? The pieces of each stop are given to the orders of its batch.

With one batch per order any order of giving works. When an order is split between zones, its batches compete: a maximum
flow from stops to orders (Ford and Fulkerson 1956, depth first; a handful of nodes per article) finds a fair split
whenever there is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from contracts.catalogue import Order
from contracts.problems.batching import Batch

StopKey = tuple[int, int]  # index of the batch, index of the stop in it


def allocate(batches: Sequence[Batch], orders: Sequence[Order]) -> tuple[dict[StopKey, dict[str, int]], list[str]]:
    """Pieces per stop and order, and what does not add up (empty when the plan picks exactly what was ordered).

    `orders` are those that the batches hold. A fault names the SKU and how many pieces are missing or too many.
    """
    demand: dict[str, dict[str, int]] = defaultdict(dict)
    for order in orders:
        for line in order.lines:
            demand[line.sku][order.id] = demand[line.sku].get(order.id, 0) + line.quantity
    supply: dict[str, dict[StopKey, int]] = defaultdict(dict)
    for i, batch in enumerate(batches):
        for j, stop in enumerate(batch.stops):
            supply[stop.sku][i, j] = stop.quantity
    found: dict[StopKey, dict[str, int]] = defaultdict(dict)
    faults = []
    for sku in sorted(supply.keys() | demand.keys()):
        wanted, offered = demand.get(sku, {}), supply.get(sku, {})
        takers = {key: [o for o in batches[key[0]].orders if o in wanted] for key in offered}
        flow = _flow(offered, takers, wanted)
        for key, parts in flow.items():
            found[key] = parts
        given = sum(sum(parts.values()) for parts in flow.values())
        if over := sum(offered.values()) - given:
            faults.append(f"{over} of {sku} are picked for nobody")
        if short := sum(wanted.values()) - given:
            faults.append(f"{short} of {sku} are ordered but not picked")
    return found, faults


def _flow(
    offered: Mapping[StopKey, int], takers: Mapping[StopKey, Sequence[str]], wanted: Mapping[str, int]
) -> dict[StopKey, dict[str, int]]:
    flow: dict[StopKey, dict[str, int]] = {key: {} for key in offered}
    open_demand = dict(wanted)

    def push(key: StopKey, amount: int, seen: set[StopKey]) -> int:
        """Give up to `amount` pieces of this stop away; makes room by moving what other stops gave."""
        for order in takers[key]:
            if given := min(amount, open_demand[order]):
                open_demand[order] -= given
                flow[key][order] = flow[key].get(order, 0) + given
                return given
        for order in takers[key]:
            for other, parts in flow.items():
                if other in seen or not parts.get(order):
                    continue
                seen.add(other)
                moved = push(other, min(amount, parts[order]), seen)
                if moved:
                    parts[order] -= moved
                    flow[key][order] = flow[key].get(order, 0) + moved
                    return moved
        return 0

    for key, quantity in offered.items():
        left = quantity
        while left and (moved := push(key, left, {key})):
            left -= moved
    return {key: {order: n for order, n in parts.items() if n} for key, parts in flow.items()}
