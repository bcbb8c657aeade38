"""From bytes as they arrive to CSV records (RFC 4180, read leniently), one text per record.

A quoted field may span lines. A quote that never closes would swallow the rest of the file: after MAX_RECORD_LINES or
MAX_RECORD_CHARS the first line is given up as unreadable, and reading goes on with the next line.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

MAX_RECORD_LINES = 100
MAX_RECORD_CHARS = 64 * 1024

_MARKS = (  # the longer mark first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


# A lone surrogate: no encoding yields it by itself.
_MARK = "\udcff"
_MARKING = "storemax.mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _MARK, error.end


codecs.register_error(_MARKING, _mark)


class Decoder:
    """Text from bytes. Bytes that the encoding does not know become a mark that no text can hold, so that the row can be named."""

    def __init__(self, encoding: str = "") -> None:
        self.encoding = encoding
        self._start = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes, final: bool = False) -> str:
        if self._decoder is None:
            self._start += data
            if len(self._start) < 4 and not final:
                return ""
            data, self._start = self._start, b""
            marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
            self.encoding = marked or self.encoding or "utf-8"
            self._decoder = codecs.getincrementaldecoder(self.encoding)(_MARKING)
        return self._decoder.decode(data, final)


def undecodable(text: str) -> bool:
    """Whether a text holds bytes that its encoding does not know."""
    return _MARK in text


@dataclass(frozen=True, slots=True)
class RawRecord:
    """`line` is the physical line (from 1) where the record begins; `closed` is False when its quote never closes."""

    line: int
    text: str
    closed: bool = True


class RecordSplitter:
    """Feed text, take records. Blank lines are skipped, but counted."""

    def __init__(self) -> None:
        self.delimiter = ""  # set once known; until then only whole physical lines matter
        self._rest = ""
        self._lines: deque[tuple[int, str]] = deque()
        self._read = 0

    def feed(self, text: str, final: bool = False) -> Iterator[RawRecord]:
        self._cut(text, final)
        while self._lines:
            record = self._record(final)
            if record is None:
                return
            if record.text.strip():
                yield record

    def _cut(self, text: str, final: bool) -> None:
        """Physical lines end with LF, CRLF or CR."""
        whole = self._rest + text
        # A CR at the very end may be half of a CRLF: it waits for what follows.
        hold = "" if final or not whole.endswith("\r") else "\r"
        pieces = (
            (whole[: len(whole) - len(hold)] if hold else whole).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        )
        self._rest = pieces.pop() + hold
        if final and self._rest:
            pieces.append(self._rest)
            self._rest = ""
        for piece in pieces:
            self._read += 1
            self._lines.append((self._read, piece))
        if len(self._rest) > MAX_RECORD_CHARS and not final:  # a line without end: give it up where it is
            self._read += 1
            self._lines.append((self._read, self._rest))
            self._rest = ""

    def _record(self, final: bool) -> RawRecord | None:
        line, text = self._lines[0]
        if '"' not in text:
            self._lines.popleft()
            return RawRecord(line, text)
        quoted = self._open(text, False)
        used, size = 1, len(text)
        while quoted and used < len(self._lines) and used < MAX_RECORD_LINES and size <= MAX_RECORD_CHARS:
            more = self._lines[used][1]
            quoted = self._open(more, True)
            used += 1
            size += len(more) + 1
        if quoted:
            if not final and used < MAX_RECORD_LINES and size <= MAX_RECORD_CHARS:
                return None  # more may come
            self._lines.popleft()
            return RawRecord(line, text, closed=False)
        return RawRecord(line, "\n".join(self._lines.popleft()[1] for _ in range(used)))

    def _open(self, text: str, quoted: bool) -> bool:
        """Whether a quoted field is open at the end of `text`, when it was (`quoted`) at its beginning.

        As in Python's csv module, a quote opens a field only at the field's first character: 5" pipe is plain text.
        """
        at, end = 0, len(text)
        while True:
            if quoted:
                at = text.find('"', at)
                if at < 0:
                    return True
                if text.startswith('""', at):
                    at += 2
                    continue
                quoted = False
                at += 1
            if text.startswith('"', at) and (at == 0 or text[at - 1] == self.delimiter):
                quoted = True
                at += 1
                continue
            at = text.find(self.delimiter, at) + 1 if self.delimiter else 0
            if at == 0 or at > end:
                return False
