"""The event log of a warehouse: one gap-free sequence, deduplicated per source, kept for replay.

A source (a zone, a task queue) numbers its own events without a gap and sends them in order until they are acknowledged.
The log remembers the last number of each source, so that an event sent twice is stored once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contracts.errors import Fault, ProblemError
from durable_objects.sqlite import Row, Sql, scalar
from durable_objects.state.clock import iso

KEEP = 20_000  # events kept for replay at least; older ones are in the archive

EVENT_TABLES = """
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL, zone TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE TABLE source (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
"""


def head(sql: Sql) -> int:
    """The newest sequence number; 0 before the first event."""
    return int(scalar(sql, "SELECT seq FROM sqlite_sequence WHERE name = 'event'") or 0)


def append(sql: Sql, kind: str, data: Any, now: int, zone: str = "") -> int:
    """Append one event of this object's own; its sequence number. Call it in the transaction of the change."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return int(
        sql.rows(
            "INSERT INTO event (type, zone, at, data) VALUES (?, ?, ?, ?) RETURNING sequence", kind, zone, now, text
        )[0][0]
    )


def append_from(sql: Sql, source: str, first: int, events: str, count: int) -> int:
    """Append a source's events (JSON list of {type, zone, at, data}), numbered from `first`; those already known are
    passed over. Returns the last number of the source that is stored. Raises ProblemError conflict on a gap.
    """
    known = int(scalar(sql, "SELECT sequence FROM source WHERE id = ?", source) or 0)
    if first > known + 1:
        raise ProblemError(
            "conflict", f"source {source!r} goes on at {known + 1}, not at {first}", extra={"next": known + 1}
        )
    last = first + count - 1
    if last <= known:
        return known
    sql.run(
        "INSERT INTO event (type, zone, at, data) SELECT value ->> 'type', coalesce(value ->> 'zone', ''), value ->> 'at',"
        " coalesce(value -> 'data', '{}') FROM json_each(?) WHERE key >= ? ORDER BY key",
        events,
        known + 1 - first,
    )
    sql.run(
        "INSERT INTO source (id, sequence) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence",
        source,
        last,
    )
    return last


def oldest(sql: Sql) -> int:
    """The oldest sequence number that is still kept; head + 1 when none is."""
    return int(scalar(sql, "SELECT min(sequence) FROM event") or head(sql) + 1)


def check_cursor(sql: Sql, after: int) -> None:
    """Raises ProblemError when a reader cannot go on after `after` without a hole."""
    newest = head(sql)
    if after > newest:
        raise ProblemError(
            "bad-request",
            f"the cursor {after} lies in the future: the newest event is {newest}",
            errors=(Fault("/query/cursor", f"must lie within {oldest(sql) - 1}..{newest}"),),
            extra={"head": newest},
        )
    first = oldest(sql)
    if after + 1 < first:
        raise ProblemError(
            "gone",
            f"events up to {first - 1} are no longer kept here: read them in the archive, go on with cursor={first - 1}",
            extra={"oldest": first, "head": newest},
        )


def rows(
    sql: Sql, after: int, limit: int, types: Sequence[str] = (), zones: Sequence[str] = (), upto: int = 2**52
) -> list[Row]:
    """Events after a cursor as rows [sequence, type, zone, at, data], oldest first, none beyond `upto`.

    `types` holds names or families (`stock` covers `stock.adjusted`).
    """
    clauses = ["sequence > ? AND sequence <= ?"]
    texts: list[str] = []
    if types:
        clauses.append(
            "EXISTS (SELECT 1 FROM json_each(?) f WHERE event.type = f.value OR substr(event.type, 1, length(f.value) + 1) = f.value || '.')"
        )
        texts.append(json.dumps(list(types)))
    if zones:
        clauses.append("zone IN (SELECT value FROM json_each(?))")
        texts.append(json.dumps(list(zones)))
    return sql.rows(
        f"SELECT sequence, type, zone, at, data FROM event WHERE {' AND '.join(clauses)} ORDER BY sequence LIMIT ?",
        after,
        upto,
        *texts,
        limit,
    )


def read(
    sql: Sql, warehouse: str, after: int, limit: int, types: Sequence[str] = (), zones: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Events after a cursor as readers see them, oldest first."""
    return [json.loads(text(warehouse, row)) for row in rows(sql, after, limit, types, zones)]


def text(warehouse: str, row: Sequence[Any]) -> str:
    """An event as readers see it, as JSON. Its id is made of the warehouse and the number, so it never changes.

    The data are in the log as JSON already: nothing is parsed on the way out.
    """
    sequence, kind, zone, at, data = row
    return (
        f'{{"sequence":{sequence},"id":{json.dumps(f"{warehouse}-{sequence}")},"type":{json.dumps(kind)},'
        f'"zone":{json.dumps(zone)},"at":"{iso(at)}","data":{data}}}'
    )


def page_text(sql: Sql, warehouse: str, after: int, limit: int, types: Sequence[str], zones: Sequence[str]) -> str:
    """An EventPage as JSON text. Raises ProblemError for a cursor that cannot be gone on from."""
    check_cursor(sql, after)
    newest = head(sql)
    found = rows(sql, after, limit, types, zones)
    # Fewer than asked for: everything up to the head has been looked at, wanted or not.
    following = found[-1][0] if len(found) == limit else newest
    items = ",".join(text(warehouse, row) for row in found)
    return f'{{"items":[{items}],"next_cursor":{following},"head":{newest}}}'


def wanted(kind: str, zone: str, types: Sequence[str], zones: Sequence[str]) -> bool:
    """Does a reader with this filter want an event of this type and zone? The same rule as in `rows`."""
    if types and not any(kind == name or kind.startswith(name + ".") for name in types):
        return False
    return not zones or zone in zones
