"""Which places a pick list's articles are taken from: the best ones by exact search, near ones where it cannot say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from containers.optimizer.floor.places import Floor
from containers.optimizer.routing import program
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import choice_of
from contracts.problems.routing import Take

Stock = Mapping[str, Counter[str]]  # article → location → pieces


def places_for(
    floor: Floor,
    need: Mapping[str, int],
    visited: Iterable[str],
    stock: Stock,
    clock: Clock,
    rounds: int = 100,
    seed: int = 1,
    start: Iterable[str] = (),
) -> tuple[tuple[Take, ...], float | None]:
    """(what to take where, a proven lower bound in metres or None); takes it out of `stock`, which must hold enough.

    need: pieces by article. visited: locations that the walk passes anyway. start: locations that hold the need, of a walk to
    improve on; none when there is no such walk. Ends when the clock runs out, or after so many `rounds` of search; without
    any, the places are near ones.
    """
    fixed = {floor.position(name) for name in visited}
    begin = frozenset(floor.position(name) for name in start)
    found = _search(floor, need, stock, fixed, clock, rounds, seed, begin) if rounds > 0 else None
    if found is None:
        return _taken(floor, need, stock, _near_places(floor, need, stock, fixed)), None
    return _taken(floor, need, stock, found[0]), found[1]


def _search(
    floor: Floor,
    need: Mapping[str, int],
    stock: Stock,
    fixed: set[int],
    clock: Clock,
    rounds: int,
    seed: int,
    start: frozenset[int],
) -> tuple[set[int], float] | None:
    """(places that hold the need on a short tour, a lower bound), or None where only near places can be chosen."""
    from containers.optimizer.routing.scattered.network import MAX_OPTIONS, options_at_most
    from containers.optimizer.routing.scattered.search import search

    on_ladder = floor.on_ladder(()) if floor.exact else None
    if on_ladder is None:
        return None
    ladder = on_ladder[0]
    supply: dict[int, dict[str, int]] = {}
    for sku in need:
        for location, pieces in stock[sku].items():
            if pieces:
                here = supply.setdefault(floor.position(location), {})
                here[sku] = here.get(sku, 0) + pieces
    choice = choice_of(supply, need, frozenset(fixed))
    if options_at_most(ladder, choice) <= MAX_OPTIONS:
        return search(ladder, choice, clock, rounds, seed, start)
    if ladder.floating:
        return None
    every = {position: {f"sku {sku}": pieces for sku, pieces in held.items()} for position, held in supply.items()}
    for position in fixed:
        every.setdefault(position, {})[f"at {position}"] = 1
    demand = {f"sku {sku}": pieces for sku, pieces in need.items()} | {f"at {position}": 1 for position in fixed}
    solved = program.choose(ladder, every, demand, clock.left())
    return None if solved is None else (set(solved.positions), solved.bound + ladder.stub)


def _near_places(floor: Floor, need: Mapping[str, int], stock: Stock, fixed: Iterable[int]) -> set[int]:
    """Scarce articles first, each from the places that lengthen the walk least."""
    chosen = set(fixed)
    for sku in sorted(need, key=lambda sku: (len(stock[sku]), sku)):
        held = Counter[int]()
        for location, pieces in stock[sku].items():
            if pieces:
                held[floor.position(location)] += pieces
        missing = need[sku] - sum(pieces for position, pieces in held.items() if position in chosen)
        while missing > 0:
            rest = [position for position in held if position not in chosen]
            best = min(rest, key=lambda p: (floor.tour_length(chosen | {p}) / min(missing, held[p]), p))
            chosen.add(best)
            missing -= held[best]
    return chosen


def _taken(floor: Floor, need: Mapping[str, int], stock: Stock, positions: set[int]) -> tuple[Take, ...]:
    """Take what is needed at these positions, from as few of them as the largest stocks allow."""
    takes = []
    for sku, pieces in sorted(need.items()):
        here = [location for location, held in stock[sku].items() if held and floor.position(location) in positions]
        for location in sorted(here, key=lambda name: (-stock[sku][name], name)):
            taken = min(pieces, stock[sku][location])
            if taken:
                takes.append(Take(location=location, sku=sku, quantity=taken))
                stock[sku][location] -= taken
                pieces -= taken
    return tuple(takes)
