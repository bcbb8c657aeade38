"""Telemetry's tables."""

from __future__ import annotations

from durable_objects.sqlite import META_TABLE, Migration

_V1 = (
    META_TABLE
    + """
-- Since the installation's first day. `labels`: a JSON list of label values, in the order of the metric's names.
CREATE TABLE counter (name TEXT NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (name, labels)) WITHOUT ROWID;

-- The last two hours in spans of ten seconds; `buckets`: a JSON list of counts (histogram.BOUNDS_MS).
CREATE TABLE span (
    at INTEGER NOT NULL, route TEXT NOT NULL, requests INTEGER NOT NULL, errors INTEGER NOT NULL, buckets TEXT NOT NULL,
    PRIMARY KEY (at, route)
) WITHOUT ROWID;

-- What is so at a moment, as its source last said; a source that has gone silent no longer counts.
CREATE TABLE gauge (
    name TEXT NOT NULL, labels TEXT NOT NULL, source TEXT NOT NULL, value REAL NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (name, labels, source)
) WITHOUT ROWID;

-- The number of each isolate's last report: the same report again changes nothing.
CREATE TABLE isolate (id TEXT PRIMARY KEY, number INTEGER NOT NULL, seen REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE alert (
    rule TEXT PRIMARY KEY, state TEXT NOT NULL, since REAL NOT NULL, value REAL, told_at REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, identity TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL
);
"""
)
MIGRATIONS = (Migration(1, "counters, spans, gauges, alerts", _V1),)
