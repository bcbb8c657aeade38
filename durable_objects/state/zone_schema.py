"""WarehouseZone's tables. Who owns what: docs/consistency.md."""

from __future__ import annotations

from durable_objects.sqlite import META_TABLE, TEXT_PART_TABLE, Migration
from durable_objects.state.locations import LOCATION_TABLE
from durable_objects.stock.schema import STOCK_TABLES

_V1 = (
    META_TABLE
    + TEXT_PART_TABLE
    + LOCATION_TABLE
    + """
CREATE TABLE item (
    sku TEXT PRIMARY KEY, weight_g INTEGER, length_mm INTEGER, width_mm INTEGER, height_mm INTEGER
) WITHOUT ROWID;

CREATE TABLE stock (
    location TEXT NOT NULL, sku TEXT NOT NULL,
    quantity INTEGER NOT NULL, version INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    PRIMARY KEY (location, sku)
) WITHOUT ROWID;
CREATE INDEX stock_by_sku ON stock (sku);

-- Every change of a quantity, for ever: summed up per location and SKU it gives the stock.
CREATE TABLE ledger (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL,
    location TEXT NOT NULL, sku TEXT NOT NULL,
    delta INTEGER NOT NULL, quantity INTEGER NOT NULL, version INTEGER NOT NULL    -- quantity and version afterwards
);
CREATE TRIGGER ledger_keeps BEFORE UPDATE ON ledger BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('stock_lines', 0), ('stock_quantity', 0);
CREATE TRIGGER stock_added AFTER INSERT ON stock BEGIN
    UPDATE counter SET value = value + (new.quantity <> 0) WHERE name = 'stock_lines';
    UPDATE counter SET value = value + new.quantity WHERE name = 'stock_quantity';
END;
CREATE TRIGGER stock_changed AFTER UPDATE OF quantity ON stock BEGIN
    UPDATE counter SET value = value + (new.quantity <> 0) - (old.quantity <> 0) WHERE name = 'stock_lines';
    UPDATE counter SET value = value + new.quantity - old.quantity WHERE name = 'stock_quantity';
END;
"""
)

MIGRATIONS = (
    Migration(1, "locations, items, stock and ledger", _V1),
    Migration(2, "reservations, limits, postings, transfers, events", STOCK_TABLES),
    Migration(3, "when a movement was", "ALTER TABLE movement ADD COLUMN at INTEGER NOT NULL DEFAULT 0;"),
)
