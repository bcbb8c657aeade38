"""What a posting writes into the books, from the judged movements: ledger rows, totals, and events on their way out.

The posting is the last one in its table.
"""

from __future__ import annotations

LINES_PER_EVENT = 200

# What each operation is called in the event log.
EVENT_TYPES = {
    "open": "stock.opened",
    "receive": "stock.received",
    "adjust": "stock.adjusted",
    "reserve": "stock.reserved",
    "release": "stock.released",
    "pick": "stock.picked",
    "count": "stock.counted",
    "transfer": "stock.moved",
    "send": "stock.sent",
    "arrive": "stock.arrived",
    "return": "stock.returned",
}

LEDGER = """
INSERT INTO ledger (at, kind, reference, location, sku, delta, quantity, version, reserved_delta, reserved, posting, line)
SELECT at, op, reference, location, sku, delta, quantity_before + delta, version_before + 1,
       reserved_delta, reserved_before + reserved_delta, (SELECT max(id) FROM posting), n
FROM movement WHERE fault IS NULL ORDER BY n, part"""
COUNTERS = """
UPDATE counter SET value = value + iif(name = 'stock_lines', filled, iif(name = 'stock_quantity', more, held))
FROM (SELECT total((quantity_before + delta <> 0) - (quantity_before <> 0)) AS filled, total(delta) AS more,
             total(reserved_delta) AS held FROM movement WHERE fault IS NULL)
WHERE name IN ('stock_lines', 'stock_quantity', 'reserved_quantity')"""
EVENTS = f"""
INSERT INTO outbox (type, at, data)
SELECT CASE op {" ".join(f"WHEN '{op}' THEN '{name}'" for op, name in EVENT_TYPES.items())} END, at,
       json_object('posting', (SELECT max(id) FROM posting), 'lines', json_group_array(json_object(
           'location', location, 'sku', sku, 'delta', delta, 'reserved_delta', reserved_delta,
           'quantity', quantity_before + delta, 'reserved', reserved_before + reserved_delta,
           'version', version_before + 1, 'reference', reference)))
FROM movement WHERE fault IS NULL GROUP BY op, n / {LINES_PER_EVENT} ORDER BY min(n)"""
