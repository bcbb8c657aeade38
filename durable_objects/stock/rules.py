"""What refuses an operation on stock: each rule a condition in SQL, the problem that it is, and its words.

The rules run inside SQLite: a view `line` takes the lines of a call, and its trigger judges and applies one after the
other, so each line sees what those before it have changed (see `installed`). A condition may name

    expected, limited, allow_negative         of the line (`expected` is NULL where the caller named no version)
    quantity_before, reserved_before, version_before, held_before, delta, reserved_delta
    the columns of the line's `location`, `item` and `load` as l, i and d (all NULL where there is none)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.stock import MAX_LINE_PIECES
from durable_objects.sqlite import Sql, scalar
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

_COLUMNS = (
    "n, part, op, location, sku, reference, quantity_before, reserved_before, version_before, held_before,"
    " delta, reserved_delta, weight_delta, volume_delta, fault"
)


def _judged(part: int, location: str, expected: str, delta: str, reserved_delta: str) -> str:
    """One end of a line, looked up and judged."""
    faults = " ".join(f"WHEN {rule.condition} THEN '{rule.name}'" for rule in RULES)
    limited = "l.max_weight_g IS NOT NULL OR l.max_volume_mm3 IS NOT NULL"
    return f"""
    INSERT INTO movement ({_COLUMNS})
    SELECT new.n, {part}, op, {location}, new.sku, new.reference,
           quantity_before, reserved_before, version_before, held_before, delta, reserved_delta,
           CASE WHEN {limited} THEN delta * {WEIGHT} END, CASE WHEN {limited} THEN delta * {VOLUME} END,
           CASE {faults} END
    FROM (
        SELECT *, new.op AS op, {expected} AS expected, new.allow_negative AS allow_negative, new.limited AS limited,
               {delta} AS delta, {reserved_delta} AS reserved_delta
        FROM (
            SELECT coalesce(s.quantity, 0) AS quantity_before, coalesce(s.reserved, 0) AS reserved_before,
                   coalesce(s.version, 0) AS version_before, coalesce(r.quantity, 0) AS held_before
            FROM (SELECT 1)
            LEFT JOIN stock s ON s.location = {location} AND s.sku = new.sku
            LEFT JOIN reservation r ON r.location = {location} AND r.sku = new.sku AND r.reference = new.reference)
        {"WHERE new.op = 'transfer'" if part else ""})
    LEFT JOIN location l ON l.id = {location}
    LEFT JOIN item i ON i.sku = new.sku
    LEFT JOIN load d ON d.location = {location};"""


_SOURCE = _judged(
    part=0,
    location="new.location",
    expected="new.expected",
    delta="coalesce(new.delta, new.amount - quantity_before)",
    reserved_delta="new.reserved_delta",
)
_TARGET = _judged(part=1, location="new.target", expected="new.target_expected", delta="new.amount", reserved_delta="0")

# Hands over a JSON list of lines (?1, at the path ?2) to be numbered from ?3. What depends on the line alone is worked out
# here: in the trigger SQLite would do it again for each rule that names it.
TAKE = """
INSERT INTO line (n, op, location, target, sku, reference, amount, delta, reserved_delta, limited, expected,
                  target_expected, allow_negative, at)
SELECT ?3 + key, op, value ->> 'location', value ->> 'to', value ->> 'sku', coalesce(value ->> 'reference', ''), amount,
       CASE op WHEN 'count' THEN NULL WHEN 'reserve' THEN 0 WHEN 'release' THEN 0 WHEN 'pick' THEN -amount
               WHEN 'transfer' THEN -amount WHEN 'send' THEN -amount ELSE amount END,
       CASE op WHEN 'reserve' THEN amount WHEN 'release' THEN -amount
               WHEN 'pick' THEN iif(value ->> 'reserved', -amount, 0) ELSE 0 END,
       -- A count says what is there, what comes back from a refused transfer was there before, and the stock at the
       -- beginning has been checked by the warehouse.
       op NOT IN ('count', 'return', 'open'),
       value ->> 'version', value ->> 'to_version', ?4, ?5
FROM (SELECT key, value, value ->> 'op' AS op, coalesce(value ->> 'quantity', value ->> 'delta') AS amount
      FROM json_each(?1, ?2))
"""

_LINE = f"""
CREATE VIEW line (n, op, location, target, sku, reference, amount, delta, reserved_delta, limited, expected,
                  target_expected, allow_negative, at)
    AS SELECT 0, '', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0 WHERE false;
CREATE TRIGGER line_moves INSTEAD OF INSERT ON line BEGIN
    {_SOURCE}
    {_TARGET}
    UPDATE movement SET fault = '{OTHER_END}' WHERE new.op = 'transfer' AND n = new.n AND fault IS NULL
        AND EXISTS (SELECT 1 FROM movement WHERE n = new.n AND fault IS NOT NULL);
    INSERT INTO stock (location, sku, quantity, reserved, version, updated_at)
        SELECT location, sku, quantity_before + delta, reserved_before + reserved_delta, version_before + 1, new.at
        FROM movement WHERE n = new.n AND fault IS NULL
        ON CONFLICT (location, sku) DO UPDATE SET quantity = excluded.quantity, reserved = excluded.reserved,
            version = excluded.version, updated_at = excluded.updated_at;
    INSERT INTO load (location, weight_g, volume_mm3)
        SELECT location, weight_delta, volume_delta
        FROM movement WHERE n = new.n AND fault IS NULL AND weight_delta IS NOT NULL AND delta <> 0
        ON CONFLICT (location) DO UPDATE SET weight_g = weight_g + excluded.weight_g,
            volume_mm3 = volume_mm3 + excluded.volume_mm3;
END;
CREATE TRIGGER movement_reserves AFTER INSERT ON movement WHEN new.reserved_delta <> 0 AND new.fault IS NULL BEGIN
    INSERT INTO reservation (location, sku, reference, quantity)
        VALUES (new.location, new.sku, new.reference, new.held_before + new.reserved_delta)
        ON CONFLICT (location, sku, reference) DO UPDATE SET quantity = excluded.quantity;
END;
"""
_MARK = f"-- rules {hashlib.sha256(_LINE.encode()).hexdigest()[:16]}"


def install(sql: Sql) -> bool:
    """Put the rules into the database, if it does not hold these very ones. They are code, so no migration changes them.

    Call it when the object starts. True when they were written.
    """
    text = scalar(sql, "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'line_moves'")
    if text is not None and _MARK in text:
        return False

    def write() -> None:
        sql.run("DROP VIEW IF EXISTS line")  # and its trigger
        sql.run("DROP TRIGGER IF EXISTS movement_reserves")
        for statement in _LINE.split("CREATE ")[1:]:
            sql.run("CREATE " + statement.replace("BEGIN\n", f"BEGIN {_MARK}\n", 1))

    sql.transaction(write)
    return True


def words(fault: str, movement: Mapping[str, Any]) -> str:
    """What a refused line is told."""
    return BY_NAME[fault].words.format(**movement)
