"""A quadratic assignment problem as arrays, made ready for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Quadratic:
    """Minimise sum_ij flow[i, j] * distance[p[i], p[j]] + sum_i linear[i, p[i]] over permutations p.

    All three are (n, n); `linear` may be left out. Neither matrix needs to be symmetric, nor its diagonal zero. Fewer
    facilities than locations: give the missing ones rows of zeros. A forbidden place has a large `linear`.
    """

    flow: Floats
    distance: Floats
    linear: Floats | None = None

    def __post_init__(self) -> None:
        shape = self.flow.shape
        if len(shape) != 2 or shape[0] != shape[1] or self.distance.shape != shape:
            raise ValueError(f"flow {shape} and distance {self.distance.shape} must be square and of one size")
        if self.linear is not None and self.linear.shape != shape:
            raise ValueError(f"linear {self.linear.shape} must have the shape of flow {shape}")
        for matrix in (self.flow, self.distance, self.linear):
            if matrix is not None and not np.isfinite(matrix).all():
                raise ValueError("every entry must be finite")

    @property
    def size(self) -> int:
        return int(self.flow.shape[0])

    def cost(self, place: Ints) -> float:
        """The objective of one assignment, straight from its definition."""
        value = float((self.flow * self.distance[np.ix_(place, place)]).sum())
        if self.linear is not None:
            value += float(self.linear[np.arange(self.size), place].sum())
        return value

    @cached_property
    def symmetric(self) -> bool:
        """Whether the halves can be treated as one: when one matrix is symmetric, so may be made the other."""
        return bool((self.flow == self.flow.T).all() or (self.distance == self.distance.T).all())

    @cached_property
    def arrays(self) -> tuple[Floats, Floats, Floats]:
        """(flow, distance, linear) with zero diagonals: what the diagonals cost is linear. Symmetrised if possible.

        Sum a_ij b_p(i)p(j) stays the same when a is replaced by (a + a') / 2, provided that b is symmetric.
        """
        flow, distance = self.flow.astype(np.float64), self.distance.astype(np.float64)
        linear = np.zeros_like(flow) if self.linear is None else self.linear.astype(np.float64)
        linear = linear + np.outer(np.diag(flow), np.diag(distance))
        np.fill_diagonal(flow, 0.0)
        np.fill_diagonal(distance, 0.0)
        if self.symmetric:
            flow, distance = (flow + flow.T) / 2, (distance + distance.T) / 2
        return np.ascontiguousarray(flow), np.ascontiguousarray(distance), np.ascontiguousarray(linear)
