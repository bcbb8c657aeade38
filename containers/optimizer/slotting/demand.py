"""How the articles are asked for: tours of the order history, and visits per article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from contracts.problems.slotting import SlottingFacts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Demand:
    """tours: the SKUs that each tour visits. picks: visits per SKU over the horizon, with what `needs` says of them."""

    tours: tuple[tuple[str, ...], ...]
    picks: dict[str, float]
    counted: dict[str, int]


def demand_of(facts: SlottingFacts) -> Demand:
    """A tour takes `orders_per_tour` orders, as they come; it visits each of its SKUs once."""
    step = facts.orders_per_tour
    tours = []
    for first in range(0, len(facts.orders), step):
        seen = dict.fromkeys(line.sku for order in facts.orders[first : first + step] for line in order.lines)
        tours.append(tuple(sorted(seen)))
    counted = Counter(sku for tour in tours for sku in tour)
    picks: dict[str, float] = dict(counted)
    picks.update({need.sku: need.picks for need in facts.needs if need.picks is not None})
    return Demand(tuple(tours), picks, counted)


@dataclass(frozen=True, eq=False)
class History:
    """Tours as units: tour t visits units[offsets[t]:offsets[t + 1]], `weight[t]` times over the horizon."""

    offsets: Ints
    units: Ints
    weight: Floats
    count: int  # of units

    @property
    def tours(self) -> int:
        return len(self.weight)

    @cached_property
    def by_unit(self) -> tuple[Ints, Ints]:
        """(offsets, tours): the tours that visit each unit."""
        order = np.argsort(self.units, kind="stable")
        of_tour = np.repeat(np.arange(self.tours), np.diff(self.offsets))
        offsets = np.zeros(self.count + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.units, minlength=self.count), out=offsets[1:])
        return offsets, of_tour[order].astype(np.int64)


def history_of(demand: Demand, units: dict[str, Sequence[int]], count: int) -> History:
    """The tours through units: a SKU with several is visited at each in turn. Equal tours become one with a weight.

    units: the unit numbers of each SKU that can be placed. What `needs` asks for beyond the orders are tours of one visit.
    """
    turn: Counter[str] = Counter()
    weights: dict[tuple[int, ...], float] = {}
    for tour in demand.tours:
        visited = []
        for sku in tour:
            own = units.get(sku)
            if own:
                visited.append(own[turn[sku] % len(own)])
                turn[sku] += 1
        if visited:
            key = tuple(sorted(visited))
            weights[key] = weights.get(key, 0.0) + 1.0
    for sku, own in units.items():
        beyond = demand.picks.get(sku, 0.0) - demand.counted.get(sku, 0)
        if beyond > 0:
            for unit in own:
                weights[(unit,)] = weights.get((unit,), 0.0) + beyond / len(own)
    offsets = np.zeros(len(weights) + 1, dtype=np.int64)
    np.cumsum([len(key) for key in weights], out=offsets[1:])
    flat = np.fromiter((unit for key in weights for unit in key), dtype=np.int64, count=int(offsets[-1]))
    return History(offsets, flat, np.fromiter(weights.values(), dtype=np.float64, count=len(weights)), count)
