"""Webhook deliveries under way, kept until they are settled: a queue that loses a message loses no delivery.

Each is sent to the queue once, and tried and tried again from there. One of which nothing is heard for much longer than
its next try should take is sent once more. What is settled is remembered for two days, so that a batch of events that
comes twice is not delivered twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from durable_objects.sqlite import Sql, scalar

KEPT_MS = 2 * 86_400_000
MAX_PAUSE_MS = 6 * 3_600_000
AT_ONCE = 50  # sent again by one alarm

DELIVERY_TABLE = """
CREATE TABLE delivery (
    id TEXT NOT NULL UNIQUE, webhook TEXT NOT NULL,
    body TEXT,                   -- the queue's message; NULL: settled
    repeats INTEGER NOT NULL,    -- how often it was sent again
    due_at INTEGER NOT NULL      -- when it is sent again, or forgotten
);
CREATE INDEX delivery_due ON delivery (due_at);
CREATE INDEX delivery_of_webhook ON delivery (webhook);
"""


def expect(sql: Sql, deliveries: Sequence[dict[str, str]], now: int, pause_ms: int) -> list[str]:
    """{"id", "webhook", "body"} each: the ids of those that are new, which the caller sends to the queue."""
    found = sql.rows(
        "INSERT INTO delivery (id, webhook, body, repeats, due_at)"
        " SELECT value ->> 'id', value ->> 'webhook', value ->> 'body', 0, ? FROM json_each(?) WHERE true"
        " ON CONFLICT (id) DO NOTHING RETURNING id",
        now + pause_ms,
        json.dumps(list(deliveries), ensure_ascii=False),
    )
    return [row[0] for row in found]


def is_open(sql: Sql, delivery: str) -> bool:
    """False for what is settled, and for what was never expected."""
    return bool(sql.rows("SELECT 1 FROM delivery WHERE id = ? AND body IS NOT NULL", delivery))


def expect_again(sql: Sql, delivery: str, at: int) -> None:
    """The queue will try it again before `at` (ms)."""
    sql.run("UPDATE delivery SET due_at = ? WHERE id = ? AND body IS NOT NULL", at, delivery)


def settle(sql: Sql, delivery: str, now: int) -> None:
    """It has arrived, or was given up. Repeating it changes nothing."""
    sql.run("UPDATE delivery SET body = NULL, due_at = ? WHERE id = ? AND body IS NOT NULL", now + KEPT_MS, delivery)


def drop(sql: Sql, webhook: str) -> None:
    """The webhook is gone, and with it what was under way."""
    sql.run("DELETE FROM delivery WHERE webhook = ?", webhook)


def overdue(sql: Sql, now: int) -> list[tuple[str, str]]:
    """(id, body) of those that the queue seems to have lost, the longest ago first."""
    found = sql.rows(
        "SELECT id, body FROM delivery WHERE due_at <= ? AND body IS NOT NULL ORDER BY due_at LIMIT ?", now, AT_ONCE
    )
    return [(row[0], row[1]) for row in found]


def repeated(sql: Sql, delivery: str, now: int, pause_ms: int) -> None:
    """The queue has it again; the next time comes later and later."""
    sql.run(
        "UPDATE delivery SET repeats = repeats + 1, due_at = ? + min(?, ? * (2 << min(repeats, 10)))"
        " WHERE id = ? AND body IS NOT NULL",
        now,
        MAX_PAUSE_MS,
        pause_ms,
        delivery,
    )


def sweep(sql: Sql, now: int) -> None:
    """Forget what was settled long ago."""
    sql.run("DELETE FROM delivery WHERE due_at <= ? AND body IS NULL", now)


def next_due(sql: Sql) -> int | None:
    """When there is something to do next (ms)."""
    found = scalar(sql, "SELECT min(due_at) FROM delivery")
    return None if found is None else int(found)
