"""Idempotency keys of a zone, kept in the transaction of the change that they came with: none without the other.

What is kept is where the answer lies, not the answer: a posting's is made of the ledger again. Keys live a day; should
there be more than MAX_KEYS, the oldest go sooner, but none within its first hour.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import ProblemError
from durable_objects.sqlite import Sql, scalar

HOUR_MS = 3_600_000
KEPT_MS = 24 * HOUR_MS
MAX_KEYS = 200_000


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's key, hashed with who the caller is, and the hash of the whole request."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a key stands for: a posting, a transfer, or a text. All None: its request has begun, and not ended."""

    posting: int | None
    transfer: str | None
    answer: str | None


def find(sql: Sql, key: Key) -> Kept | None:
    """What was answered to this key. Raises ProblemError idempotency-key-reused when it came with another request."""
    found = sql.rows("SELECT fingerprint, posting, transfer, answer FROM idempotency WHERE key = ?", key.key)
    if not found:
        return None
    fingerprint, posting, transfer, text = found[0]
    if fingerprint != key.fingerprint:
        raise ProblemError("idempotency-key-reused", "this idempotency key came with another request before")
    return Kept(posting, transfer, text)


def keep(
    sql: Sql, key: Key, now: int, *, posting: int | None = None, transfer: str | None = None, answer: str | None = None
) -> None:
    """Remember a key, or what became of it; in the caller's transaction."""
    sql.run(
        "INSERT INTO idempotency (key, at, fingerprint, posting, transfer, answer) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET answer = excluded.answer",
        key.key,
        now,
        key.fingerprint,
        posting,
        transfer,
        answer,
    )


def keep_latest(sql: Sql, key: Key, now: int) -> None:
    """Remember a new key with the posting that was made just now; in the caller's transaction."""
    sql.run(
        "INSERT INTO idempotency (key, at, fingerprint, posting) SELECT ?, ?, ?, max(id) FROM posting",
        key.key,
        now,
        key.fingerprint,
    )


def any_kept(sql: Sql) -> bool:
    """Is there anything that will have to be forgotten?"""
    return bool(sql.rows("SELECT 1 FROM idempotency UNION ALL SELECT 1 FROM refusal LIMIT 1"))


def sweep(sql: Sql, now: int) -> None:
    """Forget what is old."""

    def write() -> None:
        sql.run("DELETE FROM idempotency WHERE at < ?", now - KEPT_MS)
        sql.run("DELETE FROM refusal WHERE at < ?", now - KEPT_MS)
        over = int(scalar(sql, "SELECT count(*) FROM idempotency")) - MAX_KEYS
        if over > 0:
            sql.run(
                "DELETE FROM idempotency WHERE at < ? AND key IN (SELECT key FROM idempotency ORDER BY at LIMIT ?)",
                now - HOUR_MS,
                over,
            )

    sql.transaction(write)
