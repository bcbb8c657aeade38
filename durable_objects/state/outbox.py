"""The ways out of the event log: to the queue in batches, to the archive in segments, each without a gap.

Both are ranges of sequence numbers that are fixed before anybody hears of them, so that whatever is repeated after a
crash, or delivered twice, late or in another order, is the same range with the same events. A batch and a segment stay
here until the queue's reader has said that it has dealt with them; until then they are sent again, later and later, and
their events are not deleted: nothing depends on a queue that loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from durable_objects.sqlite import Sql, one, scalar
from durable_objects.state import hub
from durable_objects.state.clock import day

MAX_BATCH_EVENTS = 200
MAX_BATCH_BYTES = 60_000  # of event data; a queue takes messages of 128 KB, and each event has a frame of its own
MAX_SEGMENT_EVENTS = 1_000
MAX_SEGMENT_BYTES = 1_000_000
REPEAT_MS = 120_000  # how long a batch or segment may stay unconfirmed before it is sent again, doubled each time
MAX_REPEAT_MS = 3_600_000
MAX_PRUNED = 5_000  # events deleted at once

OUTBOX_TABLES = """
CREATE TABLE outgoing (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    told INTEGER NOT NULL,       -- the last event that live subscribers have been sent
    sending INTEGER NOT NULL,    -- the last event of the batch that is being handed to the queue
    forwarded INTEGER NOT NULL,  -- the last event that the queue has taken
    cut INTEGER NOT NULL         -- the last event that belongs to a segment
);
INSERT INTO outgoing VALUES (1, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0), 0, 0, 0);
CREATE TABLE segment (            -- not known to be archived yet
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, day TEXT NOT NULL, announce_at INTEGER NOT NULL, tries INTEGER NOT NULL
);
"""
BATCH_TABLE = """
CREATE TABLE batch (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, send_at INTEGER NOT NULL, tries INTEGER NOT NULL);
"""  # taken by the queue, and not known to be dealt with yet


@dataclass(frozen=True, slots=True)
class Batch:
    """Events `first`..`last` on their way to the queue. `events`: a JSON list; empty when it is too long for a message."""

    first: int
    last: int
    events: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Events `first`..`last`, all of one UTC day."""

    first: int
    last: int
    day: str


# --- to the queue ----------------------------------------------------------------------------------------------------


def next_batch(sql: Sql, warehouse: str) -> Batch | None:
    """The batch to send now; the same one until `sent` is called. None when the queue has everything."""
    sending, forwarded = sql.rows("SELECT sending, forwarded FROM outgoing")[0]
    if sending == forwarded:
        sending = _last_of_batch(sql, forwarded)
        if sending == forwarded:
            return None
        sql.run("UPDATE outgoing SET sending = ?", sending)
    return _batch(sql, warehouse, forwarded + 1, sending)


def _batch(sql: Sql, warehouse: str, first: int, last: int) -> Batch:
    texts = [hub.text(warehouse, row) for row in hub.rows(sql, first - 1, last - first + 1)]
    events = f"[{','.join(texts)}]"
    fits = len(events.encode()) <= 2 * MAX_BATCH_BYTES
    return Batch(first, last, events if fits else "")


def _last_of_batch(sql: Sql, after: int) -> int:
    """As many events as a message holds, at least one."""
    found = sql.rows(
        "SELECT sequence, length(CAST(data AS BLOB)) FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?",
        after,
        MAX_BATCH_EVENTS,
    )
    last, size = after, 0
    for sequence, length in found:
        size += length
        if last > after and size > MAX_BATCH_BYTES:
            break
        last = sequence
    return last


def sent(sql: Sql, batch: Batch, now: int, repeat_ms: int = REPEAT_MS) -> None:
    """The queue has taken the batch, for the first time or again; should nobody confirm it, it is sent again later."""

    def write() -> None:
        if sql.rows("SELECT 1 FROM outgoing WHERE forwarded < ?", batch.last):
            sql.run("UPDATE outgoing SET forwarded = ?", batch.last)
            sql.run("INSERT INTO batch VALUES (?, ?, ?, 1)", batch.first, batch.last, now + repeat_ms)
        else:
            sql.run(
                "UPDATE batch SET tries = tries + 1, send_at = ? + min(?, ? * (1 << min(tries, 10))) WHERE first = ?",
                now,
                MAX_REPEAT_MS,
                repeat_ms,
                batch.first,
            )

    sql.transaction(write)


def to_repeat(sql: Sql, warehouse: str, now: int, limit: int = 20) -> list[Batch]:
    """Batches that nobody has confirmed for so long that they are sent again, oldest first."""
    found = sql.rows("SELECT first, last FROM batch WHERE send_at <= ? ORDER BY first LIMIT ?", now, limit)
    return [_batch(sql, warehouse, first, last) for first, last in found]


def taken(sql: Sql, first: int, last: int) -> None:
    """The batch is dealt with: its events may be deleted once they are old enough. Repeating it changes nothing."""
    sql.run("DELETE FROM batch WHERE first = ? AND last = ?", first, last)


# --- to the archive --------------------------------------------------------------------------------------------------


def cut(sql: Sql, now: int, age_ms: int) -> int:
    """Close segments: those that are full, those that another day follows, and those with an event older than `age_ms`.
    How many there were.
    """
    made = 0
    while (segment := _next_segment(sql, now, age_ms)) is not None:

        def write(segment: Segment = segment) -> None:
            sql.run("INSERT INTO segment VALUES (?, ?, ?, ?, 0)", segment.first, segment.last, segment.day, now)
            sql.run("UPDATE outgoing SET cut = ?", segment.last)

        sql.transaction(write)
        made += 1
    return made


def _next_segment(sql: Sql, now: int, age_ms: int) -> Segment | None:
    found = sql.rows(
        "SELECT sequence, at, length(CAST(data AS BLOB)) FROM event WHERE sequence > (SELECT cut FROM outgoing) ORDER BY sequence LIMIT ?",
        MAX_SEGMENT_EVENTS + 1,
    )
    if not found:
        return None
    first, at, _ = found[0]
    that_day, last, size, oldest = day(at), first, 0, at
    complete = False
    for sequence, at, length in found:
        size += length
        too_much = sequence - first == MAX_SEGMENT_EVENTS or (sequence > first and size > MAX_SEGMENT_BYTES)
        if complete := too_much or day(at) != that_day:
            break
        last, oldest = sequence, min(oldest, at)
    if complete or now - oldest >= age_ms:
        return Segment(first, last, that_day)
    return None


def to_announce(sql: Sql, now: int, limit: int = 100) -> list[Segment]:
    """Segments whose turn it is to be announced to the archive's reader, oldest first."""
    found = sql.rows("SELECT first, last, day FROM segment WHERE announce_at <= ? ORDER BY first LIMIT ?", now, limit)
    return [Segment(*row) for row in found]


def announced(sql: Sql, segment: Segment, now: int, repeat_ms: int = REPEAT_MS) -> None:
    """The queue has taken the announcement; should nobody confirm it, it comes again later."""
    sql.run(
        "UPDATE segment SET tries = tries + 1, announce_at = ? + min(?, ? * (1 << min(tries, 10))) WHERE first = ?",
        now,
        MAX_REPEAT_MS,
        repeat_ms,
        segment.first,
    )


def segment_lines(sql: Sql, warehouse: str, first: int, last: int) -> dict[str, object] | None:
    """{"day", "lines": NDJSON} of a segment that waits to be archived. None: it is archived already, or never was one."""
    found = one(sql, "SELECT day FROM segment WHERE first = ? AND last = ?", first, last)
    if found is None:
        return None
    lines = [hub.text(warehouse, row) for row in hub.rows(sql, first - 1, last - first + 1)]
    return {"day": found[0], "lines": "\n".join(lines) + "\n"}


def archived(sql: Sql, first: int, last: int) -> None:
    """The segment lies in the archive: its events may be deleted once they are old enough. Repeating it changes nothing."""
    sql.run("DELETE FROM segment WHERE first = ? AND last = ?", first, last)


def prune(sql: Sql, keep: int = hub.KEEP) -> None:
    """Delete events that are in the archive, and whose batch is dealt with, beyond the newest `keep`."""
    last = min(
        hub.head(sql) - keep,
        int(scalar(sql, "SELECT coalesce((SELECT min(first) - 1 FROM batch), (SELECT forwarded FROM outgoing))")),
        int(scalar(sql, "SELECT coalesce((SELECT min(first) - 1 FROM segment), (SELECT cut FROM outgoing))")),
    )
    first = hub.oldest(sql)
    if last >= first:
        sql.run("DELETE FROM event WHERE sequence <= ?", min(last, first + MAX_PRUNED - 1))


# --- when to look again ----------------------------------------------------------------------------------------------


def due_at(sql: Sql, now: int, age_ms: int) -> int | None:
    """When there is something to do next (ms): now for events that the queue lacks. None when nothing waits."""
    forwarded, taken = sql.rows("SELECT forwarded, cut FROM outgoing")[0]
    newest = hub.head(sql)
    if newest > forwarded:
        return now
    times = [scalar(sql, "SELECT min(announce_at) FROM segment"), scalar(sql, "SELECT min(send_at) FROM batch")]
    if newest > taken:
        oldest = scalar(sql, "SELECT min(at) FROM (SELECT at FROM event WHERE sequence > ? LIMIT ?)", taken, 1000)
        times.append(oldest + age_ms)
    known = [int(time) for time in times if time is not None]
    return min(known) if known else None
