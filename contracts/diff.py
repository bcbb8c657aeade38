"""What an import would change, before it changes anything: records compared by their key, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.base import Model

KEYS: dict[str, tuple[str, ...]] = {"order_lines": ("id",), "items": ("sku",), "stock": ("sku", "location")}
MAX_LISTED = 1_000


class DiffRequest(Model):
    """`current` is what the warehouse holds, `incoming` what the import would write; both as the contract's JSON."""

    kind: Literal["order_lines", "items", "stock"]
    current: Annotated[tuple[dict[str, Any], ...], Field(max_length=200_000)]
    incoming: Annotated[tuple[dict[str, Any], ...], Field(max_length=200_000)]


class Change(Model):
    """One record that would change: per field, what it is and what it would be (None: absent)."""

    key: str
    fields: dict[str, tuple[Any, Any]]


class Diff(Model):
    """Counts are of all records; each list holds the first 1,000. `absent` are held but not in the import: an import
    adds and changes, it never deletes, so they stay."""

    added: int
    changed: int
    unchanged: int
    absent: int
    added_keys: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    absent_keys: tuple[str, ...] = ()


def compare(kind: str, current: Iterable[Mapping[str, Any]], incoming: Iterable[Mapping[str, Any]]) -> Diff:
    """The difference. A field that is absent equals one that is None; an order's lines are compared as a set."""
    names = KEYS[kind]
    held = {_key(record, names): record for record in current}
    new = {_key(record, names): record for record in incoming}
    added = [key for key in new if key not in held]
    absent = [key for key in held if key not in new]
    changes = [
        Change(key=key, fields=fields)
        for key, record in new.items()
        if key in held and (fields := _fields(held[key], record))
    ]
    return Diff(
        added=len(added),
        changed=len(changes),
        unchanged=len(new) - len(added) - len(changes),
        absent=len(absent),
        added_keys=tuple(added[:MAX_LISTED]),
        changes=tuple(changes[:MAX_LISTED]),
        absent_keys=tuple(absent[:MAX_LISTED]),
    )


def _key(record: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return " @ ".join(str(record.get(name)) for name in names)


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    found = {}
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if name == "lines":
            before, after = _quantities(before), _quantities(after)
            skus = sorted(before.keys() | after.keys())
            found.update({f"lines/{s}": (before.get(s), after.get(s)) for s in skus if before.get(s) != after.get(s)})
        elif before != after and not (
            isinstance(before, list) and isinstance(after, list) and set(before) == set(after)
        ):
            found[name] = (before, after)
    return found


def _quantities(lines: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in lines or ():
        total[line["sku"]] = total.get(line["sku"], 0) + line["quantity"]
    return total
