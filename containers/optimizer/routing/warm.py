"""Loads, or compiles, what routing needs, by solving tiny problems."""

from __future__ import annotations

from collections import Counter

import numpy as np

from containers.optimizer.chance import stream
from containers.optimizer.family import Run
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.matrix import MatrixTours
from containers.optimizer.floor.stops import MAX_SUBSET_STOPS
from containers.optimizer.routing import held_karp
from containers.optimizer.routing.baseline import baseline
from containers.optimizer.routing.check import check
from containers.optimizer.routing.problem import read
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import choice_of
from containers.optimizer.routing.scattered.network import network_of
from containers.optimizer.routing.scattered.relaxation import Relaxation
from containers.optimizer.routing.scattered.ruin import Ruin
from containers.optimizer.routing.solve import solve
from contracts.layout import ParametricLayout, location_id
from contracts.optimize import Budget

_done = False


def warm() -> None:
    """Once per process: the sweep, the search for places, the bound, the check. HiGHS stays unused: its threads would not
    survive the fork that starts a solve."""
    global _done
    if _done:
        return
    stock = [
        {"sku": sku, "location": location_id(aisle, "L", bay, 0), "quantity": 1 + bay}
        for bay in range(3)
        for aisle, sku in enumerate("ab")
    ]
    lines = [{"sku": "a", "quantity": 4}, {"sku": "b", "quantity": 2}]
    lists = [{"id": "L", "lines": lines}, {"id": "M", "locations": [stock[1]["location"], stock[4]["location"]]}]
    for blocks in (1, 2):
        layout = {"type": "parametric", "aisles": 2, "bays_per_block": 3, "blocks": blocks}
        instance = read({"layout": layout, "stock": stock, "lists": lists})
        check(instance, solve(instance, Run(Budget(seconds=60, iterations=1))).solution, None)
        baseline(instance)
    held_karp.tour_bound(np.ones((4, 4)), 3.0)
    searched = MatrixTours.numbered(1.0 - np.eye(MAX_SUBSET_STOPS + 4))
    for stops in (2, searched.positions):
        searched.tour(range(stops))
    _warm_relaxation(AisleFloor(ParametricLayout(aisles=2, bays_per_block=3)).ladder)
    _done = True


def _warm_relaxation(ladder: Ladder) -> None:
    """Tiny lists are proven before the search strikes off options."""
    network = network_of(ladder, choice_of({0: {"a": 1}, 4: {"a": 1}}, Counter(a=1), frozenset()))
    relaxation = Relaxation(network)
    prices = np.zeros(len(network.worth.item))
    relaxation.bound(prices)
    relaxation.useful(prices, 1e9)
    nothing = np.zeros(network.shelves.first[-1], dtype=np.bool_)
    Ruin(network, stream(1)).improve(nothing, np.zeros(len(network.demand)), ~nothing, Clock(), 10)
