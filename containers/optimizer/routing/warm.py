"""Load or compile what a solve calls."""

from __future__ import annotations

from collections import Counter

import numpy as np

from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.routing import held_karp
from containers.optimizer.routing.places import places_for
from containers.optimizer.routing.scattered.clock import Clock
from contracts.layout import ParametricLayout


def warm() -> None:
    """The sweep, the search for places, the bound."""
    layout = ParametricLayout(aisles=2, bays_per_block=3)
    AisleFloor(layout).tour([1, 4])
    AisleFloor(layout.model_copy(update={"blocks": 2})).tour([1, 4])
    stock = {"a": Counter({"A01-L-001-1": 1, "A02-L-003-1": 2}), "b": Counter({"A01-L-002-1": 1, "A02-L-001-1": 1})}
    places_for(AisleFloor(layout), {"a": 2, "b": 1}, (), stock, Clock.of(1.0))
    held_karp.tour_bound(np.ones((4, 4)), 3.0)
