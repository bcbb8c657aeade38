"""Locked routes and pinned pieces stay; the rest is the best beside them; locks that cannot be kept are refused by name."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from containers.optimizer.routing import FAMILY
from containers.optimizer.routing.warm import warm
from contracts.errors import ProblemError
from tests.containers.optimizer.routing.lists import any_plan, need_of, problem, shortest, solve, without

SEED = 4001


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Searches here have a time limit; loading or compiling kernels is not part of it."""
    warm()


@pytest.mark.parametrize("trial", range(8))
def test_a_list_beside_a_locked_route_is_the_shortest_from_what_that_leaves(trial: int) -> None:
    rng = random.Random(SEED + trial)
    data = problem(rng, blocks=1 + trial % 2)
    locked = any_plan(data, rng)["routes"][trial % 2]
    result = solve(data, locks={"routes": [locked]})
    found = {route["id"]: route for route in result.solution["routes"]}
    assert found[locked["id"]] == locked, SEED + trial
    other = next(one for one in data["lists"] if one["id"] != locked["id"])
    left = without(data["stock"], locked["takes"])
    best = shortest(data, left, need_of(other), other["locations"])
    assert result.objective.value == pytest.approx(locked["distance_m"] + best), SEED + trial
    assert (result.status, result.bound.gap) == ("optimal", 0.0)
    assert result.bound.value == pytest.approx(result.objective.value)


@pytest.mark.parametrize("trial", range(8))
def test_pinned_pieces_are_taken_there_and_the_rest_is_the_best_beside_them(trial: int) -> None:
    rng = random.Random(SEED + 100 + trial)
    data = problem(rng, blocks=1 + trial % 2, lists=1)
    one = data["lists"][0]
    row = rng.choice(data["stock"])
    need = need_of(one)
    pieces = rng.randint(1, min(row["quantity"], need[row["sku"]]))
    pinned = {"pick_list": one["id"], "location": row["location"], "sku": row["sku"], "quantity": pieces}
    result = solve(data, locks={"takes": [pinned]})
    route = result.solution["routes"][0]
    there = [take for take in route["takes"] if (take["location"], take["sku"]) == (row["location"], row["sku"])]
    assert sum(take["quantity"] for take in there) >= pieces, SEED + 100 + trial
    need[row["sku"]] -= pieces
    best = shortest(data, without(data["stock"], [pinned]), need, [*one["locations"], row["location"]])
    assert result.objective.value == pytest.approx(best), SEED + 100 + trial
    assert (result.status, result.bound.gap) == ("optimal", 0.0)


def _small() -> dict[str, Any]:
    """One list that asks for two pieces: three lie near, three far."""
    layout = {"type": "parametric", "aisles": 2, "bays_per_block": 4}
    stock = [{"sku": "a", "location": f"A01-L-00{bay}-1", "quantity": 3} for bay in (1, 4)]
    return {"layout": layout, "stock": stock, "lists": [{"id": "L", "lines": [{"sku": "a", "quantity": 2}]}]}


def test_a_locked_detour_is_kept_and_measured() -> None:
    """1 m to the first bay, 3 m more to the last: to the last and back are 8 m, where 2 m would do."""
    far = {"location": "A01-L-004-1", "sku": "a", "quantity": 2}
    route = {"id": "L", "locations": ["A01-L-004-1"], "path": [[0, 0], [0, 4], [0, 0]], "takes": [far]}
    result = solve(_small(), locks={"routes": [route]})
    assert (result.objective.value, result.status) == (8.0, "optimal")
    kept = result.solution["routes"][0]
    assert (kept["path"], kept["takes"], kept["distance_m"]) == (route["path"], route["takes"], 8.0)
    assert kept["rules_m"]["s_shape"] == 8.0
    assert solve(_small()).objective.value == 2.0


def test_a_locked_list_takes_first_and_an_earlier_one_is_left_out() -> None:
    data = _small()
    data["stock"] = data["stock"][:1]
    data["lists"] = [{"id": name, "lines": [{"sku": "a", "quantity": 2}]} for name in ("first", "second")]
    assert [one.id for one in solve(data).unassigned] == ["second"]
    near = {"location": "A01-L-001-1", "sku": "a", "quantity": 2}
    route = {"id": "second", "locations": ["A01-L-001-1"], "path": [[0, 0], [0, 1], [0, 0]], "takes": [near]}
    result = solve(data, locks={"routes": [route]})
    assert [one.id for one in result.unassigned] == ["first"]
    assert [one["id"] for one in result.solution["routes"]] == ["second"]


def test_pins_of_a_later_list_are_kept_for_it() -> None:
    data = _small()
    data["lists"] = [{"id": name, "lines": [{"sku": "a", "quantity": 2}]} for name in ("first", "second")]
    pinned = {"pick_list": "second", "location": "A01-L-001-1", "sku": "a", "quantity": 2}
    result = solve(data, locks={"takes": [pinned]})
    assert [route["distance_m"] for route in result.solution["routes"]] == [8.0, 2.0]


NEAR = {"location": "A01-L-001-1", "sku": "a", "quantity": 2}
ROUTE = {"id": "L", "locations": ["A01-L-001-1"], "path": [[0, 0], [0, 1], [0, 0]], "takes": [NEAR]}
PIN = {"pick_list": "L", **NEAR}


@pytest.mark.parametrize(
    ("locks", "pointer"),
    [
        ({"nothing": []}, "/locks/nothing"),  # no such lock
        ({"routes": [{"id": "L"}]}, "/locks/routes/0/locations"),  # no walk at all
        ({"routes": [{**ROUTE, "id": "X"}]}, "/locks/routes/0/id"),  # nobody's
        ({"routes": [ROUTE, ROUTE]}, "/locks/routes/1/id"),  # twice the same
        ({"routes": [{**ROUTE, "path": [[0, 0], [1, 1], [0, 0]]}]}, "/locks/routes/0/path"),  # through the shelves
        ({"routes": [{**ROUTE, "path": [[0, 1], [0, 0]]}]}, "/locks/routes/0/path"),  # not from the depot
        ({"routes": [{**ROUTE, "path": []}]}, "/locks/routes/0/path"),  # passes nothing
        ({"routes": [{**ROUTE, "distance_m": 3}]}, "/locks/routes/0/distance_m"),  # it is 2 m long
        ({"routes": [{**ROUTE, "takes": []}]}, "/locks/routes/0/takes"),  # takes nothing
        ({"routes": [{**ROUTE, "takes": [{**NEAR, "quantity": 3}]}]}, "/locks/routes/0/takes"),  # takes too many
        ({"routes": [{**ROUTE, "takes": [{**NEAR, "sku": "b"}]}]}, "/locks/routes/0/takes"),  # takes something else
        ({"routes": [{**ROUTE, "locations": ["nowhere"]}]}, "/locks/routes/0"),
        ({"takes": [{**PIN, "pick_list": "X"}]}, "/locks/takes/0/pick_list"),  # nobody's
        ({"takes": [{**PIN, "quantity": 3}]}, "/locks/takes/0/quantity"),  # the list asks for 2
        ({"takes": [PIN, PIN]}, "/locks/takes/1/quantity"),  # 4 together
        ({"takes": [{**PIN, "location": "nowhere"}]}, "/locks/takes/0"),
        ({"takes": [{**PIN, "location": "A01-L-002-1"}]}, "/locks/takes/0"),  # nothing lies there
        ({"routes": [ROUTE], "takes": [PIN]}, "/locks/takes/0/pick_list"),  # the whole route is locked
    ],
)
def test_locks_that_cannot_be_kept_are_refused_by_name(locks: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        solve(_small(), locks=locks)
    assert caught.value.code == "invalid"
    assert any(fault.pointer.startswith(pointer) for fault in caught.value.errors), caught.value.errors


def test_locks_that_take_more_than_there_is_together_are_refused() -> None:
    data = _small()
    data["lists"] = [{"id": name, "lines": [{"sku": "a", "quantity": 2}]} for name in ("L", "M")]
    with pytest.raises(ProblemError) as caught:
        solve(data, locks={"routes": [ROUTE, {**ROUTE, "id": "M"}]})
    assert [fault.pointer for fault in caught.value.errors] == ["/locks/routes/1/takes/0"]
    with pytest.raises(ProblemError) as caught:
        solve(data, locks={"routes": [ROUTE], "takes": [{**PIN, "pick_list": "M"}]})
    assert [fault.pointer for fault in caught.value.errors] == ["/locks/takes/0"]


def test_pins_of_a_list_that_cannot_be_picked_are_refused() -> None:
    data = _small()
    data["lists"][0]["lines"].append({"sku": "b", "quantity": 1})
    with pytest.raises(ProblemError) as caught:
        solve(data, locks={"takes": [PIN]})
    assert [fault.pointer for fault in caught.value.errors] == ["/locks/takes/0"]
    assert "cannot be picked" in caught.value.errors[0].detail


def test_the_check_finds_a_locked_route_that_was_changed() -> None:
    data = _small()
    plan = solve(data).solution
    far = {**ROUTE, "locations": ["A01-L-004-1"], "path": [[0, 0], [0, 4], [0, 0]]}
    far["takes"] = [{**NEAR, "location": "A01-L-004-1"}]
    instance = FAMILY.read(data)
    assert FAMILY.check(instance, plan, {"routes": [ROUTE], "takes": []}).violations == ()
    assert [f.pointer for f in FAMILY.check(instance, plan, {"routes": [far]}).violations] == ["/locks/routes/0"]
    pin = {**PIN, "location": "A01-L-004-1"}
    assert [f.pointer for f in FAMILY.check(instance, plan, {"takes": [pin]}).violations] == ["/locks/takes/0"]
    assert FAMILY.check(instance, plan, {"takes": [PIN]}).violations == ()
    empty = {"routes": [], "distance_m": 0}
    assert "/locks/routes/0" in [f.pointer for f in FAMILY.check(instance, empty, {"routes": [ROUTE]}).violations]


def test_a_graph_route_is_locked_with_its_nodes() -> None:
    nodes = [{"id": f"N{i}", "x_m": float(i), "y_m": 0.0} for i in range(3)]
    edges = [{"from_node": f"N{i}", "to_node": f"N{i + 1}", "length_m": 1.0} for i in range(2)]
    places = [{"id": f"P{i}", "node": f"N{i}"} for i in range(3)]
    layout = {"type": "graph", "nodes": nodes, "edges": edges, "depot": "N0", "locations": places}
    data = {"layout": layout, "lists": [{"id": "L", "locations": ["P1"]}, {"id": "M", "locations": ["P2"]}]}
    route = {"id": "L", "locations": ["P1"], "nodes": ["N0", "N1", "N2", "N1", "N0"]}
    route["path"] = [[0, 0], [1, 0], [2, 0], [1, 0], [0, 0]]
    result = solve(data, locks={"routes": [route]})
    assert [one["distance_m"] for one in result.solution["routes"]] == [4.0, 4.0]
    assert result.solution["routes"][0]["nodes"] == route["nodes"]
    broken = copy.deepcopy(route)
    broken["nodes"][2] = "N0"
    with pytest.raises(ProblemError) as caught:
        solve(data, locks={"routes": [broken]})
    assert all(fault.pointer.startswith("/locks/routes/0/") for fault in caught.value.errors)
