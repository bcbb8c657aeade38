"""Where a list's places lie in the sweep, and what each holds of the items that are still wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shelves:
    """Places are numbered in the sweep's order: those of stage s are first[s]:first[s + 1], ascending by height.

    first: (stages + 1,). height: (places,) metres from the lower cross aisle. length: (stages,) metres of the sub-aisle, 0
    along a cross aisle. forced: (places,) whether every tour visits it. held_first: (places + 1,); place p holds
    quantity[e] pieces of item[e] for e in held_first[p]:held_first[p + 1].
    """

    first: IntArray
    height: FloatArray
    length: FloatArray
    forced: npt.NDArray[np.bool_]
    held_first: IntArray
    item: IntArray
    quantity: IntArray

    @property
    def tables(self) -> tuple[Any, ...]:
        """As the kernels want them."""
        return self.first, self.height, self.length, self.held_first, self.item, self.quantity
