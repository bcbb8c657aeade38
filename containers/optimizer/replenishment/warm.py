"""Compiles, or loads from the cache, the kernels that replenishment needs."""

from __future__ import annotations

import numpy as np

from containers.optimizer.replenishment.trips import cheapest_trips


def warm() -> None:
    """Plan the trips to a tiny face."""
    demand, times, empty = np.array([1, 1], dtype=np.int64), np.zeros(3), np.zeros(3, dtype=np.int64)
    cheapest_trips(
        demand,
        np.zeros(2),
        times,
        times,
        (0, 2, 1, 0),
        (1, 1, 1),
        (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        empty,
        empty,
        empty,
    )
