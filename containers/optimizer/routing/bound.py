"""Metres that no plan walks less than: the sum of what each list needs, as long as every list can be proven."""

from __future__ import annotations

from containers.optimizer.floor.places import Floor
from containers.optimizer.floor.stops import MAX_SUBSET_STOPS as MAX_EXACT_STOPS
from containers.optimizer.routing import held_karp
from contracts.optimize import Bound
from contracts.problems.routing import Route

SWEEP = "equivalence classes of partial tours (Ratliff & Rosenthal 1983; Roodbergen & de Koster 2001)"
UNPROVEN = "lists share stock, or places were chosen greedily: nothing is proven"


def shortest_at_least(floor: Floor, route: Route) -> float:
    """Metres that no walk past the route's locations is shorter than. Its walk must be the floor's own, or as short."""
    positions = {floor.position(name) for name in route.locations}
    walks = floor.walks(positions)
    if walks is None or len(positions) <= MAX_EXACT_STOPS:
        return route.distance_m
    return held_karp.tour_bound(walks, route.distance_m)


def bound_of(floor: Floor, metres: float, least: float | None) -> tuple[Bound, bool]:
    """(the bound on a plan of so many metres, whether the plan meets it). least: the sum over the lists, None without proof."""
    if least is None:
        return Bound(reason=UNPROVEN), False
    closed = metres - least <= 1e-6 * max(1.0, metres)
    method = SWEEP if floor.exact else held_karp.METHOD
    return Bound(value=metres if closed else least, method=method), closed
