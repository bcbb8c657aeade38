"""Load or compile what a solve calls."""

from __future__ import annotations

from collections import Counter

import numpy as np

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.matrix import MatrixTours
from containers.optimizer.floor.stops import MAX_SUBSET_STOPS
from containers.optimizer.routing import held_karp
from containers.optimizer.routing.places import places_for
from containers.optimizer.routing.scattered.clock import Clock
from containers.optimizer.routing.scattered.demand import choice_of
from containers.optimizer.routing.scattered.network import network_of
from containers.optimizer.routing.scattered.relaxation import Relaxation
from contracts.layout import ParametricLayout


def warm() -> None:
    """The sweep, the search for places, the bound."""
    layout = ParametricLayout(aisles=2, bays_per_block=3)
    AisleFloor(layout).tour([1, 4])
    AisleFloor(layout.model_copy(update={"blocks": 2})).tour([1, 4])
    stock = {"a": Counter({"A01-L-001-1": 1, "A02-L-003-1": 2}), "b": Counter({"A01-L-002-1": 1, "A02-L-001-1": 1})}
    places_for(AisleFloor(layout), {"a": 2, "b": 1}, (), stock, Clock.of(1.0))
    held_karp.tour_bound(np.ones((4, 4)), 3.0)
    searched = MatrixTours.numbered(1.0 - np.eye(MAX_SUBSET_STOPS + 4))
    for stops in (2, searched.positions):
        searched.tour(range(stops))
    _warm_relaxation(AisleFloor(layout).ladder)


def _warm_relaxation(ladder: Ladder) -> None:
    """Tiny lists are proven before the search strikes off options."""
    network = network_of(ladder, choice_of({0: {"a": 1}, 4: {"a": 1}}, Counter(a=1), frozenset()))
    relaxation = Relaxation(network)
    prices = np.zeros(len(network.worth.item))
    relaxation.bound(prices)
    relaxation.useful(prices, 1e9)
