"""An earlier plan is where routing starts: never a worse one comes back, and what no longer holds is told."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.routing.route import no_longer, route_of
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import choice_of
from containers.optimizer.routing.scattered.search import search
from containers.optimizer.routing.warm import warm
from contracts.errors import ProblemError
from contracts.layout import ParametricLayout, location_id
from contracts.problems.routing import Route
from tests.containers.optimizer.routing.lists import any_plan, problem, solve

SEED = 4700


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Searches here have a time limit; loading or compiling kernels is not part of it."""
    warm()


@pytest.mark.parametrize("budget", [{"seconds": 0.001}, {"seconds": 20, "iterations": 1}])
@pytest.mark.parametrize("trial", range(12))
def test_lists_that_share_stock_are_never_longer_than_the_plan_before(trial: int, budget: dict[str, Any]) -> None:
    rng = random.Random(SEED + trial)
    data = problem(rng, blocks=1 + trial % 2, lists=3)
    plan = any_plan(data, rng)
    result = solve(data, budget, warm_start=plan)
    assert result.objective.value <= plan["distance_m"] + 1e-6, SEED + trial
    again = solve(data, budget, warm_start=result.solution)
    assert again.objective.value <= result.objective.value + 1e-6, SEED + trial
    assert again.notes == ()


def _contended() -> dict[str, Any]:
    """The first list's nearest piece lies on the second's way. 5 m between aisles, the first bay 1 m in.

    In their order the first takes it, 2 m, and the second has to walk on: 2 x 5 + 2 x 1 m beside 2 x 10 m. The other way
    round both walk 12 + 20 = 32 m, 2 m less.
    """
    layout = {"type": "parametric", "aisles": 2, "bays_per_block": 10}
    stock = [{"sku": "a", "location": f"A0{aisle}-L-001-1", "quantity": 1} for aisle in (1, 2)]
    lines = [{"sku": "a", "quantity": 1}]
    lists = [{"id": "first", "lines": lines}, {"id": "second", "lines": lines, "locations": ["A01-L-010-1"]}]
    return {"layout": layout, "stock": stock, "lists": lists}


def _metres(route: dict[str, Any]) -> float:
    return float(route["distance_m"])


def test_a_plan_better_than_lists_in_their_order_is_kept() -> None:
    data = _contended()
    alone = solve(data)
    assert [_metres(route) for route in alone.solution["routes"]] == [2.0, 32.0]
    floor = AisleFloor(ParametricLayout.model_validate(data["layout"]))
    takes = [{"location": f"A0{aisle}-L-001-1", "sku": "a", "quantity": 1} for aisle in (2, 1)]
    routes = [
        {"id": "first", "locations": ["A02-L-001-1"], "takes": takes[:1]},
        {"id": "second", "locations": ["A01-L-001-1", "A01-L-010-1"], "takes": takes[1:]},
    ]
    for route in routes:
        walk = floor.tour(floor.position(name) for name in route["locations"])
        route |= {"path": walk.path, "distance_m": walk.length_m, "s_shape_m": None}
    plan = {"routes": routes, "distance_m": 32.0}
    result = solve(data, warm_start=plan)
    assert [_metres(route) for route in result.solution["routes"]] == [12.0, 20.0]
    assert result.bound.value is None
    # A plan for the second alone is enough: the first then takes what that leaves.
    result = solve(data, warm_start={"routes": routes[1:], "distance_m": 20.0})
    assert result.objective.value == 32.0


def test_what_no_longer_picks_its_list_changes_nothing_and_is_told() -> None:
    rng = random.Random(SEED)
    data = problem(rng, lists=2)
    plan = any_plan(data, rng)
    alone = solve(data)
    wrong = copy.deepcopy(plan)
    for route in wrong["routes"]:
        route["path"] = [[0.5, 0.5], *route["path"]]
    wrong["routes"].append({**plan["routes"][0], "id": "of-yesterday"})
    result = solve(data, warm_start=wrong)
    assert result.solution == alone.solution
    assert result.status == alone.status
    assert len(result.notes) == 1
    assert "2 routes" in result.notes[0]
    assert "/warm_start/routes/0/path" in result.notes[0]


def test_a_plan_that_takes_what_is_gone_is_used_as_far_as_stock_goes() -> None:
    data = _contended()
    plan = solve(data).solution
    data["stock"] = [{**data["stock"][1], "quantity": 2}]
    result = solve(data, warm_start=plan)
    assert [_metres(route) for route in result.solution["routes"]] == [12.0, 32.0]


@pytest.mark.parametrize(
    ("plan", "pointer"),
    [
        ({"routes": "none", "distance_m": 0}, "/warm_start/routes"),  # no list of routes
        ({"distance_m": 0}, "/warm_start/routes"),  # no routes
        ({"routes": [{"id": "L0"}], "distance_m": 0}, "/warm_start/routes/0/locations"),  # a route of nothing
        ({"routes": [], "distance_m": 0, "metres": 1}, "/warm_start/metres"),  # unknown name
    ],
)
def test_what_is_no_plan_is_refused_by_name(plan: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        solve(problem(random.Random(SEED)), warm_start=plan)
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors), caught.value.errors


def test_a_warm_start_keeps_what_locks_pin() -> None:
    """The plan before takes from the second aisle what is pinned to the first: it may not come back."""
    data = _contended()
    data["lists"] = data["lists"][:1]
    far = {"location": "A02-L-001-1", "sku": "a", "quantity": 1}
    floor = AisleFloor(ParametricLayout.model_validate(data["layout"]))
    walk = floor.tour([floor.position(far["location"])])
    route = {"id": "first", "locations": [far["location"]], "takes": [far], "path": walk.path}
    plan = {"routes": [{**route, "distance_m": walk.length_m, "s_shape_m": None}], "distance_m": walk.length_m}
    pin = {"pick_list": "first", "location": "A01-L-001-1", "sku": "a", "quantity": 1}
    result = solve(data, warm_start=plan, locks={"takes": [pin]})
    assert result.objective.value == 2.0
    assert "pin" in result.notes[0]


def test_the_search_for_places_starts_from_a_known_tour() -> None:
    """With no time at all the start itself comes back, or better; the places hold the demand all the same."""
    for trial in range(20):
        rng = random.Random(SEED + trial)
        layout = ParametricLayout(aisles=6, bays_per_block=8, blocks=1 + trial % 3)
        floor = AisleFloor(layout)
        spots = rng.sample(range(6 * layout.blocks * 8), 24)
        supply = {p: {f"S{i % 4}": rng.randint(1, 2)} for i, p in enumerate(spots)}
        demand = {f"S{i}": rng.randint(1, 5) for i in range(4)}
        start = frozenset(rng.sample(spots, 20))
        if any(sum(supply[p].get(sku, 0) for p in start) < pieces for sku, pieces in demand.items()):
            continue
        choice = choice_of(supply, demand, frozenset())
        found = search(floor.ladder, choice, Clock(until=0.0), rounds=0, start=start)
        assert found is not None, SEED + trial
        positions, bound = found
        held = {sku: sum(supply.get(p, {}).get(sku, 0) for p in positions) for sku in demand}
        assert all(held[sku] >= pieces for sku, pieces in demand.items()), SEED + trial
        metres = floor.tour_length(positions)
        assert bound <= metres + 1e-6
        assert metres <= floor.tour_length(start) + 1e-6, SEED + trial


def test_an_earlier_walk_shorter_than_the_floors_own_is_kept() -> None:
    """Where walks are searched the floor's own may be longer; it is made up here by telling fewer metres."""
    floor = AisleFloor(ParametricLayout(aisles=2, bays_per_block=3))
    own = route_of(floor, "L", [location_id(0, "L", 2, 0), location_id(1, "L", 1, 0)], ())
    shorter: Route = own.model_copy(update={"distance_m": own.distance_m - 1.0, "path": own.path[::-1]})
    assert no_longer(floor, shorter) == shorter
    assert no_longer(floor, own.model_copy(update={"distance_m": own.distance_m + 1.0})) == own
