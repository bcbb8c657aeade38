"""Picker routes by OR-Tools' routing library on the same instances: a travelling salesman on shortest walks.

Where an article lies at several places, exactly one of them must be visited (a disjunction), which asks that any one place
holds what the list needs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.floor.aisles import AisleFloor
from contracts.layout import ParametricLayout

MILLIMETRES = 1000


def or_tools(data: dict[str, Any], seconds: float) -> float | None:
    """Metres of the route that guided local search finds in so many seconds; None for demands that it cannot state."""
    floor = AisleFloor(ParametricLayout.model_validate(data["layout"]))
    groups = _groups(data, floor)
    if groups is None:
        return None
    stops = sorted({position for group in groups for position in group})
    number = {position: i + 1 for i, position in enumerate(stops)}
    metres = _walks(floor, stops)
    return _solve(
        np.rint(metres * MILLIMETRES).astype(np.int64), [[number[p] for p in group] for group in groups], seconds
    )


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


def _solve(matrix: npt.NDArray[np.int64], groups: list[list[int]], seconds: float) -> float | None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    manager = pywrapcp.RoutingIndexManager(len(matrix), 1, 0)
    model = pywrapcp.RoutingModel(manager)
    rows = matrix.tolist()
    transit = model.RegisterTransitMatrix(rows)
    model.SetArcCostEvaluatorOfAllVehicles(transit)
    far = int(matrix.sum())
    shared = [i for i in range(1, len(matrix)) if sum(i in group for group in groups) > 1]
    if shared:
        return None
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
