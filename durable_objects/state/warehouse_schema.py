"""WarehouseState's tables. Who owns what: docs/consistency.md."""

from __future__ import annotations

from durable_objects.sqlite import META_TABLE, TEXT_PART_TABLE, Migration
from durable_objects.state.hub import EVENT_TABLES
from durable_objects.state.jobs import JOB_TABLE
from durable_objects.state.locations import LOCATION_TABLE
from durable_objects.state.outbox import BATCH_TABLE, OUTBOX_TABLES
from durable_objects.state.zone_news import TOTALS_COLUMNS

_V1 = (
    META_TABLE
    + TEXT_PART_TABLE
    + LOCATION_TABLE
    + EVENT_TABLES
    + """
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('items', 0), ('orders_open', 0), ('order_lines_open', 0), ('item_revision', 0), ('locations', 0);

CREATE TABLE zone (
    id TEXT PRIMARY KEY, locations INTEGER NOT NULL,
    stock_lines INTEGER NOT NULL DEFAULT 0, stock_quantity INTEGER NOT NULL DEFAULT 0   -- as the zone last reported
) WITHOUT ROWID;

CREATE TABLE configuration (version INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL, document TEXT NOT NULL);

CREATE TABLE item (sku TEXT PRIMARY KEY, body TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX item_by_revision ON item (revision);
CREATE TRIGGER item_added AFTER INSERT ON item BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'items';
END;

CREATE TABLE orders (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('open', 'completed', 'cancelled')),
    body TEXT NOT NULL,                -- the order as it was sent, as JSON
    lines INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
CREATE INDEX orders_by_status ON orders (status, sequence);
CREATE TRIGGER order_added AFTER INSERT ON orders WHEN new.status = 'open' BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'orders_open';
    UPDATE counter SET value = value + new.lines WHERE name = 'order_lines_open';
END;
CREATE TRIGGER order_changed AFTER UPDATE OF status, lines ON orders BEGIN
    UPDATE counter SET value = value + (new.status = 'open') - (old.status = 'open') WHERE name = 'orders_open';
    UPDATE counter SET value = value + (new.status = 'open') * new.lines - (old.status = 'open') * old.lines
        WHERE name = 'order_lines_open';
END;

-- What other objects must still be told, in order per target: a zone's id, or '@directory'.
CREATE TABLE delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);

CREATE TABLE staged_order (n INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE staged_stock (n INTEGER PRIMARY KEY, location TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL);

CREATE TABLE import (id TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE import_chunk (
    import_id TEXT NOT NULL, chunk INTEGER NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (import_id, chunk)
) WITHOUT ROWID;
"""
)

MIGRATIONS = (
    Migration(1, "layout, items, orders, configuration, events", _V1),
    Migration(2, "jobs", JOB_TABLE),
    Migration(3, "what zones report", TOTALS_COLUMNS),
    Migration(4, "ways out of the event log", OUTBOX_TABLES),
    Migration(5, "batches that are not dealt with yet", BATCH_TABLE),
)
