"""Which places a pick list's articles are taken from: the best ones by the exact program, near ones where it cannot say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from containers.optimizer.floor.places import Floor
from containers.optimizer.routing.scattered import choose
from contracts.problems.routing import PickList, Take

Stock = Mapping[str, Counter[str]]  # article → location → pieces


def places_for(floor: Floor, one: PickList, stock: Stock, seconds: float) -> tuple[tuple[Take, ...], float | None]:
    """(what to take where, a proven lower bound in metres or None); takes it out of `stock`, which must hold enough."""
    need = Counter[str]()
    for line in one.lines:
        need[line.sku] += line.quantity
    fixed = {floor.position(name) for name in one.locations}
    near = _near_places(floor, need, stock, fixed)
    found = floor.on_ladder(())
    ladder = found[0] if found is not None and floor.exact else None
    if ladder is None or ladder.floating:
        return _taken(floor, need, stock, near), None
    supply: dict[int, dict[str, int]] = {position: {f"at {position}": 1} for position in fixed}
    demand = {f"at {position}": 1 for position in fixed} | {f"sku {sku}": pieces for sku, pieces in need.items()}
    for sku in need:
        for location, pieces in stock[sku].items():
            if pieces:
                here = supply.setdefault(floor.position(location), {})
                here[f"sku {sku}"] = here.get(f"sku {sku}", 0) + pieces
    choice = choose(ladder, supply, demand, seconds)
    if choice is None:
        return _taken(floor, need, stock, near), None
    chosen = set(choice.positions)
    bound = choice.bound + ladder.stub
    if floor.tour_length(chosen | fixed) > floor.tour_length(near | fixed):
        chosen = near
    return _taken(floor, need, stock, chosen), bound


def _near_places(floor: Floor, need: Counter[str], stock: Stock, fixed: Iterable[int]) -> set[int]:
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


def _taken(floor: Floor, need: Counter[str], stock: Stock, positions: set[int]) -> tuple[Take, ...]:
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
