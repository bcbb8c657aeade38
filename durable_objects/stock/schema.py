"""The tables of a zone's stock, as the second version of the zone's schema: the first one knew quantities alone."""

from __future__ import annotations

# What goes by weight and volume; a measure that an item does not have counts as nothing.
WEIGHT = "coalesce(i.weight_g, 0)"
VOLUME = "coalesce(1.0 * i.length_mm * i.width_mm * i.height_mm, 0)"

# Sums of the limited locations whose SKUs are chosen by `{chosen}`.
LOADS = (
    "INSERT OR REPLACE INTO load (location, weight_g, volume_mm3)"
    f" SELECT s.location, total(s.quantity * {WEIGHT}), total(s.quantity * {VOLUME})"
    " FROM stock s JOIN item i ON i.sku = s.sku JOIN location l ON l.id = s.location"
    " WHERE (l.max_weight_g IS NOT NULL OR l.max_volume_mm3 IS NOT NULL) {chosen} GROUP BY s.location"
)

STOCK_TABLES = f"""
ALTER TABLE stock ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;   -- of quantity

-- Whose the reserved pieces of a line are. Rebuilt from the ledger by the audit, like the stock.
CREATE TABLE reservation (
    location TEXT NOT NULL, sku TEXT NOT NULL, reference TEXT NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (location, sku, reference)
) WITHOUT ROWID;
CREATE INDEX reservation_ended ON reservation (quantity) WHERE quantity = 0;

-- What lies at a location that has a limit. REAL: whole numbers, exact up to 2^53, and no overflow beyond.
CREATE TABLE load (location TEXT PRIMARY KEY, weight_g REAL NOT NULL, volume_mm3 REAL NOT NULL) WITHOUT ROWID;
{LOADS.format(chosen="")};

DROP TRIGGER stock_added;
DROP TRIGGER stock_changed;
INSERT INTO counter (name, value) VALUES ('reserved_quantity', 0), ('in_transit_quantity', 0);

ALTER TABLE ledger ADD COLUMN reserved_delta INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;       -- afterwards, as quantity and version
ALTER TABLE ledger ADD COLUMN posting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN line INTEGER NOT NULL DEFAULT 0;           -- within the posting
CREATE INDEX ledger_by_place ON ledger (location, sku, sequence);

-- One call that changed stock; its ledger rows are first … first + rows - 1.
CREATE TABLE posting (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL,
    first INTEGER NOT NULL, rows INTEGER NOT NULL, applied INTEGER NOT NULL, refused INTEGER NOT NULL
);
-- The refused lines of a partial call, for as long as its answer may be asked for again.
CREATE TABLE refusal (
    posting INTEGER NOT NULL, line INTEGER NOT NULL, at INTEGER NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL,
    quantity INTEGER NOT NULL, reserved INTEGER NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (posting, line)
) WITHOUT ROWID;

-- Scratch of one call, empty between calls: each line as the rules have judged it (part 1: a transfer's other end).
CREATE TABLE movement (
    n INTEGER NOT NULL, part INTEGER NOT NULL,
    op TEXT NOT NULL, location TEXT NOT NULL, sku TEXT NOT NULL, reference TEXT NOT NULL,
    quantity_before INTEGER NOT NULL, reserved_before INTEGER NOT NULL, version_before INTEGER NOT NULL,
    held_before INTEGER NOT NULL,                -- reserved here for the line's reference
    delta INTEGER NOT NULL, reserved_delta INTEGER NOT NULL,
    weight_delta REAL, volume_delta REAL,        -- NULL where the location has no limit
    fault TEXT,                                  -- why it is refused; NULL: it was applied
    PRIMARY KEY (n, part)
) WITHOUT ROWID;

-- Events not yet taken by the warehouse, numbered without a gap.
CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL
);

-- Idempotency keys (hashed). What the answer was: a posting's, a transfer's, or a problem's text.
CREATE TABLE idempotency (
    key TEXT PRIMARY KEY, at INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    posting INTEGER, transfer TEXT, answer TEXT
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (at);

-- Transfers to other zones: the pieces have left, and the target is asked until it has answered.
CREATE TABLE transfer_out (
    id TEXT PRIMARY KEY, target TEXT NOT NULL, fingerprint TEXT NOT NULL, author TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('in-transit', 'completed', 'refused')),
    quantity INTEGER NOT NULL, lines INTEGER NOT NULL,
    sent INTEGER NOT NULL, returned INTEGER,     -- postings
    attempts INTEGER NOT NULL, next_at INTEGER,  -- when the target is asked again
    problem TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX transfer_out_by_age ON transfer_out (created_at, id);
CREATE INDEX transfer_out_due ON transfer_out (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE transfer_line (
    transfer TEXT NOT NULL, n INTEGER NOT NULL, sku TEXT NOT NULL, location TEXT NOT NULL, target TEXT NOT NULL,
    quantity INTEGER NOT NULL, PRIMARY KEY (transfer, n)
) WITHOUT ROWID;

-- Transfers from other zones, by what was answered. Never forgotten: a late repeat must find the first answer.
CREATE TABLE transfer_in (
    source TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (source, id)
) WITHOUT ROWID;
"""
