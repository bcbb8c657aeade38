"""TaskQueue's tables.

A task is in one state, and `moment` (ms) is what its state waits for or dates from: waiting: since when; delayed: until
when; leased: until when; done, dead, cancelled: since when. So one index serves what is due, what is oldest, and lists.

A lane is what waits of one owner, type, zone, set of skills and priority; it exists while something waits in it. There
are few of them however many tasks wait, so a lease looks at lanes, and takes the first task of the best one.
"""

from __future__ import annotations

from durable_objects.sqlite import META_TABLE, Migration

# No due instant: after every real one.
NEVER = 2**52

_V1 = (
    META_TABLE
    + """
CREATE TABLE task (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL, zone TEXT NOT NULL, owner TEXT NOT NULL,
    skills TEXT NOT NULL,                      -- a sorted JSON list
    priority INTEGER NOT NULL,
    cost REAL NOT NULL,                        -- how much of its owner's share one lease takes
    due INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delayed', 'leased', 'done', 'dead', 'cancelled')),
    moment INTEGER NOT NULL,
    lane INTEGER,                              -- while it waits
    attempt INTEGER NOT NULL DEFAULT 0, max_attempts INTEGER NOT NULL,
    worker TEXT NOT NULL DEFAULT '', lease TEXT NOT NULL DEFAULT '',
    reason TEXT,
    created_at INTEGER NOT NULL, leased_at INTEGER, finished_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX task_by_state ON task (state, moment);
CREATE INDEX task_in_lane ON task (lane, due, seq) WHERE lane IS NOT NULL;
CREATE INDEX task_of_worker ON task (worker) WHERE state = 'leased';

-- Beside the task, so that a change of state does not write them again.
CREATE TABLE content (seq INTEGER PRIMARY KEY, payload TEXT NOT NULL, result TEXT);

-- `turn` is how much an owner has been served (start-time fair queuing): the lowest is next.
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, turn REAL NOT NULL);
CREATE TABLE lane (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL, priority INTEGER NOT NULL, type TEXT NOT NULL, zone TEXT NOT NULL, skills TEXT NOT NULL,
    turn REAL NOT NULL,                        -- its owner's
    UNIQUE (owner, priority, type, zone, skills)
);
CREATE INDEX lane_in_turn ON lane (priority, turn, owner);
CREATE TABLE virtual_time (only INTEGER PRIMARY KEY CHECK (only = 1), value REAL NOT NULL);
INSERT INTO virtual_time VALUES (1, 0);

CREATE TABLE counter (state TEXT PRIMARY KEY, tasks INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('waiting', 0), ('delayed', 0), ('leased', 0), ('done', 0), ('dead', 0), ('cancelled', 0);
CREATE TRIGGER task_moved AFTER UPDATE OF state ON task WHEN new.state <> old.state BEGIN
    UPDATE counter SET tasks = tasks + (state = new.state) - (state = old.state) WHERE state IN (new.state, old.state);
END;
CREATE TABLE tally (
    minute INTEGER PRIMARY KEY,
    enqueued INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0, wait_ms INTEGER NOT NULL DEFAULT 0, work_ms INTEGER NOT NULL DEFAULT 0
);

-- What the warehouse's event log must still be told, in order.
CREATE TABLE event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, zone TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL
);
-- Lease calls with an idempotency key, for a day: a repeat gets the same tasks.
CREATE TABLE request (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, leases TEXT NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX request_by_age ON request (at);
CREATE TABLE wave (id TEXT PRIMARY KEY, job TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
"""
)

MIGRATIONS = (Migration(1, "tasks, lanes, events", _V1),)
