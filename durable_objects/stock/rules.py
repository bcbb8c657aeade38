"""What refuses an operation on stock: each rule a condition in SQL, the problem that it is, and its words.

The rules run inside SQLite (see program.py): lines are judged and applied one after the other, so each sees what those
before it have changed. A condition may name

    expected, limited, allow_negative         of the line (`expected` is NULL where the caller named no version)
    quantity_before, reserved_before, version_before, held_before, delta, reserved_delta
    the columns of the line's `location`, `item` and `load` as l, i and d (all NULL where there is none)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.stock import MAX_LINE_PIECES
from durable_objects.stock.schema import VOLUME, WEIGHT


@dataclass(frozen=True, slots=True)
class Rule:
    """`member`: of the line, that is at fault. `words` may use the columns of `movement`, and {sku} and {location}."""

    name: str
    condition: str
    code: str
    member: str
    words: str


# Sorted, an item's sides must not be longer than the location's: then it fits in some rotation.
_ITEM = ("min(i.length_mm, i.width_mm, i.height_mm)", "max(i.length_mm, i.width_mm, i.height_mm)")
_ROOM = "coalesce(l.width_mm, 1e9), coalesce(l.depth_mm, 1e9), coalesce(l.height_mm, 1e9)"
_MIDDLE_ITEM = f"(i.length_mm + i.width_mm + i.height_mm - {_ITEM[0]} - {_ITEM[1]})"
_MIDDLE_ROOM = f"(coalesce(l.width_mm, 1e9) + coalesce(l.depth_mm, 1e9) + coalesce(l.height_mm, 1e9) - min({_ROOM}) - max({_ROOM}))"
# Not what is counted, comes back from a refused transfer, or is there from the beginning: see `limited` in TAKE.
_COMES_IN = "limited AND delta > 0"

RULES = (
    Rule("unknown-location", "l.id IS NULL", "invalid", "location", "the zone has no location {location!r}"),
    Rule("unknown-sku", "i.sku IS NULL", "invalid", "sku", "the warehouse has no item {sku!r}: add it first"),
    Rule(
        "version",
        "expected <> version_before",
        "version-conflict",
        "version",
        "{sku} at {location} has version {version_before}",
    ),
    Rule(
        "not-reserved",
        "reserved_delta < 0 AND held_before + reserved_delta < 0",
        "insufficient-stock",
        "quantity",
        "{held_before} {sku} at {location} are reserved for {reference!r}",
    ),
    Rule(
        "nothing-to-reserve",
        "reserved_delta > 0 AND quantity_before < reserved_before + reserved_delta",
        "insufficient-stock",
        "quantity",
        "of {quantity_before} {sku} at {location} {reserved_before} are reserved",
    ),
    Rule(
        "below-zero",
        "delta < 0 AND NOT allow_negative AND quantity_before + delta < 0",
        "insufficient-stock",
        "quantity",
        "{quantity_before} {sku} lie at {location}",
    ),
    # What others have reserved may not be taken away. Where the zone has let it happen, less of it is no worse.
    Rule(
        "reserved",
        "delta < reserved_delta AND NOT allow_negative AND quantity_before + delta < reserved_before + reserved_delta",
        "insufficient-stock",
        "quantity",
        "of {quantity_before} {sku} at {location} {reserved_before} are reserved: release those first",
    ),
    Rule(
        "too-many",
        f"abs(quantity_before + delta) > {MAX_LINE_PIECES}",
        "capacity-exceeded",
        "quantity",
        f"a line holds at most {MAX_LINE_PIECES} pieces",
    ),
    Rule(
        "weight",
        f"{_COMES_IN} AND coalesce(d.weight_g, 0) + delta * {WEIGHT} > l.max_weight_g",
        "capacity-exceeded",
        "quantity",
        "{location} would bear more than its weight limit",
    ),
    Rule(
        "volume",
        f"{_COMES_IN} AND coalesce(d.volume_mm3, 0) + delta * {VOLUME} > l.max_volume_mm3",
        "capacity-exceeded",
        "quantity",
        "{location} would hold more than its volume limit",
    ),
    Rule(
        "size",
        f"{_COMES_IN} AND coalesce(l.width_mm, l.depth_mm, l.height_mm) IS NOT NULL AND ({_ITEM[0]} > min({_ROOM})"
        f" OR {_MIDDLE_ITEM} > {_MIDDLE_ROOM} OR {_ITEM[1]} > max({_ROOM}))",
        "capacity-exceeded",
        "sku",
        "{sku} does not fit into {location} in any rotation",
    ),
)
BY_NAME = {rule.name: rule for rule in RULES}
OTHER_END = "other-end"  # the fault of a transfer's end whose other end is refused; never told


def words(fault: str, movement: Mapping[str, Any]) -> str:
    """What a refused line is told."""
    return BY_NAME[fault].words.format(**movement)
