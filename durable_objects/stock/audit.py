"""The check that stock and reservations are what the ledger says: rebuilt from it, and compared with what is stored."""

from __future__ import annotations

from typing import Any

from durable_objects.sqlite import Sql, scalar
from durable_objects.stock.schema import VOLUME, WEIGHT

MAX_DIFFERENCES = 1000  # listed in one slice

# Every column of a line is a sum over its ledger rows: each row is one version.
_LINES = """
WITH rebuilt AS (
    SELECT location, sku, sum(delta) AS quantity, sum(reserved_delta) AS reserved, count(*) AS version
    FROM ledger WHERE location > ?1 AND location <= ?2 GROUP BY location, sku),
stored AS (SELECT location, sku, quantity, reserved, version FROM stock WHERE location > ?1 AND location <= ?2),
pair AS (
    SELECT location, sku, s.quantity AS q, s.reserved AS r, s.version AS v, b.quantity AS bq, b.reserved AS br, b.version AS bv
    FROM rebuilt b LEFT JOIN stored s USING (location, sku)
    UNION ALL
    SELECT location, sku, quantity, reserved, version, NULL, NULL, NULL FROM stored s
    WHERE NOT EXISTS (SELECT 1 FROM rebuilt b WHERE b.location = s.location AND b.sku = s.sku))
SELECT 'quantity', location, sku, '', q, bq FROM pair WHERE q IS NOT bq
UNION ALL SELECT 'reserved', location, sku, '', r, br FROM pair WHERE r IS NOT br
UNION ALL SELECT 'version', location, sku, '', v, bv FROM pair WHERE v IS NOT bv
"""
_RESERVATIONS = """
WITH rebuilt AS (
    SELECT location, sku, reference, sum(reserved_delta) AS quantity FROM ledger
    WHERE location > ?1 AND location <= ?2 AND reserved_delta <> 0 GROUP BY location, sku, reference HAVING sum(reserved_delta) <> 0),
stored AS (SELECT * FROM reservation WHERE location > ?1 AND location <= ?2)
SELECT 'reservation', location, sku, reference, s.quantity, b.quantity
FROM rebuilt b LEFT JOIN stored s USING (location, sku, reference) WHERE s.quantity IS NOT b.quantity
UNION ALL
SELECT 'reservation', location, sku, reference, quantity, NULL FROM stored s WHERE NOT EXISTS (
    SELECT 1 FROM rebuilt b WHERE b.location = s.location AND b.sku = s.sku AND b.reference = s.reference)
"""
# The ledger itself: each row continues the one before it on the same line.
_CHAIN = """
SELECT 'ledger', location, sku, 'row ' || sequence, quantity, expected FROM (
    SELECT location, sku, sequence, quantity, reserved, version,
           sum(delta) OVER line AS expected, sum(reserved_delta) OVER line AS expected_reserved, row_number() OVER line AS number
    FROM ledger WHERE location > ?1 AND location <= ?2 WINDOW line AS (PARTITION BY location, sku ORDER BY sequence))
WHERE quantity <> expected OR reserved <> expected_reserved OR version <> number
"""
_LOADS = f"""
WITH rebuilt AS (
    SELECT s.location AS location, total(s.quantity * {WEIGHT}) AS weight, total(s.quantity * {VOLUME}) AS volume
    FROM stock s JOIN item i ON i.sku = s.sku JOIN location l ON l.id = s.location
    WHERE s.location > ?1 AND s.location <= ?2 AND (l.max_weight_g IS NOT NULL OR l.max_volume_mm3 IS NOT NULL)
    GROUP BY s.location)
SELECT 'weight', location, '', '', d.weight_g, b.weight FROM rebuilt b LEFT JOIN load d USING (location)
WHERE coalesce(d.weight_g, 0) <> b.weight
UNION ALL
SELECT 'volume', location, '', '', d.volume_mm3, b.volume FROM rebuilt b LEFT JOIN load d USING (location)
WHERE coalesce(d.volume_mm3, 0) <> b.volume
"""
_TOTALS = """
WITH rebuilt (name, value) AS (
    SELECT 'stock_lines', count(*) FROM stock WHERE quantity <> 0
    UNION ALL SELECT 'stock_quantity', coalesce(sum(quantity), 0) FROM stock
    UNION ALL SELECT 'reserved_quantity', coalesce(sum(quantity), 0) FROM reservation
    UNION ALL SELECT 'in_transit_quantity', coalesce(sum(quantity), 0) FROM transfer_out WHERE state = 'in-transit')
SELECT name, '', '', '', c.value, b.value FROM rebuilt b JOIN counter c USING (name) WHERE c.value <> b.value
UNION ALL
SELECT 'ledger-rows', '', '', '', count(*), max(sequence) FROM ledger HAVING count(*) <> coalesce(max(sequence), 0)
"""
# What left with a transfer, and what came back if it was refused, as the ledger has it.
_TRANSFERS = """
WITH moved AS (
    SELECT t.id, t.state, t.quantity,
        (SELECT -sum(delta) FROM posting p JOIN ledger g ON g.sequence >= p.first AND g.sequence < p.first + p.rows
         WHERE p.id = t.sent) AS sent,
        (SELECT sum(delta) FROM posting p JOIN ledger g ON g.sequence >= p.first AND g.sequence < p.first + p.rows
         WHERE p.id = t.returned) AS returned
    FROM transfer_out t)
SELECT 'transfer-sent', '', '', id, quantity, sent FROM moved WHERE sent IS NOT quantity
UNION ALL SELECT 'transfer-returned', '', '', id, iif(state = 'refused', quantity, NULL), returned FROM moved
WHERE returned IS NOT iif(state = 'refused', quantity, NULL)
"""


def check(sql: Sql, after: str, locations: int) -> dict[str, Any]:
    """Compare the next `locations` locations after `after`; behind the last one, the zone's totals and transfers too.

    {"locations", "lines", "ledger_rows", "differences", "next": a location, or None at the end}
    """
    found = sql.rows(
        "SELECT location FROM (SELECT location FROM ledger WHERE location > ?1 UNION SELECT location FROM stock WHERE location > ?1)"
        " ORDER BY location LIMIT ?2",
        after,
        locations,
    )
    differences: list[list[Any]] = []
    through = found[-1][0] if found else after
    for statement in (_LINES, _RESERVATIONS, _CHAIN, _LOADS):
        differences += sql.rows(f"{statement} LIMIT {MAX_DIFFERENCES}", after, through)
    more = len(found) == locations
    if not more:
        differences += sql.rows(_TOTALS) + sql.rows(f"{_TRANSFERS} LIMIT {MAX_DIFFERENCES}")
    span = "location > ? AND location <= ?"
    names = ("kind", "location", "sku", "reference", "stored", "rebuilt")
    return {
        "locations": len(found),
        "lines": int(scalar(sql, f"SELECT count(*) FROM stock WHERE {span}", after, through)),
        "ledger_rows": int(scalar(sql, f"SELECT count(*) FROM ledger WHERE {span}", after, through)),
        "differences": [dict(zip(names, row, strict=True)) for row in differences],
        "next": through if more else None,
    }
