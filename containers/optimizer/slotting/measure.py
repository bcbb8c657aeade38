"""What a slotting plan is worth, read off the request and the plan alone. Shared by `check` and `baseline`, not by `solve`.

An article at several slots is visited at each in turn, in the order in which the plan lists them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from containers.optimizer.floor.places import Floor
from contracts.problems.slotting import SlottingFacts

LONGEST_PAIRED = 400  # tours with more visits do not count for affinity


@dataclass(frozen=True)
class Aim:
    """What is minimised: an objective of SlottingProblem, and its weight of the way to the depot."""

    objective: str
    depot_weight: float = 1.0


def tours_of(facts: SlottingFacts) -> list[list[str]]:
    """The SKUs that each tour visits, once each, in order of SKU."""
    step = facts.orders_per_tour
    groups = (facts.orders[i : i + step] for i in range(0, len(facts.orders), step))
    return [sorted({line.sku for order in group for line in order.lines}) for group in groups]


def visits_of(
    facts: SlottingFacts, slots: Mapping[str, Sequence[str]]
) -> tuple[list[tuple[float, list[str]]], Counter[str]]:
    """([weight, locations] per tour, visits per SKU). slots: the locations of each SKU that has any."""
    turn: Counter[str] = Counter()
    tours: list[tuple[float, list[str]]] = []
    for skus in tours_of(facts):
        stops = []
        for sku in skus:
            if slots.get(sku):
                stops.append(slots[sku][turn[sku] % len(slots[sku])])
            turn[sku] += 1
        tours.append((1.0, stops))
    for need in facts.needs:
        beyond = (need.picks or 0.0) - turn[need.sku]
        if beyond > 0:
            own = slots.get(need.sku, ())
            tours += [(beyond / len(own), [location]) for location in own]
            turn[need.sku] += beyond  # type: ignore[assignment]
    return tours, turn


def measure(
    facts: SlottingFacts, floor: Floor, aim: Aim, slots: Mapping[str, Sequence[str]], missing: Mapping[str, float]
) -> dict[str, float]:
    """The objective's parts. missing: SKU → the share of its pieces that the plan leaves out."""
    tours, visits = visits_of(facts, slots)
    lone: dict[str, float] = {}

    def alone(location: str) -> float:
        if location not in lone:
            lone[location] = floor.tour_length([floor.position(location)])
        return lone[location]

    single: dict[str, float] = defaultdict(float)
    for weight, stops in tours:
        for location in stops:
            single[location] += weight
    parts: dict[str, float] = {}
    if aim.objective == "pick_distance":
        lists: dict[frozenset[int], float] = defaultdict(float)
        for weight, stops in tours:
            lists[frozenset(floor.position(location) for location in stops)] += weight
        parts["walking"] = sum(weight * floor.tour_length(sorted(at)) for at, weight in lists.items() if at)
    else:
        weight = aim.depot_weight if aim.objective == "affinity" else 1.0
        parts["walking"] = weight * sum(count * alone(location) for location, count in single.items())
    if aim.objective == "affinity":
        parts["apart"] = _apart(floor, tours)
    golden = facts.rules.golden
    if golden is not None:
        level = {location: facts.place_of[location].level + 1 for location in single}
        outside = sum(count for location, count in single.items() if level[location] not in golden.levels)
        parts["golden_zone"] = golden.penalty_m * outside
    left = {sku: share for sku, share in missing.items() if share > 0}
    if left:
        price = leave_price(facts, floor, aim)
        parts["left_out"] = sum(share * (visits[sku] + 1.0) * price for sku, share in left.items())
    return parts


def _apart(floor: Floor, tours: Sequence[tuple[float, list[str]]]) -> float:
    """Metres between every two slots that a tour visits, over all tours. Ways there and back may differ on a graph: the way
    from the lower walking position to the higher counts."""
    from scipy.sparse import coo_array, triu

    rows, columns, weights = [], [], []
    for number, (weight, stops) in enumerate(tours):
        if 1 < len(stops) <= LONGEST_PAIRED:
            rows += [number] * len(stops)
            columns += [floor.position(location) for location in stops]
            weights += [weight] * len(stops)
    if not rows:
        return 0.0
    shape = (len(tours), floor.positions)
    visited = coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()
    weighted = coo_array((weights, (rows, columns)), shape=shape).tocsr()
    together = triu(weighted.T @ visited, k=1).tocoo()
    here, there = (index.astype(np.int64) for index in together.coords)
    return float(together.data @ floor.distances(here, there)) if together.nnz else 0.0


def usable_locations(facts: SlottingFacts) -> list[str]:
    """The locations that articles may be put in."""
    named = {slot.location for slot in facts.slots}
    return [name for name in facts.place_of if name not in facts.blocked and (not named or name in named)]


def leave_price(facts: SlottingFacts, floor: Floor, aim: Aim) -> float:
    """What one visit to an article that is left out costs: more than any slot could, so that placing it always pays."""
    lone = [floor.tour_length([at]) for at in {floor.position(name) for name in usable_locations(facts)}]
    worst = max((metres for metres in lone if metres < float("inf")), default=0.0)
    if facts.rules.golden is not None:
        worst += facts.rules.golden.penalty_m
    times = 1.0
    if aim.objective == "affinity":
        longest = max((len(skus) for skus in tours_of(facts)), default=1)
        times = aim.depot_weight + 2.0 * min(longest, LONGEST_PAIRED)
    return times * (worst + 1.0)
