"""The validated, immutable form of a routing problem: lists, the floor they are walked on, and what of them cannot be picked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from containers.optimizer.floor.places import Floor, floor_of
from contracts.errors import Fault, ProblemError, from_validation
from contracts.optimize import Unassigned
from contracts.problems.routing import PickList, RoutingLocks, RoutingProblem, Take

Stock = dict[str, Counter[str]]  # article → location → pieces


@dataclass(frozen=True)
class Instance:
    """A validated routing problem and its floor. `left_out` lists cannot be picked beside the locks."""

    source: RoutingProblem
    floor: Floor
    left_out: tuple[Unassigned, ...]
    locks: RoutingLocks = field(default_factory=RoutingLocks)

    @property
    def lists(self) -> list[PickList]:
        """The lists that can be picked, in their order."""
        refused = {one.id for one in self.left_out}
        return [one for one in self.source.lists if one.id not in refused]

    def stock(self) -> Stock:
        """What lies where a picker can walk to, without what the locks take: a copy to take from."""
        left: Stock = defaultdict(Counter)
        for line in self.source.stock:
            if self.floor.reachable(line.location):
                left[line.sku][line.location] += line.quantity
        for take in locked_takes(self.locks):
            left[take.sku][take.location] -= take.quantity
        return left


def need_of(one: PickList) -> Counter[str]:
    """Pieces by article that a list's lines ask for."""
    need: Counter[str] = Counter()
    for line in one.lines:
        need[line.sku] += line.quantity
    return need


def locked_takes(locks: RoutingLocks) -> Iterator[Take]:
    """Everything that locks take from stock."""
    for route in locks.routes:
        yield from route.takes
    yield from locks.takes


def read(data: Mapping[str, Any]) -> Instance:
    """Raises ProblemError with a pointer to every unknown location and repeated id."""
    try:
        problem = RoutingProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from error
    named = {name for one in problem.lists for name in one.locations}
    floor = floor_of(problem.layout, named | {line.location for line in problem.stock})
    cure = "in the layout; use one of its location ids"
    faults = [
        Fault(f"/data/lists/{i}/locations/{j}", f"no location {name!r} {cure}")
        for i, one in enumerate(problem.lists)
        for j, name in enumerate(one.locations)
        if not floor.has(name)
    ]
    faults += [
        Fault(f"/data/stock/{i}/location", f"no location {line.location!r} {cure}")
        for i, line in enumerate(problem.stock)
        if not floor.has(line.location)
    ]
    for i, times in Counter(one.id for one in problem.lists).items():
        if times > 1:
            faults.append(Fault("/data/lists", f"id {i!r} appears {times} times; give each list its own id"))
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:50]))
    return Instance(problem, floor, unpickable(problem, floor, RoutingLocks()))


def unpickable(problem: RoutingProblem, floor: Floor, locks: RoutingLocks) -> tuple[Unassigned, ...]:
    """Lists with an unreachable location, or whose articles the stock does not hold once locks and earlier lists have taken."""
    stock: Counter[str] = Counter()
    for line in problem.stock:
        if floor.reachable(line.location):
            stock[line.sku] += line.quantity
    for take in locked_takes(locks):
        stock[take.sku] -= take.quantity
    locked = {route.id for route in locks.routes}
    pinned: dict[str, Counter[str]] = defaultdict(Counter)
    for one in locks.takes:
        pinned[one.pick_list][one.sku] += one.quantity
    refusals = []
    for wanted in problem.lists:
        if wanted.id in locked:
            continue
        need = need_of(wanted)
        if wanted.id in pinned:
            need -= pinned[wanted.id]
        refusal = _refusal(wanted, need, stock, floor)
        if refusal is not None:
            refusals.append(refusal)
            continue
        stock.subtract(need)
    return tuple(refusals)


def _refusal(one: PickList, need: Counter[str], stock: Counter[str], floor: Floor) -> Unassigned | None:
    for name in one.locations:
        if not floor.reachable(name):
            return unreachable(one, name)
    for sku, pieces in need.items():
        if stock[sku] < pieces:
            return out_of_stock(one, sku, pieces, stock[sku])
    return None


def unreachable(one: PickList, location: str) -> Unassigned:
    """Why a list is left out, in words."""
    return Unassigned(
        id=one.id,
        reason="unreachable",
        detail=f"no way leads from the depot to {location!r} and on to the end depot",
        smallest_change=f"join {location!r} to the floor's graph in both directions, or leave it out",
    )


def out_of_stock(one: PickList, sku: str, needed: int, there: int) -> Unassigned:
    """Why a list is left out, in words."""
    return Unassigned(
        id=one.id,
        reason="out-of-stock",
        detail=f"{needed} of {sku!r} are needed and {there} are left for this list",
        smallest_change=f"bring {needed - there} more of {sku!r} to a place that can be reached",
    )
