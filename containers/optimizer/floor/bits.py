"""Sets of walking positions as bit words, the form in which the kernels join pick lists.

A walking position is an integer `cell * slots + slot`. Word `cell * words + (slot >> 6)` holds it as bit `slot & 63`, where
words = ceil(slots / 64). Two lists are joined by OR-ing their words; `present` is a bitmap of the aisles (on a floor
without aisles: of the words) that hold anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba.cpython.unsafe.numbers import trailing_zeros

from containers.optimizer.jit import kernel

ONE = np.uint64(1)
IntArray = npt.NDArray[np.int64]


def words_of(lists: list[IntArray], slots: int, aisle_cells: int) -> tuple[Any, ...]:
    """Pick lists as (offsets (n+1,), word, mask, aisle): list i is entries offsets[i]:offsets[i + 1].

    lists: distinct positions each. aisle_cells: how many cells (blocks) an aisle has.
    """
    per_cell = -(-slots // 64)
    owner = np.repeat(np.arange(len(lists)), [len(positions) for positions in lists])
    cell, slot = np.divmod(np.concatenate([np.zeros(0, dtype=np.int64), *lists]), slots)
    word = cell * per_cell + (slot >> 6)
    bit = np.left_shift(ONE, (slot & 63).astype(np.uint64))
    order = np.lexsort((word, owner))
    owner, word, bit = owner[order], word[order], bit[order]
    first = np.flatnonzero(np.append(True, (np.diff(owner) != 0) | (np.diff(word) != 0))[: len(word)])
    offsets = np.searchsorted(owner[first], np.arange(len(lists) + 1)).astype(np.int64)
    mask = np.bitwise_or.reduceat(bit, first) if len(first) else bit
    return offsets, word[first], mask, word[first] // (per_cell * aisle_cells)


@kernel
def join(lists, which, bits, present):  # type: ignore[no-untyped-def]
    """OR list `which` (of words_of) into bits and present."""
    offsets, words, masks, aisles = lists
    for e in range(offsets[which], offsets[which + 1]):
        bits[words[e]] |= masks[e]
        aisle = aisles[e]
        present[aisle >> 6] |= ONE << np.uint64(aisle & 63)


@kernel
def mark(positions, shape, bits, present):  # type: ignore[no-untyped-def]
    """OR single positions into bits and present. shape: as in tours.py."""
    blocks, slots, words = shape[1], shape[2], shape[7]
    for p in positions:
        cell = p // slots
        slot = p - cell * slots
        aisle = cell // blocks
        bits[cell * words + (slot >> 6)] |= ONE << np.uint64(slot & 63)
        present[aisle >> 6] |= ONE << np.uint64(aisle & 63)


@kernel
def extent(bits, word, words, base, offset):  # type: ignore[no-untyped-def]
    """(lowest, highest, widest step, count) of one cell's positions, metres from its lower end; lowest -1 for none.

    word: the cell's first word. base: its first position.
    """
    lowest = -1.0
    last = 0.0
    widest = 0.0
    count = 0
    for w in range(words):
        left = bits[word + w]
        start = base + (w << 6)
        while left != 0:
            here = offset[start + int(trailing_zeros(left))]
            if lowest < 0:
                lowest = here
            elif here - last > widest:
                widest = here - last
            last = here
            left &= left - ONE
            count += 1
    return lowest, last, widest, count
