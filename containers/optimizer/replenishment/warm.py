"""Compiles, or loads from the cache, the kernel that replenishment needs."""

from __future__ import annotations

import numpy as np

from containers.optimizer.replenishment.lotsizing import bounded


def warm() -> None:
    """Size a tiny lot."""
    demand, quantity = np.array([1, 1], dtype=np.int64), np.zeros(2, dtype=np.int64)
    bounded(demand, 0, 2, 1, 2, 2**40, 1.0, 0.0, 0.0, 0, 0.0, quantity)
