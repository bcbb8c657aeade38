"""Bytes in any chunks become the records that Python's own csv module sees in the whole text."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from containers.sync.csv_text import MAX_RECORD_LINES, Decoder, RecordSplitter, undecodable

CELL = st.text(alphabet=st.sampled_from('ab,"\n\r é'), max_size=8)


def records(text: str, size: int) -> list[tuple[int, str, bool]]:
    splitter = RecordSplitter()
    splitter.delimiter = ","
    found = []
    for at in range(0, len(text), size):
        found += list(splitter.feed(text[at : at + size]))
    return [(r.line, r.text, r.closed) for r in [*found, *splitter.feed("", final=True)]]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELL, min_size=2, max_size=3), min_size=1, max_size=6), st.integers(1, 20), st.booleans())
def test_records_are_those_of_the_csv_module_wherever_the_chunks_are_cut(
    rows: list[list[str]], size: int, windows: bool
) -> None:
    buffer = io.StringIO()
    # With "\n" between rows, older csv writers leave a lone CR unquoted: there everything is quoted.
    how = {"lineterminator": "\r\n"} if windows else {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}
    csv.writer(buffer, **how).writerows(rows)  # type: ignore[arg-type]
    expected = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows]
    got = [next(csv.reader([text])) for _, text, closed in records(buffer.getvalue(), size) if closed]
    assert got == expected


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from('a,"\n'), max_size=60), st.integers(1, 9))
def test_the_cut_of_the_chunks_never_changes_what_is_read_even_of_broken_text(text: str, size: int) -> None:
    assert records(text, size) == records(text, 1000)


def test_a_quote_that_never_closes_costs_one_line_and_not_the_rest() -> None:
    text = 'a,"oops\n' + "".join(f"b,{i}\n" for i in range(MAX_RECORD_LINES * 2))
    found = records(text, 64)
    assert found[0] == (1, 'a,"oops', False)
    assert found[1:] == [(i + 2, f"b,{i}", True) for i in range(MAX_RECORD_LINES * 2)]


def test_a_quote_inside_an_unquoted_field_is_plain_text() -> None:
    assert records('1,5" pipe,3\n2,"6"" pipe",4\n', 100) == [(1, '1,5" pipe,3', True), (2, '2,"6"" pipe",4', True)]


def test_line_numbers_count_blank_lines_and_lines_inside_quotes() -> None:
    assert [line for line, _, _ in records('a,"x\ny"\n\n\nb,c\n', 3)] == [1, 5]


def test_encodings_are_found_by_their_mark_or_taken_as_declared() -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-8"):
        data = "sku;größe\n".encode(encoding)
        for size in (1, 3, 100):
            decoder = Decoder()
            text = "".join(decoder.feed(data[at : at + size]) for at in range(0, len(data), size))
            assert text + decoder.feed(b"", final=True) == "sku;größe\n", (encoding, size)
    assert Decoder("latin-1").feed("größe".encode("latin-1"), final=True) == "größe"


def test_bytes_of_another_encoding_mark_the_text_and_do_not_stop_it() -> None:
    text = Decoder().feed("größe;1".encode("latin-1"), final=True)
    assert undecodable(text)
    assert text.endswith(";1")
    assert not undecodable("größe \ufffd")  # a replacement character in the source is a character like others
