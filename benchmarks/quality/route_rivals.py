"""Picker routes by general routing programs on the same instances: a travelling salesman on shortest walks.

OR-Tools' routing library and PyVRP can say that exactly one place of an article must be visited (a disjunction, a client
group), which asks that any one place holds what the list needs; VROOM cannot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.aisles import AisleFloor
from contracts.layout import ParametricLayout

MILLIMETRES = 1000
Millimetres = npt.NDArray[np.int64]


def or_tools(data: dict[str, Any], seconds: float) -> float | None:
    """Metres of the route that guided local search finds in so many seconds; None for what it cannot state."""
    stated = _stated(data)
    return None if stated is None else _or_tools(*stated, seconds)


def pyvrp(data: dict[str, Any], seconds: float) -> float | None:
    """The same by PyVRP's iterated local search, seed 1."""
    stated = _stated(data)
    return None if stated is None else _pyvrp(*stated, seconds)


def vroom(data: dict[str, Any], _seconds: float) -> float | None:
    """The same by VROOM at its highest exploration level, which ends by itself in milliseconds."""
    stated = _stated(data)
    if stated is None or any(len(group) > 1 for group in stated[1]):
        return None
    return _vroom(stated[0])


# row → (what must be installed, the program)
PROGRAMS: dict[str, tuple[str, Callable[[dict[str, Any], float], float | None]]] = {
    "ortools": ("ortools", or_tools),
    "pyvrp": ("pyvrp", pyvrp),
    "vroom": ("vroom", vroom),
}


def _stated(data: dict[str, Any]) -> tuple[Millimetres, list[list[int]]] | None:
    """(walks between the depot, number 0, and the stops; groups of stops of which one each must be visited)."""
    floor = AisleFloor(ParametricLayout.model_validate(data["layout"]))
    groups = _groups(data, floor)
    if groups is None:
        return None
    stops = sorted({position for group in groups for position in group})
    number = {position: i + 1 for i, position in enumerate(stops)}
    if sum(map(len, groups)) > len(stops):  # a stop in two groups
        return None
    walks = np.rint(_walks(floor, stops) * MILLIMETRES).astype(np.int64)
    return walks, [[number[p] for p in group] for group in groups]


def _groups(data: dict[str, Any], floor: AisleFloor) -> list[list[int]] | None:
    """Positions of which one each must be visited."""
    one = data["lists"][0]
    groups = [[floor.position(name)] for name in one.get("locations", ())]
    holds: dict[str, list[int]] = defaultdict(list)
    for line in data.get("stock", ()):
        holds[line["sku"]].append(floor.position(line["location"]))
    for line in one.get("lines", ()):
        if line["quantity"] > 1:
            return None
        groups.append(sorted(set(holds[line["sku"]])))
    return groups


def _walks(floor: AisleFloor, stops: list[int]) -> npt.NDArray[np.float64]:
    """Shortest walks between the depot (first) and the stops."""
    plan = floor.layout
    home = (plan.depot.aisle * plan.aisle_pitch_m, plan.depot.cross_aisle * plan.block_length_m)
    x, y = np.array([home, *(floor.xy(stop) for stop in stops)]).T
    around = np.full((len(x), len(x)), np.inf)
    for row in plan.block_length_m * np.arange(plan.blocks + 1):
        to_row = np.abs(y - row)
        around = np.minimum(around, to_row[:, None] + to_row[None, :])
    beside = np.abs(x[:, None] - x[None, :])
    return np.where(beside == 0, np.abs(y[:, None] - y[None, :]), beside + around)


def _or_tools(matrix: Millimetres, groups: list[list[int]], seconds: float) -> float | None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    manager = pywrapcp.RoutingIndexManager(len(matrix), 1, 0)
    model = pywrapcp.RoutingModel(manager)
    transit = model.RegisterTransitMatrix(matrix.tolist())
    model.SetArcCostEvaluatorOfAllVehicles(transit)
    far = int(matrix.sum())
    for group in groups:
        model.AddDisjunction([manager.NodeToIndex(i) for i in group], far)
    words = pywrapcp.DefaultRoutingSearchParameters()
    words.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    words.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    words.time_limit.FromMilliseconds(int(1000 * seconds))
    found = model.SolveWithParameters(words)
    if found is None or found.ObjectiveValue() >= far:
        return None
    return found.ObjectiveValue() / MILLIMETRES


def _pyvrp(matrix: Millimetres, groups: list[list[int]], seconds: float) -> float | None:
    from pyvrp import Model  # type: ignore[import-not-found]
    from pyvrp.stop import MaxRuntime  # type: ignore[import-not-found]

    model = Model()
    places = [model.add_location(0, 0) for _ in matrix]
    depot = model.add_depot(places[0])
    model.add_vehicle_type(1, start_depot=depot, end_depot=depot)
    for group in groups:
        choice = model.add_client_group() if len(group) > 1 else None
        for i in group:
            model.add_client(places[i], required=choice is None, group=choice)
    for i, row in enumerate(matrix.tolist()):
        for j, millimetres in enumerate(row):
            if i != j:
                model.add_edge(places[i], places[j], millimetres)
    found = model.solve(MaxRuntime(seconds), seed=1, display=False)
    return found.cost() / MILLIMETRES if found.is_feasible() else None


def _vroom(matrix: Millimetres) -> float:
    import vroom as program  # type: ignore[import-not-found]

    problem = program.Input()
    problem.set_durations_matrix("car", matrix.astype(np.uint32))
    problem.add_vehicle(program.Vehicle(1, start=0, end=0))
    problem.add_job([program.Job(i, location=i) for i in range(1, len(matrix))])
    return float(problem.solve(exploration_level=5, nb_threads=1).summary.cost) / MILLIMETRES
