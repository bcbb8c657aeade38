"""Request headers, read one by one when they are needed: each look-up crosses into JavaScript, a full copy of all costs
some 160 µs (measured on workerd), one look-up about 6 µs. Whoever needs all of them takes them as one text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class RequestHeaders(Mapping[str, str]):
    """A lazy, remembering view of a JavaScript `Headers` object. Names are lower-case."""

    __slots__ = ("_all", "_get", "_known", "_source")

    def __init__(self, source: Any) -> None:
        self._source = source
        self._get: Callable[[str], Any] = source.get
        self._known: dict[str, str | None] = {}
        self._all = False

    def find(self, name: str) -> str | None:
        """The value of `name`, or None."""
        known = self._known
        if name in known:
            return known[name]
        value = self._get(name)
        text = value if isinstance(value, str) else None  # JavaScript's null is an object of its own
        known[name] = text
        return text

    def get(self, name: str, default: Any = None) -> Any:
        """Mapping's own would raise and catch a KeyError for every header that is not there: 5 µs."""
        value = self.find(name)
        return default if value is None else value

    def __getitem__(self, name: str) -> str:
        value = self.find(name)
        if value is None:
            raise KeyError(name)
        return value

    def _read_all(self) -> dict[str, str | None]:
        if not self._all:
            for name, value in self._source:
                self._known[str(name)] = str(value)
            self._all = True
        return self._known

    def __iter__(self) -> Iterator[str]:
        return (name for name, value in self._read_all().items() if value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def all_pairs(source: Any) -> list[tuple[str, str]]:
    """Every header of a JavaScript `Headers` object, names in lower case, in three border crossings whatever their number."""
    import js

    return [(name, value) for name, value in json.loads(js.JSON.stringify(js.Array.from_(source)))]
