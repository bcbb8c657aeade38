"""The code that a zone's database holds: views that take lines and whole calls, and the triggers that carry them out.

The view `line` takes one line of a call after the other; its triggers judge it by the rules and apply it, so each line
sees what those before it have changed. The view `call` takes a whole call that is all or nothing: its trigger hands over
the lines, writes the books and, when a line was refused, undoes it all, in one statement.
"""

from __future__ import annotations

import hashlib

from durable_objects.sqlite import REFUSED, Sql, scalar
from durable_objects.stock.books import COUNTERS, EVENTS, LEDGER
from durable_objects.stock.rules import OTHER_END, RULES
from durable_objects.stock.schema import VOLUME, WEIGHT

_COLUMNS = (
    "n, part, op, location, sku, reference, quantity_before, reserved_before, version_before, held_before,"
    " delta, reserved_delta, weight_delta, volume_delta, fault, at"
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
           CASE {faults} END, new.at
    FROM (
        SELECT *, new.op AS op, {expected} AS expected, new.allow_negative AS allow_negative, new.limited AS limited,
               {delta} AS delta, {reserved_delta} AS reserved_delta
        FROM (
            SELECT coalesce(s.quantity, 0) AS quantity_before, coalesce(s.reserved, 0) AS reserved_before,
                   coalesce(s.version, 0) AS version_before, coalesce(r.quantity, 0) AS held_before
            FROM (SELECT 1)
            LEFT JOIN stock s ON s.location = {location} AND s.sku = new.sku
            LEFT JOIN reservation r ON r.location = {location} AND r.sku = new.sku AND r.reference = new.reference)
    )
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

# Hands over a JSON list of lines. What depends on the line alone is worked out here: in the trigger SQLite would do it
# again for each rule that names it.
_TAKE = """
INSERT INTO line (n, op, location, target, sku, reference, amount, delta, reserved_delta, limited, expected,
                  target_expected, allow_negative, at)
SELECT {first} + key, op, value ->> 'location', value ->> 'to', value ->> 'sku', coalesce(value ->> 'reference', ''), amount,
       CASE op WHEN 'count' THEN NULL WHEN 'reserve' THEN 0 WHEN 'release' THEN 0 WHEN 'pick' THEN -amount
               WHEN 'transfer' THEN -amount WHEN 'send' THEN -amount ELSE amount END,
       CASE op WHEN 'reserve' THEN amount WHEN 'release' THEN -amount
               WHEN 'pick' THEN iif(value ->> 'reserved', -amount, 0) ELSE 0 END,
       -- A count says what is there, what comes back from a refused transfer was there before, and the stock at the
       -- beginning has been checked by the warehouse.
       op NOT IN ('count', 'return', 'open'),
       value ->> 'version', value ->> 'to_version',
       coalesce((SELECT value ->> 'allow_negative' FROM meta WHERE key = 'settings'), 0), {at}
FROM (SELECT key, value, value ->> 'op' AS op, coalesce(value ->> 'quantity', value ->> 'delta') AS amount
      FROM json_each({text}, {path}))
"""
# ?1: the list, at the path ?2, to be numbered from ?3; ?4: when.
TAKE = _TAKE.format(text="?1", path="?2", first="?3", at="?4")

# One end of most lines is all there is: what they change is at hand. A transfer's ends are looked at together.
_LINE = f"""
CREATE VIEW line (n, op, location, target, sku, reference, amount, delta, reserved_delta, limited, expected,
                  target_expected, allow_negative, at)
    AS SELECT 0, '', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0 WHERE false;
CREATE TRIGGER line_moves INSTEAD OF INSERT ON line WHEN new.op <> 'transfer' BEGIN
    {_SOURCE}
END;
CREATE TRIGGER line_transfers INSTEAD OF INSERT ON line WHEN new.op = 'transfer' BEGIN
    {_SOURCE}
    {_TARGET}
    UPDATE movement SET fault = '{OTHER_END}' WHERE n = new.n AND fault IS NULL
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
CREATE TRIGGER movement_counts AFTER INSERT ON movement WHEN new.fault IS NULL AND new.op <> 'transfer' BEGIN
    INSERT INTO stock (location, sku, quantity, reserved, version, updated_at)
        VALUES (new.location, new.sku, new.quantity_before + new.delta, new.reserved_before + new.reserved_delta,
                new.version_before + 1, new.at)
        ON CONFLICT (location, sku) DO UPDATE SET quantity = excluded.quantity, reserved = excluded.reserved,
            version = excluded.version, updated_at = excluded.updated_at;
END;
CREATE TRIGGER movement_loads AFTER INSERT ON movement
    WHEN new.weight_delta IS NOT NULL AND new.delta <> 0 AND new.fault IS NULL AND new.op <> 'transfer' BEGIN
    INSERT INTO load (location, weight_g, volume_mm3) VALUES (new.location, new.weight_delta, new.volume_delta)
        ON CONFLICT (location) DO UPDATE SET weight_g = weight_g + excluded.weight_g,
            volume_mm3 = volume_mm3 + excluded.volume_mm3;
END;
CREATE TRIGGER movement_reserves AFTER INSERT ON movement WHEN new.reserved_delta <> 0 AND new.fault IS NULL BEGIN
    INSERT INTO reservation (location, sku, reference, quantity)
        VALUES (new.location, new.sku, new.reference, new.held_before + new.reserved_delta)
        ON CONFLICT (location, sku, reference) DO UPDATE SET quantity = excluded.quantity;
END;
"""
_CALL = f"""
CREATE VIEW call (text, path, at, author) AS SELECT '', '', 0, '' WHERE false;
CREATE TRIGGER call_posts INSTEAD OF INSERT ON call BEGIN
    {_TAKE.format(text="new.text", path="new.path", first="0", at="new.at")};
    SELECT raise(ABORT, '{REFUSED}') FROM movement WHERE fault IS NOT NULL;
    INSERT INTO posting (at, author, first, rows, applied, refused)
        SELECT new.at, new.author, coalesce((SELECT max(sequence) FROM ledger), 0) + 1, count(*),
               count(part = 0 OR NULL), 0 FROM movement;
    {LEDGER};
    {COUNTERS};
    {EVENTS};
    DELETE FROM reservation WHERE quantity = 0;
    DELETE FROM movement;
END;
"""
# One line, or many: INSERT INTO call is all that is needed.
POST = "INSERT INTO call (text, path, at, author) VALUES (?, ?, ?, ?)"

_PROGRAM = _LINE + _CALL
_MARK = f"-- program {hashlib.sha256(_PROGRAM.encode()).hexdigest()[:16]}"


def install(sql: Sql) -> bool:
    """Put the program into the database, if it does not hold this very one. It is code, so no migration changes it.

    Call it when the object starts. True when they were written.
    """
    text = scalar(sql, "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'line_moves'")
    if text is not None and _MARK in text:
        return False

    def write() -> None:
        for name in ("line", "call"):
            sql.run(f"DROP VIEW IF EXISTS {name}")  # and its triggers
        for name in ("movement_counts", "movement_loads", "movement_reserves"):
            sql.run(f"DROP TRIGGER IF EXISTS {name}")
        for statement in _PROGRAM.split("CREATE ")[1:]:
            sql.run("CREATE " + statement.replace("BEGIN\n", f"BEGIN {_MARK}\n", 1))

    sql.transaction(write)
    return True
