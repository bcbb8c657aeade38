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
    words, masks, sizes = [], [], []
    for positions in lists:
        cell, slot = np.divmod(np.asarray(positions, dtype=np.int64), slots)
        word = cell * per_cell + (slot >> 6)
        bit = np.left_shift(ONE, (slot & 63).astype(np.uint64))
        distinct, where = np.unique(word, return_inverse=True)
        mask = np.zeros(len(distinct), dtype=np.uint64)
        np.bitwise_or.at(mask, where, bit)
        words.append(distinct)
        masks.append(mask)
        sizes.append(len(distinct))
    offsets = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum(sizes, out=offsets[1:])
    word = np.concatenate(words) if words else np.zeros(0, dtype=np.int64)
    mask = np.concatenate(masks) if masks else np.zeros(0, dtype=np.uint64)
    return offsets, word, mask, word // (per_cell * aisle_cells)


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
