"""The routing family: read, solve, check, baseline (the S-shape rule)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from containers.optimizer.family import Answer, CheckReport, Family, Run
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.places import Floor, floor_of
from containers.optimizer.floor.stops import MAX_SUBSET_STOPS as MAX_EXACT_STOPS
from containers.optimizer.routing import held_karp, rules
from containers.optimizer.routing.places import places_for
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.walk_check import METRES_EPSILON, WalkCheck
from contracts.errors import Fault, ProblemError, from_validation
from contracts.optimize import Bound, Objective, Reference, Unassigned
from contracts.problems.routing import PickList, Route, RoutingProblem, RoutingSolution, Take

MOST_ROUNDS = 1000
METHOD = "equivalence classes of partial tours (Ratliff & Rosenthal 1983; Roodbergen & de Koster 2001)"


@dataclass(frozen=True)
class Instance:
    """A validated routing problem and its floor. `left_out` lists cannot be picked."""

    source: RoutingProblem
    floor: Floor
    left_out: tuple[Unassigned, ...]

    @property
    def lists(self) -> list[PickList]:
        """The lists that can be picked, in their order."""
        refused = {one.id for one in self.left_out}
        return [one for one in self.source.lists if one.id not in refused]


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
    return Instance(problem, floor, _left_out(problem, floor))


def _left_out(problem: RoutingProblem, floor: Floor) -> tuple[Unassigned, ...]:
    """Lists with an unreachable location, or whose articles the stock does not hold once earlier lists have taken."""
    stock: Counter[str] = Counter()
    for line in problem.stock:
        if floor.reachable(line.location):
            stock[line.sku] += line.quantity
    refusals = []
    for one in problem.lists:
        refusal = _refusal(one, stock, floor)
        if refusal is not None:
            refusals.append(refusal)
            continue
        for wanted in one.lines:
            stock[wanted.sku] -= wanted.quantity
    return tuple(refusals)


def _refusal(one: PickList, stock: Counter[str], floor: Floor) -> Unassigned | None:
    for name in one.locations:
        if not floor.reachable(name):
            return Unassigned(
                id=one.id,
                reason="unreachable",
                detail=f"no way leads from the depot to {name!r} and on to the end depot",
                smallest_change=f"join {name!r} to the floor's graph in both directions, or leave it out",
            )
    need: Counter[str] = Counter()
    for wanted in one.lines:
        need[wanted.sku] += wanted.quantity
    for sku, pieces in need.items():
        if stock[sku] < pieces:
            return Unassigned(
                id=one.id,
                reason="out-of-stock",
                detail=f"{pieces} of {sku!r} are needed and {stock[sku]} are left for this list",
                smallest_change=f"bring {pieces - stock[sku]} more of {sku!r} to a place that can be reached",
            )
    return None


def solve(instance: Instance, run: Run) -> Answer:
    """The shortest walk of every list; the time left is shared by the lists whose places are still to be chosen."""
    routes = []
    left: dict[str, Counter[str]] = defaultdict(Counter)  # article → location → pieces
    for line in instance.source.stock:
        if instance.floor.reachable(line.location):
            left[line.sku][line.location] += line.quantity
    bound, proven, touched = 0.0, True, set[str]()
    lists = instance.lists
    to_choose = sum(bool(one.lines) for one in lists)
    for one in lists:
        takes: tuple[Take, ...] = ()
        lower = None
        if one.lines:
            clock = Clock.of(max(0.05, run.remaining_s / max(1, to_choose)), lambda: run.stop_reason is not None)
            rounds = run.budget.iterations or MOST_ROUNDS
            takes, lower = places_for(instance.floor, one, left, clock, rounds, run.seed)
            to_choose -= 1
            wanted = {line.sku for line in one.lines}
            if wanted & touched or lower is None:  # what earlier lists took might have been left for this one
                proven = False
            touched |= wanted
        route = _route(instance, one, takes)
        routes.append(route)
        if not one.lines and proven:
            lower = _shortest_at_least(instance.floor, route)
        bound += min(route.distance_m, lower or 0.0)
    metres = sum(route.distance_m for route in routes)
    run.report(metres, bound=bound if proven else None)
    closed = proven and metres - bound <= 1e-6 * max(1.0, metres)
    reason = "lists share stock, or places were chosen greedily: nothing is proven"
    method = METHOD if instance.floor.exact else held_karp.METHOD
    return Answer(
        objective=Objective(value=metres, unit="m", parts={"walking": metres}),
        solution=RoutingSolution(routes=tuple(routes), distance_m=metres).model_dump(mode="json"),
        status="optimal" if closed else "feasible",
        unassigned=instance.left_out,
        stopped_by="optimal" if closed else run.stop_reason or "complete",
        bound=Bound(value=metres if closed else bound, method=method) if proven else Bound(reason=reason),
    )


def _shortest_at_least(floor: Floor, route: Route) -> float:
    """Metres that no walk past the route's locations is shorter than."""
    positions = {floor.position(name) for name in route.locations}
    walks = floor.walks(positions)
    if walks is None or len(positions) <= MAX_EXACT_STOPS:
        return route.distance_m
    return held_karp.tour_bound(walks, route.distance_m)


def _route(instance: Instance, one: PickList, takes: tuple[Take, ...]) -> Route:
    floor = instance.floor
    at: dict[int, list[str]] = defaultdict(list)
    for name in sorted({*one.locations, *(take.location for take in takes)}):
        at[floor.position(name)].append(name)
    walk = floor.tour(at)
    order = [name for position in walk.order for name in at[position]]
    rank = {name: i for i, name in enumerate(order)}
    walked = rules.metres_on(floor, at)
    return Route(
        id=one.id,
        locations=tuple(order),
        path=walk.path,
        nodes=walk.nodes,
        takes=tuple(sorted(takes, key=lambda take: (rank[take.location], take.sku))),
        distance_m=walk.length_m,
        s_shape_m=walked.get(rules.S_SHAPE),
        rules_m=walked,
    )


def check(instance: Instance, solution: Mapping[str, Any], _locks: Mapping[str, Any] | None) -> CheckReport:
    """Every list has one route from depot to end depot past every location, and takes what its lines say from stock."""
    problem = instance.source
    try:
        plan = RoutingSolution.model_validate(solution)
    except ValidationError as error:
        raise from_validation(error, "/warm_start") from error
    reader = WalkCheck(problem.layout)
    places = reader.places(name for route in plan.routes for name in route.locations)
    lists = {one.id: one for one in instance.lists}
    faults: list[Fault] = []
    if sorted(route.id for route in plan.routes) != sorted(lists):
        faults.append(Fault("/routes", "there must be exactly one route for each list that can be picked"))
    stock = Counter[tuple[str, str]]()
    for line in problem.stock:
        stock[(line.location, line.sku)] += line.quantity
    total = 0.0
    for i, route in enumerate(plan.routes):
        where = f"/routes/{i}"
        walked = reader.length(route.path, route.nodes, where, faults)
        total += walked
        if abs(walked - route.distance_m) > METRES_EPSILON:
            faults.append(Fault(f"{where}/distance_m", f"the walk is {walked} m long"))
        if route.id in lists:
            faults += _contents_faults(lists[route.id], route, where)
        known = [name for name in route.locations if name in places]
        missed = {known[n] for n in reader.unpassed(route.path, [places[name] for name in known])}
        for name in route.locations:
            if name not in places or name in missed or not reader.passes_node(route.nodes, name):
                faults.append(Fault(f"{where}/path", f"the walk does not pass {name}"))
        for take in route.takes:
            stock[(take.location, take.sku)] -= take.quantity
    faults += [
        Fault("/routes", f"{-left} more of {sku!r} are taken from {location} than lie there")
        for (location, sku), left in stock.items()
        if left < 0
    ]
    return CheckReport(Objective(value=total, unit="m", parts={"walking": total}), tuple(faults), instance.left_out)


def _contents_faults(one: PickList, route: Route, where: str) -> list[Fault]:
    faults = []
    if set(route.locations) != {*one.locations, *(take.location for take in route.takes)}:
        faults.append(Fault(f"{where}/locations", "the route's locations are not those of its list"))
    need, taken = Counter[str](), Counter[str]()
    for line in one.lines:
        need[line.sku] += line.quantity
    for take in route.takes:
        taken[take.sku] += take.quantity
    if need != taken:
        faults.append(Fault(f"{where}/takes", "the pieces taken are not those of the list's lines"))
    return faults


def baseline(instance: Instance) -> Reference:
    """What the S-shape rule walks, articles being taken from their first places in stock."""
    left: dict[str, Counter[str]] = defaultdict(Counter)
    for line in instance.source.stock:
        if instance.floor.reachable(line.location):
            left[line.sku][line.location] += line.quantity
    metres, ruled = 0.0, True
    for one in instance.lists:
        names = set(one.locations)
        for wanted in one.lines:
            pieces = wanted.quantity
            for name, held in left[wanted.sku].items():
                taken = min(held, pieces)
                left[wanted.sku][name] -= taken
                pieces -= taken
                if taken:
                    names.add(name)
        positions = {instance.floor.position(name) for name in names}
        walked = rules.metres_on(instance.floor, positions, (rules.S_SHAPE,)).get(rules.S_SHAPE)
        ruled = ruled and walked is not None
        metres += instance.floor.tour_length(positions) if walked is None else walked
    return Reference(value=metres, method="S-shape routes" if ruled else "first places in stock, short walks")


def warm() -> None:
    """Load or compile the sweep."""
    from contracts.layout import ParametricLayout

    layout = ParametricLayout(aisles=2, bays_per_block=3)
    AisleFloor(layout).tour([1, 4])
    AisleFloor(layout.model_copy(update={"blocks": 2})).tour([1, 4])
    stock = {"a": Counter({"A01-L-001-1": 1, "A02-L-003-1": 2}), "b": Counter({"A01-L-002-1": 1, "A02-L-001-1": 1})}
    lines = [{"sku": "a", "quantity": 2}, {"sku": "b", "quantity": 1}]
    places_for(AisleFloor(layout), PickList.model_validate({"id": "L", "lines": lines}), stock, Clock.of(1.0))
    held_karp.tour_bound(np.ones((4, 4)), 3.0)


FAMILY: Family[Instance] = Family(
    name="routing", version="4", read=read, solve=solve, check=check, baseline=baseline, warm=warm
)
