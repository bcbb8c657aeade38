"""The tables of AgentFleet."""

from __future__ import annotations

from durable_objects.sqlite import Migration

# `picked`: requests that were sent to the instance since it last reported its load. `permit_until`: it may be starting
# until then. `reserved_until`: a request is on its way there, and its start has not been permitted yet.
_V1 = """
CREATE TABLE IF NOT EXISTS instances (
    session TEXT PRIMARY KEY,
    status TEXT NOT NULL DEFAULT 'stopped',
    incarnation TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL DEFAULT 0,
    since REAL NOT NULL DEFAULT 0,
    load INTEGER NOT NULL DEFAULT 0,
    picked INTEGER NOT NULL DEFAULT 0,
    active REAL NOT NULL DEFAULT 0,
    seen REAL NOT NULL DEFAULT 0,
    permit_until REAL NOT NULL DEFAULT 0,
    about TEXT NOT NULL DEFAULT '{}'
);
"""
_V2 = "ALTER TABLE instances ADD COLUMN reserved_until REAL NOT NULL DEFAULT 0;"

MIGRATIONS = (Migration(1, "instances", _V1), Migration(2, "reservations", _V2))
