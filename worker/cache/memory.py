"""The isolate's memory of ready answers, bounded by count and bytes, least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

MAX_ENTRIES = 2000
MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRY_BYTES = 1024 * 1024


@dataclass(slots=True)
class Entry:
    """A ready answer. `body` may be a JavaScript buffer, so that serving it copies nothing."""

    status: int
    body: Any
    text: str  # the body as text, for KV and for tests
    media_type: str
    etag: str
    headers: tuple[tuple[str, str], ...]
    stored: float  # seconds since the epoch, when the truth gave it
    fresh_until: float
    stale_until: float
    prepared: Any = None  # JavaScript Headers, made when first served
    prepared_for: tuple[str, int, str] | None = None  # and what for: cache outcome, age in seconds, limit's policy


class Memory:
    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: float) -> Entry | None:
        """A copy that may still be of use, fresh or stale."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.stale_until <= now:
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: str, entry: Entry) -> None:
        self.drop(key)
        if len(entry.text) > MAX_ENTRY_BYTES:
            return
        self._entries[key] = entry
        self._bytes += len(entry.text)
        while self._bytes > MAX_BYTES or len(self._entries) > MAX_ENTRIES:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= len(oldest.text)

    def drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry.text)

    def drop_prefix(self, prefix: str) -> int:
        """Forget every key that begins with `prefix`; how many there were."""
        found = [key for key in self._entries if key.startswith(prefix)]
        for key in found:
            self.drop(key)
        return len(found)


MEMORY = Memory()
