"""An independent reading of routes: from the request's data, its locks and the plan alone, without the solver's code.

Every list that can be picked has one route, every walk follows the floor past its places, every piece lies in stock, and what
is locked is there unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from containers.optimizer.family import CheckReport
from containers.optimizer.reading import locks_of, plan_of, untrue
from containers.optimizer.routing.problem import Instance, out_of_stock, unreachable
from containers.optimizer.walk_check import METRES_EPSILON, WalkCheck
from contracts.errors import Fault
from contracts.optimize import Objective, Unassigned
from contracts.problems.routing import LockedRoute, PickList, Route, RoutingLocks, RoutingProblem, RoutingSolution


def check(instance: Instance, solution: Mapping[str, Any], locks: Mapping[str, Any] | None) -> CheckReport:
    """What is wrong with the routes, and how long they are."""
    problem = instance.source
    plan, pinned = plan_of(RoutingSolution, solution), locks_of(RoutingLocks, locks)
    lists = {one.id: one for one in problem.lists}
    faults = [
        Fault("/routes", f"there are {times} routes for {name!r}; each list that can be picked has one")
        for name, times in Counter(route.id for route in plan.routes).items()
        if times > 1 or name not in lists
    ]
    left_out = _left_out(problem, plan, pinned, faults)
    total, reader = 0.0, RouteCheck(problem, plan.routes)
    for i, route in enumerate(plan.routes):
        total += reader.read(route, lists.get(route.id), f"/routes/{i}", faults)
    faults += [
        Fault("/routes", f"{-left} more of {sku!r} are taken from {location} than lie there")
        for (location, sku), left in _left(problem, plan).items()
        if left < 0
    ]
    faults += _lock_faults(plan, pinned)
    value = Objective(value=total, unit="m", parts={"walking": total})
    return CheckReport(value, tuple(faults), left_out, tuple(untrue(plan, "", {"distance_m": total})))


class RouteCheck:
    """Reads each of some routes on a problem's floor."""

    def __init__(self, problem: RoutingProblem, routes: Sequence[Route | LockedRoute]) -> None:
        self._reader = WalkCheck(problem.layout)
        self._places = self._reader.places(name for route in routes for name in route.locations)

    def read(self, route: Route | LockedRoute, one: PickList | None, where: str, faults: list[Fault]) -> float:
        """Metres of the walk; appends what is wrong with it, and with what it takes for the list."""
        reader, places = self._reader, self._places
        walked = reader.length(route.path, route.nodes, where, faults)
        if route.distance_m is not None and abs(walked - route.distance_m) > METRES_EPSILON:
            faults.append(Fault(f"{where}/distance_m", f"the walk is {walked} m long"))
        if one is not None:
            faults += _contents_faults(one, route, where)
        known = [name for name in route.locations if name in places]
        missed = {known[n] for n in reader.unpassed(route.path, [places[name] for name in known])}
        for name in route.locations:
            if name not in places or name in missed or not reader.passes_node(route.nodes, name):
                faults.append(Fault(f"{where}/path", f"the walk does not pass {name}"))
        return walked


def _left_out(
    problem: RoutingProblem, plan: RoutingSolution, locks: RoutingLocks, faults: list[Fault]
) -> tuple[Unassigned, ...]:
    """Why each list without a route has none: faults say where one could have been picked.

    Lists take from stock in their order, after what is locked.
    """
    walks = WalkCheck(problem.layout)
    stock = Counter[str]()
    for line in problem.stock:
        stock[line.sku] += line.quantity if walks.reaches(line.location) else 0
    locked = {route.id for route in locks.routes}
    owed: dict[str, Counter[str]] = {one.id: _wanted(one) for one in problem.lists}
    for take in (take for route in locks.routes for take in route.takes):
        stock[take.sku] -= take.quantity
    for pin in locks.takes:
        stock[pin.sku] -= pin.quantity
        if pin.pick_list in owed:
            owed[pin.pick_list][pin.sku] -= pin.quantity
    routed = {route.id for route in plan.routes}
    why = []
    for one in problem.lists:
        if one.id in locked:
            continue
        cut_off = next((name for name in one.locations if not walks.reaches(name)), None)
        lacking = next((sku for sku, pieces in owed[one.id].items() if pieces > stock[sku]), None)
        if one.id in routed:
            stock.subtract(+owed[one.id])
        elif cut_off is not None:
            why.append(unreachable(one, cut_off))
        elif lacking is not None:
            why.append(out_of_stock(one, lacking, owed[one.id][lacking], stock[lacking]))
        else:
            faults.append(Fault("/routes", f"list {one.id!r} can be picked and has no route"))
    return tuple(why)


def _wanted(one: PickList) -> Counter[str]:
    pieces = Counter[str]()
    for line in one.lines:
        pieces[line.sku] += line.quantity
    return pieces


def _left(problem: RoutingProblem, plan: RoutingSolution) -> Counter[tuple[str, str]]:
    """What the plan leaves of each article at each place; less than nothing where it takes too much."""
    stock = Counter[tuple[str, str]]()
    for line in problem.stock:
        stock[(line.location, line.sku)] += line.quantity
    for route in plan.routes:
        for take in route.takes:
            stock[(take.location, take.sku)] -= take.quantity
    return stock


def _contents_faults(one: PickList, route: Route | LockedRoute, where: str) -> list[Fault]:
    faults = []
    if set(route.locations) != {*one.locations, *(take.location for take in route.takes)}:
        faults.append(Fault(f"{where}/locations", "the route's locations are not those of its list"))
    if len(set(route.locations)) < len(route.locations):
        faults.append(Fault(f"{where}/locations", "a location is named twice"))
    taken = Counter[str]()
    for take in route.takes:
        taken[take.sku] += take.quantity
    if _wanted(one) != taken:
        faults.append(Fault(f"{where}/takes", "the pieces taken are not those of the list's lines"))
    return faults


def _lock_faults(plan: RoutingSolution, locks: RoutingLocks) -> list[Fault]:
    """Locked routes that are not in the plan as they were, and pinned pieces that come from elsewhere."""
    by_id = {route.id: route for route in plan.routes}
    faults = []
    for i, locked in enumerate(locks.routes):
        found = by_id.get(locked.id)
        same = found is not None and all(
            getattr(found, name) == getattr(locked, name) for name in ("locations", "path", "nodes", "takes")
        )
        if not same:
            faults.append(Fault(f"/locks/routes/{i}", f"the plan does not hold this route of {locked.id!r} unchanged"))
    pinned: dict[tuple[str, str, str], int] = Counter()
    for i, one in enumerate(locks.takes):
        pinned[one.pick_list, one.location, one.sku] += one.quantity
        route = by_id.get(one.pick_list)
        there = sum(
            take.quantity
            for take in (route.takes if route is not None else ())
            if (take.location, take.sku) == (one.location, one.sku)
        )
        if there < pinned[one.pick_list, one.location, one.sku]:
            detail = f"the plan takes {there} of {one.sku!r} from {one.location} for {one.pick_list!r}"
            faults.append(Fault(f"/locks/takes/{i}", detail))
    return faults
