"""The CSV connector: a stream of bytes in, records and quarantined rows out.

Nothing is yielded as a record before the whole file has been read, because the rows of one order may stand anywhere;
so a file that turns out unreadable in the middle has changed nothing.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
from collections.abc import AsyncIterator, Iterator
from itertools import chain, islice
from typing import Any

from pydantic import TypeAdapter

from containers.common import limits
from containers.sync.connector import BadRow, Event, Progress, Quarantine, Records, Summary
from containers.sync.csv_header import Header, read_header, sniff_delimiter
from containers.sync.csv_rows import MAX_RAW, Gatherer, ItemGatherer, OrderGatherer, Row, StockGatherer
from containers.sync.csv_text import Decoder, RawRecord, RecordSplitter, undecodable
from containers.sync.csv_values import BadValue
from containers.sync.options import CsvOptions
from contracts.catalogue import Item, Order, StockLine
from contracts.errors import ProblemError

MAX_ROWS = 1_000_000
MAX_BAD_ROWS = 20_000
CHUNK = 500  # records or quarantined rows in one line of the answer
PROGRESS_BYTES = 1024 * 1024

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "order_lines": TypeAdapter(list[Order]),
    "items": TypeAdapter(list[Item]),
    "stock": TypeAdapter(list[StockLine]),
}


class CsvConnector:
    """Reads `source` once. `open()` reads up to the header, and is where a wrong structure is refused; then `pull()`."""

    def __init__(self, source: AsyncIterator[bytes], options: CsvOptions) -> None:
        self.options = options
        self.header: Header | None = None
        self._source = source
        self._decoder = Decoder(options.encoding)
        self._splitter = RecordSplitter()
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._rows = 0
        self._bad: list[BadRow] = []
        self._unattributed = 0
        self._pending: list[RawRecord] = []  # records that arrived together with the header
        self._ended = False
        self._gatherer = _gatherer(options)

    async def open(self) -> Header:
        """Read the header. Raises ProblemError when the file is empty, in another encoding, or lacks a column."""
        start = ""
        while "\n" not in start and "\r" not in start.rstrip("\r") and not self._ended:
            start += await self._text()
            if len(start) > 1_000_000:
                raise ProblemError(
                    "malformed-body", "the first million characters hold no line end: this is no CSV file"
                )
        first = start.lstrip("\r\n").replace("\r", "\n").split("\n", 1)[0]
        if "\x00" in first:
            raise ProblemError("malformed-body", "the file is binary, or in an encoding other than declared")
        self._splitter.delimiter = self.options.delimiter or sniff_delimiter(first)
        records = self._splitter.feed(start, self._ended)
        head = next(records, None)
        if head is None or not head.closed:
            raise ProblemError("malformed-body", "the file has no header row; its first line must name the columns")
        if undecodable(head.text):
            raise ProblemError(
                "malformed-body",
                f"the header is not {self._decoder.encoding}; declare its encoding: "
                "Content-Type: text/csv; charset=latin-1, or the parameter encoding",
            )
        self.header = read_header(self.options.kind, head.text, self._splitter.delimiter, self.options.columns)
        self._pending = list(records)
        return self.header

    async def pull(self, cursor: str | None = None) -> AsyncIterator[Event]:  # noqa: ARG002 - a file has no cursor
        header = self.header or await self.open()
        self._take(self._pending, header)
        self._pending = []
        told = 0
        while not self._ended:
            text = await self._text()
            self._take(self._splitter.feed(text, self._ended), header)
            if self._bytes - told >= PROGRESS_BYTES:
                told = self._bytes
                yield Progress(self._bytes, self._rows)
        if self._rows == 0:
            raise ProblemError("invalid", "the file has a header but no rows: there is nothing to import")
        held = sorted(self._gatherer.held_rows(), key=lambda row: row.line)
        records = lines = 0
        validate = _ADAPTERS[self.options.kind].validate_python
        for chunk in _chunks(self._gatherer.records()):
            validate(chunk)  # what leaves here is what the contract says, whatever the rules above let pass
            records += len(chunk)
            lines += sum(len(record.get("lines", "1")) for record in chunk)
            yield Records(self.options.kind, chunk)
            await asyncio.sleep(0)  # probes are answered between chunks
        for rows in _chunks(chain(self._bad, held)):
            yield Quarantine(rows)
        yield self._summary(header, records, lines)

    def _summary(self, header: Header, records: int, lines: int) -> Summary:
        gatherer = self._gatherer
        return Summary(
            kind=self.options.kind,
            rows_read=self._rows,
            records=records,
            lines=lines,
            merged=gatherer.merged,
            repeated=gatherer.repeated,
            quarantined=len(self._bad),
            held=gatherer.held,
            orders_held=gatherer.orders_held,
            unattributed=self._unattributed,
            columns=dict(header.columns),
            ignored_columns=list(header.ignored),
            bytes=self._bytes,
            sha256=self._digest.hexdigest(),
        )

    async def _text(self) -> str:
        """The next piece of text; sets `_ended` at the end of the source."""
        try:
            data = await self._source.__anext__()
        except StopAsyncIteration:
            self._ended = True
            data = b""
        self._bytes += len(data)
        self._digest.update(data)
        if limits.memory_left_mb() <= 0:
            raise ProblemError(
                "too-large-to-solve",
                f"the file needs more memory than this agent has (row {self._rows} reached); split it",
            )
        return self._decoder.feed(data, self._ended)

    def _take(self, records: Iterator[RawRecord] | list[RawRecord], header: Header) -> None:
        for record in records:
            self._rows += 1
            if self._rows > MAX_ROWS:
                raise ProblemError("too-large-to-solve", f"the file has more than {MAX_ROWS} rows; split it")
            values: dict[str, str] = {}
            try:
                values = self._values(record, header)
                self._gatherer.take(Row(record.line, record.text, values))
            except BadValue as bad:
                raw = record.text[:MAX_RAW].encode("utf-8", "replace").decode()
                row = BadRow(record.line, raw, bad.reason, bad.field, bad.detail, bad.cure)
                self._bad.append(row)
                row_values = values or self._guess(record, header)
                self._unattributed += "order_id" in header.places and not row_values.get("order_id")
                self._gatherer.spoil(Row(record.line, raw, row_values))
                if len(self._bad) > MAX_BAD_ROWS:
                    raise ProblemError(
                        "invalid",
                        f"more than {MAX_BAD_ROWS} rows are bad (the first: line {self._bad[0].line}, "
                        f"{self._bad[0].detail}); check delimiter, encoding and columns",
                    ) from None

    def _cells(self, record: RawRecord) -> list[str]:
        return next(csv.reader([record.text], delimiter=self._splitter.delimiter), [])

    def _values(self, record: RawRecord, header: Header) -> dict[str, str]:
        """Our fields' texts of one row. Raises BadValue when the row cannot be taken apart."""
        if not record.closed:
            cure = "close the quote, or double a quote that belongs to the text"
            raise BadValue("unclosed-quote", "", "a quoted field begins here and does not end", cure)
        if undecodable(record.text):
            cure = "declare the file's encoding: Content-Type: text/csv; charset=latin-1, or the parameter encoding"
            detail = f"the row holds bytes that are not {self._decoder.encoding}"
            raise BadValue("undecodable", "", detail, cure)
        if "\x00" in record.text:
            raise BadValue("unreadable", "", "the row holds a NUL character", "export the file again as text")
        try:
            cells = self._cells(record)
        except csv.Error as error:
            raise BadValue("unreadable", "", f"the row cannot be read: {error}", "check quotes and length") from None
        if len(cells) != header.width:
            cure = "quote a field that holds the delimiter, or add the missing ones"
            raise BadValue("wrong-field-count", "", f"{len(cells)} fields where the header has {header.width}", cure)
        return {name: cells[place].strip() for name, place in header.places.items()}

    def _guess(self, record: RawRecord, header: Header) -> dict[str, str]:
        """The order of a row that could not be taken apart: a wrong field count leaves only the first cell in place."""
        place = header.places.get("order_id", -1)
        try:
            cells = self._cells(record)
        except csv.Error:
            return {}
        if place == 0 or len(cells) == header.width:
            return {"order_id": cells[place].strip()} if 0 <= place < len(cells) else {}
        return {}


def _gatherer(options: CsvOptions) -> Gatherer:
    if options.kind == "items":
        return ItemGatherer()
    if options.kind == "stock":
        return StockGatherer()
    return OrderGatherer(options.timezone, options.on_bad_line)


def _chunks(values: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(values, CHUNK)):
        yield chunk
