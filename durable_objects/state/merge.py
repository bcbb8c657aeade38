"""Three-way merge of JSON documents, field by field from the common ancestor.

Objects merge per member, recursively; everything else (numbers, texts, lists) is one value. Two sides that change the
same value to the same new value agree; to different values they conflict, and the caller decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import pointer

ABSENT = object()


@dataclass(frozen=True, slots=True)
class Conflict:
    """One value that both sides changed differently. ABSENT stands for a member that a side does not have."""

    path: tuple[str, ...]
    base: Any
    yours: Any
    current: Any

    def as_dict(self) -> dict[str, Any]:
        """{pointer, base?, yours?, current?}: a member is left out where that side does not have the value."""
        sides = (("base", self.base), ("yours", self.yours), ("current", self.current))
        return {"pointer": pointer(self.path), **{name: value for name, value in sides if value is not ABSENT}}


def merge(base: Any, yours: Any, current: Any) -> tuple[Any, list[Conflict]]:
    """The merged document and the conflicts; at a conflict the merged document holds `current`."""
    conflicts: list[Conflict] = []
    merged = _merge((), base, yours, current, conflicts)
    return merged, conflicts


def _merge(path: tuple[str, ...], base: Any, yours: Any, current: Any, conflicts: list[Conflict]) -> Any:
    if _same(yours, current) or _same(base, yours):
        return current
    if _same(base, current):
        return yours
    if isinstance(yours, Mapping) and isinstance(current, Mapping):
        # Both sides may have added the object: then its members have no common ancestor.
        origin = base if isinstance(base, Mapping) else {}
        merged: dict[str, Any] = {}
        for name in [*current, *(key for key in yours if key not in current)]:
            sides = (origin.get(name, ABSENT), yours.get(name, ABSENT), current.get(name, ABSENT))
            value = _merge((*path, name), *sides, conflicts)
            if value is not ABSENT:
                merged[name] = value
        return merged
    conflicts.append(Conflict(path, base, yours, current))
    return current


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, and an absent value equals only an absent one."""
    if one is ABSENT or other is ABSENT:
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: members of `patch` replace those of `target`; null removes one."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result
