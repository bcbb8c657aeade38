"""The isolate's memory of ready answers, bounded by count and bytes, least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

MAX_ENTRIES = 2000
MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRY_BYTES = 1024 * 1024
_DROPS_KEPT = 256


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
    prepared: Any = None  # JavaScript Headers and what goes with them, made when first served (worker/respond.py)
    prepared_for: tuple[str, int, str] | None = None  # and what for: cache outcome, age in seconds, limit's policy


def group_of(key: str) -> str:
    """What is dropped together: `{tenant}:/v1/{resource}` or `{tenant}:/v1/{resource}/{id}`, the first three segments."""
    return "/".join(key.partition("?")[0].split("/", 4)[:4])


class Memory:
    """Keys are `{tenant}:{path}?{query}#{scope}`. They are kept by group, so that dropping a prefix walks through few."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._groups: dict[str, set[str]] = {}
        self._bytes = 0
        self._drops: OrderedDict[str, float] = OrderedDict()  # prefix → when it was last dropped

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
        self._groups.setdefault(group_of(key), set()).add(key)
        self._bytes += len(entry.text)
        while self._bytes > MAX_BYTES or len(self._entries) > MAX_ENTRIES:
            self.drop(next(iter(self._entries)))

    def drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= len(entry.text)
        group = group_of(key)
        self._groups[group].discard(key)
        if not self._groups[group]:
            del self._groups[group]

    def drop_prefix(self, prefix: str, now: float) -> int:
        """Forget every key that begins with `prefix`, and remember when; how many there were."""
        self._drops[prefix] = now
        self._drops.move_to_end(prefix)
        if len(self._drops) > _DROPS_KEPT:
            self._drops.popitem(last=False)
        groups = [name for name in self._groups if name.startswith(prefix) or prefix.startswith(name)]
        found = [key for name in groups for key in self._groups[name] if key.startswith(prefix)]
        for key in found:
            self.drop(key)
        return len(found)

    def dropped_since(self, key: str, moment: float) -> bool:
        """Was `key` dropped at `moment` or later? What was asked for or stored before that may be old."""
        return any(at >= moment and key.startswith(prefix) for prefix, at in self._drops.items())


MEMORY = Memory()
