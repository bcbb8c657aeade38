"""Routing: from lists to the shortest walks that the budget allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from containers.optimizer.family import Answer, Run
from containers.optimizer.routing.bound import bound_of, shortest_at_least
from containers.optimizer.routing.pace import Pace
from containers.optimizer.routing.pins import earlier_routes, pin, pinned_takes
from containers.optimizer.routing.places import places_for
from containers.optimizer.routing.problem import Instance, Stock, need_of
from containers.optimizer.routing.route import as_given, no_longer, route_of
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.shares import sharing
from containers.optimizer.walk_check import WalkCheck
from contracts.optimize import Objective
from contracts.problems.routing import PickList, Route, RoutingSolution, Take

MOST_ROUNDS = 1000
EPSILON = 1e-9


def solve(instance: Instance, run: Run) -> Answer:
    """The shortest walk of every list; the time left is shared by the lists whose places are still to be chosen.

    Locked routes stay. A list keeps its route of an earlier plan where that is shorter than what is found; lists that share
    stock are planned twice then, in their order and each beside the earlier routes of the others, so that all together are
    no longer than they were.
    """
    instance = pin(instance, run.locks)
    earlier, notes = earlier_routes(instance, run.warm_start)
    planner = _Planner(instance, earlier, run)
    least = planner.plan()
    routes = planner.in_order()
    metres = sum(route.distance_m for route in routes)
    run.report(metres, bound=least)
    bound, closed = bound_of(instance.floor, metres, least)
    return Answer(
        objective=Objective(value=metres, unit="m", parts={"walking": metres}),
        solution=RoutingSolution(routes=tuple(routes), distance_m=metres).model_dump(mode="json"),
        status="optimal" if closed else "feasible",
        unassigned=instance.left_out,
        stopped_by="optimal" if closed else run.stop_reason or "complete",
        bound=bound,
        notes=notes,
    )


class _Planner:
    """The lists of one instance, what they need beside their pinned pieces, and their routes so far."""

    def __init__(self, instance: Instance, earlier: Mapping[str, Route], run: Run) -> None:
        self._instance, self._earlier, self._run = instance, earlier, run
        self._pinned = pinned_takes(instance)
        self._need = {one.id: need_of(one) - _pieces(self._pinned.get(one.id, ())) for one in instance.lists}
        self._routes = {route.id: route for route in _locked(instance)}
        self._lists = [one for one in instance.lists if one.id not in self._routes]
        self._groups = [group for group in sharing(self._lists, self._need) if any(one.id in earlier for one in group)]
        to_choose = sum(bool(self._need[one.id]) for one in self._lists) + sum(map(len, self._groups))
        self._pace = Pace(run, len(self._lists), to_choose)

    def in_order(self) -> list[Route]:
        """The routes in the order of the lists."""
        return [self._routes[one.id] for one in self._instance.lists]

    def plan(self) -> float | None:
        """Route every list; returns metres that all together are not shorter than, None without proof."""
        stock = self._instance.stock()
        least, proven, touched = sum(route.distance_m for route in self._routes.values()), True, set[str]()
        for one in self._lists:
            wanted = set(self._need[one.id])
            route, lower = self._route(one, stock)
            self._routes[one.id] = route
            if proven and not wanted:
                lower = shortest_at_least(self._instance.floor, route)
            # What earlier lists took might have been left for this one.
            proven = proven and lower is not None and not wanted & touched
            touched |= wanted
            least += min(route.distance_m, lower or 0.0)
        for group in self._groups:
            self._beside_each_other(group)
        return least if proven else None

    def _beside_each_other(self, group: list[PickList]) -> None:
        """Plan lists that share stock once more, each from what the earlier routes of the others leave, and keep the better."""
        stock = self._instance.stock()
        kept: dict[str, Route] = {}
        for one in group:
            route = self._usable(one, stock)
            if route is not None:
                self._take(one, route, stock, 1)
                kept[one.id] = route
        for one in group:
            if one.id in kept:
                if self._run.should_stop():
                    continue
                self._take(one, kept[one.id], stock, -1)
            kept[one.id], _ = self._route(one, stock)
        if sum(route.distance_m for route in kept.values()) < sum(self._routes[i].distance_m for i in kept) - EPSILON:
            self._routes |= kept

    def _route(self, one: PickList, stock: Stock) -> tuple[Route, float | None]:
        """The best route of a list from this stock, which is taken out of it, and metres that none from it is shorter than,
        if the search for places proves any.
        """
        floor, need = self._instance.floor, self._need[one.id]
        pinned = self._pinned.get(one.id, [])
        earlier = self._usable(one, stock)
        takes: tuple[Take, ...] = ()
        lower = None
        if need:
            run = self._run
            seconds = self._pace.for_search()
            clock = Clock.of(seconds, lambda: run.stop_reason is not None)
            rounds = (run.budget.iterations or MOST_ROUNDS) if seconds > 0 else 0
            visited = [*one.locations, *(take.location for take in pinned)]
            start = () if earlier is None else earlier.locations
            takes, lower = places_for(floor, need, visited, stock, clock, rounds, run.seed, start)
        began = self._run.elapsed_s
        route = route_of(floor, one.id, one.locations, [*takes, *pinned], self._pace.hurried)
        self._pace.routed(self._run.elapsed_s - began)
        if earlier is not None and earlier.distance_m < route.distance_m - EPSILON:
            self._take(one, route, stock, -1)
            self._take(one, earlier, stock, 1)
            route = earlier
        return route, lower

    def _usable(self, one: PickList, stock: Stock) -> Route | None:
        """The list's earlier route, when this stock holds what it takes."""
        route = self._earlier.get(one.id)
        if route is None:
            return None
        wanted = self._beyond_pinned(one, route)
        if any(stock[sku][location] < pieces for (location, sku), pieces in wanted.items()):
            return None
        return no_longer(self._instance.floor, route)

    def _take(self, one: PickList, route: Route, stock: Stock, times: int) -> None:
        """Take a route's pieces out of stock, or put them back (-1); what is pinned was taken before."""
        for (location, sku), pieces in self._beyond_pinned(one, route).items():
            stock[sku][location] -= times * pieces

    def _beyond_pinned(self, one: PickList, route: Route) -> Counter[tuple[str, str]]:
        taken: Counter[tuple[str, str]] = Counter()
        for take in route.takes:
            taken[take.location, take.sku] += take.quantity
        for take in self._pinned.get(one.id, ()):
            taken[take.location, take.sku] -= take.quantity
        return taken


def _pieces(takes: Iterable[Take]) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for take in takes:
        pieces[take.sku] += take.quantity
    return pieces


def _locked(instance: Instance) -> list[Route]:
    """The locked routes with their measures; that they are walks was looked at when they were pinned."""
    reader = WalkCheck(instance.source.layout)
    return [
        as_given(instance.floor, route, reader.length(route.path, route.nodes, "", []))
        for route in instance.locks.routes
    ]
