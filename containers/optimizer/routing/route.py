"""From a list and what is taken where to the route that people and machines read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from containers.optimizer.floor.places import Floor
from containers.optimizer.routing import rules
from contracts.problems.routing import LockedRoute, Route, Take


def route_of(floor: Floor, name: str, locations: Iterable[str], takes: Iterable[Take], hurried: bool = False) -> Route:
    """The floor's own walk past `locations` and where `takes` lie. name: the list's id.

    hurried: of the rules only S-shape is measured; all of them take four times as long.
    """
    takes = _merged(takes)
    at: dict[int, list[str]] = defaultdict(list)
    for location in sorted({*locations, *(take.location for take in takes)}):
        at[floor.position(location)].append(location)
    walk = floor.tour(at)
    order = [location for position in walk.order for location in at[position]]
    rank = {location: i for i, location in enumerate(order)}
    walked = rules.metres_on(floor, at, (rules.S_SHAPE,) if hurried else None)
    return Route(
        id=name,
        locations=tuple(order),
        path=walk.path,
        nodes=walk.nodes,
        takes=tuple(sorted(takes, key=lambda take: (rank[take.location], take.sku))),
        distance_m=walk.length_m,
        s_shape_m=walked.get(rules.S_SHAPE),
        rules_m=walked,
    )


def as_given(floor: Floor, given: Route | LockedRoute, metres: float) -> Route:
    """A route walked as it was given, so many metres long, beside what the rules walk past its places."""
    walked = rules.metres_on(floor, {floor.position(location) for location in given.locations})
    return Route(
        id=given.id,
        locations=given.locations,
        path=given.path,
        nodes=given.nodes,
        takes=given.takes,
        distance_m=metres,
        s_shape_m=walked.get(rules.S_SHAPE),
        rules_m=walked,
    )


def no_longer(floor: Floor, given: Route) -> Route:
    """The given route's places on the floor's own walk, or as it was walked where that is shorter."""
    own = route_of(floor, given.id, given.locations, given.takes)
    return own if own.distance_m <= given.distance_m else as_given(floor, given, given.distance_m)


def _merged(takes: Iterable[Take]) -> list[Take]:
    """One take for each article and location."""
    pieces: Counter[tuple[str, str]] = Counter()
    for take in takes:
        pieces[take.location, take.sku] += take.quantity
    return [Take(location=location, sku=sku, quantity=many) for (location, sku), many in pieces.items()]
