"""What the pieces of an item are worth: a price for each piece and, beside it, for each bundle that is begun.

Whoever picks d pieces begins at least ceil(d / k) bundles of k, however the pieces are spread over the places. So a bundle may
have a price as a piece may, and a bound from such prices is that of a linear program with these rounded demands as cuts
(Gomory 1958; Chvátal 1973): it is sharp where places hold nearly what is wanted, so that the last pieces cost a detour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.jit import kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Bundles of one item have at most so many sizes; items of more pieces have none.
MOST_SIZES = 4
MOST_PIECES = 64


@dataclass(frozen=True)
class Worth:
    """Prices stand in rows, those of item i at first[i]:first[i + 1], the price of a single piece before those of bundles.

    size: (rows,) pieces in a bundle. item: (rows,). wanted: (rows,) bundles that the item's demand begins.
    base: (items,) where an item's worths lie in a table: of 0, 1, … pieces; of one piece only for items without bundles.
    pieces: (items,) whether its worths are those of pieces one by one.
    """

    first: IntArray
    size: IntArray
    item: IntArray
    wanted: IntArray
    base: IntArray
    tabled: npt.NDArray[np.bool_]
    length: int

    @classmethod
    def of(cls, demand: IntArray) -> Worth:
        """Rows for items of which so many pieces are wanted."""
        sizes = [_sizes(pieces) for pieces in demand.tolist()]
        first = np.cumsum([0, *(len(one) for one in sizes)])
        size = np.array([k for one in sizes for k in one], dtype=np.int64)
        item = np.repeat(np.arange(len(demand)), np.diff(first))
        tabled = demand <= MOST_PIECES
        lengths = np.where(tabled, demand + 1, 1)
        base = np.cumsum(lengths) - lengths
        return cls(first, size, item, -(-demand[item] // size), base, tabled, int(lengths.sum()))

    @property
    def tables(self) -> tuple[IntArray, ...]:
        """As the kernel wants them."""
        return self.first, self.size, np.append(self.base, self.length)

    def table(self, prices: FloatArray) -> FloatArray:
        """(length,) worths at these prices."""
        worth = np.zeros(self.length)
        tabulate(*self.tables, prices, worth)
        return worth

    def paid(self, prices: FloatArray) -> float:
        """What the whole demand is worth."""
        return float(prices @ self.wanted)


def _sizes(pieces: int) -> list[int]:
    """One, and those sizes whose rounding counts some number of pieces for less than its share of the demand."""
    sizes = [1]
    for bundles in range(2, MOST_SIZES + 2):
        size = (pieces - 1) // (bundles - 1)  # the largest that the demand begins so many of
        if pieces > MOST_PIECES or size <= 1 or -(-pieces // size) != bundles:
            continue
        if size not in sizes and any(-(-q // size) * pieces < q * bundles for q in range(1, pieces)):
            sizes.append(size)
    return sizes


@kernel
def tabulate(first, size, base, prices, worth):  # type: ignore[no-untyped-def]
    """Fills `worth`, the table of worths."""
    for i in range(first.shape[0] - 1):
        low, high = base[i], base[i + 1]
        if high == low + 1:
            worth[low] = prices[first[i]]
            continue
        for pieces in range(high - low):
            total = 0.0
            for g in range(first[i], first[i + 1]):
                total += prices[g] * ((pieces + size[g] - 1) // size[g])
            worth[low + pieces] = total
