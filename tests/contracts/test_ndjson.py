from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ndjson import LineSplitter

TEXT = st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=("Cs",)), min_size=1).filter(str.strip)


@given(st.lists(TEXT, max_size=10), st.integers(1, 7))
def test_lines_come_back_whole_however_the_stream_is_cut(texts: list[str], size: int) -> None:
    data = "\n".join(texts).encode()
    splitter = LineSplitter()
    got = [line for start in range(0, len(data), size) for line in splitter.feed(data[start : start + size])]
    assert [*got, *splitter.rest()] == [text for text in texts if text.strip()]


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 4 bytes"):
        list(LineSplitter(max_line_bytes=4).feed(b"12345"))
