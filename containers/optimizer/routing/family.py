"""The routing family: read, solve (exact), check, baseline (S-shape)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from containers.optimizer.family import Answer, CheckReport, Family, Run
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.routing.heuristics import length, s_shape
from contracts.errors import Fault, ProblemError, from_validation
from contracts.layout import ParametricLayout, parametric_locations
from contracts.optimize import Bound, Objective, Reference
from contracts.problems.routing import Route, RoutingProblem, RoutingSolution

METHOD = "equivalence classes of partial tours (Ratliff & Rosenthal 1983; Roodbergen & de Koster 2001)"
EPSILON = 1e-4


@dataclass(frozen=True)
class Instance:
    """A validated routing problem and its floor."""

    source: RoutingProblem
    floor: AisleFloor


def read(data: Mapping[str, Any]) -> Instance:
    """Raises ProblemError with a pointer to every unknown location, repeated id, or layout with too many blocks."""
    try:
        problem = RoutingProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from error
    floor = AisleFloor(problem.layout)
    if not floor.exact:
        detail = "exact walks need at most four blocks"
        raise ProblemError("too-large-to-solve", detail, errors=(Fault("/data/layout/blocks", detail),))
    faults = [
        Fault(f"/data/lists/{i}/locations/{j}", f"no location {name!r} in the layout; use one of its location ids")
        for i, one in enumerate(problem.lists)
        for j, name in enumerate(one.locations)
        if not floor.has(name)
    ]
    seen: set[str] = set()
    for i, one in enumerate(problem.lists):
        if one.id in seen:
            faults.append(Fault(f"/data/lists/{i}/id", f"{one.id!r} appears twice; give each list its own id"))
        seen.add(one.id)
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:50]))
    return Instance(problem, floor)


def solve(instance: Instance, run: Run) -> Answer:
    """The shortest walk of every list. Budget and seed change nothing: the method is exact and takes microseconds."""
    routes = []
    for one in instance.source.lists:
        at: dict[int, list[str]] = defaultdict(list)
        for name in sorted(set(one.locations)):
            at[instance.floor.position(name)].append(name)
        walk = instance.floor.tour(at)
        order = tuple(name for position in walk.order for name in at[position])
        before = length(s_shape(instance.source.layout, (instance.floor.place(p) for p in at)))
        routes.append(Route(id=one.id, locations=order, path=walk.path, distance_m=walk.length_m, s_shape_m=before))
    metres = sum(route.distance_m for route in routes)
    run.report(metres, bound=metres)
    return Answer(
        objective=Objective(value=metres, unit="m", parts={"walking": metres}),
        solution=RoutingSolution(routes=tuple(routes), distance_m=metres).model_dump(mode="json"),
        status="optimal",
        stopped_by="optimal",
        bound=Bound(value=metres, gap=0.0, method=METHOD),
    )


def check(instance: Instance, solution: Mapping[str, Any], _locks: Mapping[str, Any] | None) -> CheckReport:
    """Every list has one route, on aisles, from depot to end depot, past every location of the list."""
    problem = instance.source
    try:
        plan = RoutingSolution.model_validate(solution)
    except ValidationError as error:
        raise from_validation(error, "/warm_start") from error
    wanted = {name for one in problem.lists for name in one.locations}
    places = {place.id: (place.x_m, place.y_m) for place in parametric_locations(problem.layout) if place.id in wanted}
    lists = {one.id: set(one.locations) for one in problem.lists}
    faults: list[Fault] = []
    if sorted(route.id for route in plan.routes) != sorted(lists):
        faults.append(Fault("/routes", "there must be exactly one route for each list"))
    total = 0.0
    for i, route in enumerate(plan.routes):
        walked = length(route.path)
        total += walked
        if set(route.locations) != lists.get(route.id, set()):
            faults.append(Fault(f"/routes/{i}/locations", "the route's locations are not those of its list"))
        if abs(walked - route.distance_m) > EPSILON:
            faults.append(Fault(f"/routes/{i}/distance_m", f"the walk is {walked} m long"))
        faults += _walk_faults(problem.layout, route, i, places)
    return CheckReport(Objective(value=total, unit="m", parts={"walking": total}), tuple(faults))


def _walk_faults(layout: ParametricLayout, route: Route, number: int, places: dict[str, Any]) -> list[Fault]:
    where = f"/routes/{number}/path"
    legs = list(itertools.pairwise(route.path)) or [(p, p) for p in route.path]
    faults = [Fault(where, f"no aisle leads from {a} to {b}") for a, b in legs if not _walkable(layout, a, b)]
    end = layout.end_depot or layout.depot
    for depot, points in ((layout.depot, route.path[:1]), (end, route.path[-1:])):
        home = (depot.aisle * layout.aisle_pitch_m, depot.cross_aisle * layout.block_length_m)
        if not points or max(abs(points[0][0] - home[0]), abs(points[0][1] - home[1])) > EPSILON:
            faults.append(Fault(where, f"the walk must touch the depot at {home}"))
    for name in route.locations:
        if name in places and not any(_passes(places[name], a, b) for a, b in legs):
            faults.append(Fault(where, f"the walk does not pass {name}"))
    return faults


def _passes(point: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(min(a[k], b[k]) - EPSILON <= point[k] <= max(a[k], b[k]) + EPSILON for k in (0, 1))


def _walkable(layout: ParametricLayout, a: tuple[float, float], b: tuple[float, float]) -> bool:
    width = (layout.aisles - 1) * layout.aisle_pitch_m
    depth = layout.blocks * layout.block_length_m
    if not all(-EPSILON <= x <= width + EPSILON and -EPSILON <= y <= depth + EPSILON for x, y in (a, b)):
        return False
    if abs(a[0] - b[0]) < EPSILON:
        return abs(a[0] - round(a[0] / layout.aisle_pitch_m) * layout.aisle_pitch_m) < EPSILON
    block = layout.block_length_m
    return abs(a[1] - b[1]) < EPSILON and (block == 0 or abs(a[1] - round(a[1] / block) * block) < EPSILON)


def baseline(instance: Instance) -> Reference:
    """What the S-shape rule walks."""
    metres = 0.0
    for one in instance.source.lists:
        positions = {instance.floor.position(name) for name in one.locations}
        metres += length(s_shape(instance.source.layout, (instance.floor.place(p) for p in positions)))
    return Reference(value=metres, method="S-shape routes")


def warm() -> None:
    """Load or compile the sweep."""
    layout = ParametricLayout(aisles=2, bays_per_block=3)
    AisleFloor(layout).tour([1, 4])


FAMILY: Family[Instance] = Family(
    name="routing", version="1", read=read, solve=solve, check=check, baseline=baseline, warm=warm
)
