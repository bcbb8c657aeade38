"""Pick lists as bit words: every position has its bit, in its list alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from containers.optimizer.floor.bits import words_of


@given(
    st.lists(st.lists(st.integers(0, 999), unique=True, max_size=12), max_size=8),
    st.integers(1, 150),
    st.integers(1, 3),
)
def test_words_hold_exactly_the_positions_of_their_list(lists: list[list[int]], slots: int, cells: int) -> None:
    offsets, words, masks, aisles = words_of([np.array(one, dtype=np.int64) for one in lists], slots, cells)
    per_cell = -(-slots // 64)
    found = []
    for number in range(len(lists)):
        mine = slice(offsets[number], offsets[number + 1])
        assert sorted(set(words[mine].tolist())) == words[mine].tolist()
        found.append(
            sorted(
                (word // per_cell) * slots + (word % per_cell) * 64 + bit
                for word, mask in zip(words[mine].tolist(), masks[mine].tolist(), strict=True)
                for bit in range(64)
                if mask >> bit & 1
            )
        )
    assert found == [sorted(one) for one in lists]
    assert aisles.tolist() == [word // (per_cell * cells) for word in words.tolist()]
