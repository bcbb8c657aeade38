"""Newline-delimited JSON, cut out of a byte stream whose parts end anywhere."""

from __future__ import annotations

from collections.abc import Iterator

MAX_LINE_BYTES = 64 * 1024 * 1024


class LineSplitter:
    """Feed parts, get whole lines. UTF-8 is decoded per line, so a part may end inside a character."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._parts: list[bytes] = []
        self._held = 0
        self._limit = max_line_bytes

    def feed(self, part: bytes) -> Iterator[str]:
        """The lines that `part` completes. Raises ValueError when a line grows beyond the limit."""
        *whole, tail = part.split(b"\n")
        for piece in whole:
            line = b"".join((*self._parts, piece))
            self._parts, self._held = [], 0
            if line.strip():
                yield line.decode()
        if tail:
            self._parts.append(tail)
            self._held += len(tail)
        if self._held > self._limit:
            raise ValueError(f"a line is longer than {self._limit} bytes")

    def rest(self) -> Iterator[str]:
        """The last line, when the stream ended without a newline."""
        line = b"".join(self._parts)
        self._parts, self._held = [], 0
        if line.strip():
            yield line.decode()
