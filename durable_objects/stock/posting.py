"""One call that changes stock: its lines are judged and applied, written into the ledger, and told as events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.warehouse import MAX_LINES
from durable_objects.sqlite import Sql, chunks
from durable_objects.stock.books import COUNTERS, EVENTS, LEDGER
from durable_objects.stock.program import POST, TAKE
from durable_objects.stock.rules import BY_NAME, OTHER_END, words

MAX_LISTED = 1000  # refused lines told in one problem


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that a rule refused, with the state that it met."""

    line: int
    part: int  # 1: a transfer's other end
    fault: str
    detail: str
    location: str
    sku: str
    quantity: int
    reserved: int
    version: int

    @property
    def code(self) -> str:
        return BY_NAME[self.fault].code


class LinesRefused(Exception):
    """Lines of a call that is all or nothing were refused: nothing may stay. `total` may exceed those listed."""

    def __init__(self, refused: Sequence[Refused], total: int) -> None:
        super().__init__(f"{total} lines refused")
        self.refused, self.total = refused, total


@dataclass(frozen=True, slots=True)
class Posting:
    """A call's number, and how many of its lines were applied."""

    id: int
    applied: int
    refused: int


def post_whole(sql: Sql, text: str, *, now: int, author: str, path: str = "$") -> bool:
    """Apply a call that is all or nothing in one statement. False: a line was refused, and nothing has changed; `post` tells
    which. The outcome is that of the last posting.
    """
    return sql.attempt(POST, text, path, now, author)


def post(sql: Sql, lines: Sequence[str], *, now: int, author: str, partial: bool = False, path: str = "$") -> Posting:
    """Apply lines in the caller's transaction. Each text is bound as one value; `path` leads to its list of lines.

    Raises LinesRefused unless `partial`; the caller's transaction must end with it.
    """
    _take(sql, lines, path, now)
    total, faults, rows = _sums(sql)
    if faults and not partial:
        raise LinesRefused(_refused(sql, MAX_LISTED), faults)
    number = sql.rows(
        "INSERT INTO posting (at, author, first, rows, applied, refused)"
        " SELECT ?, ?, coalesce(max(sequence), 0) + 1, ?, ?, ? FROM ledger RETURNING id",
        now,
        author,
        rows,
        total - faults,
        faults,
    )[0][0]
    for statement in (LEDGER, COUNTERS, EVENTS, "DELETE FROM reservation WHERE quantity = 0"):
        sql.run(statement)
    if faults:
        _keep_refusals(sql, number, now)
    sql.run("DELETE FROM movement")
    return Posting(number, total - faults, faults)


def _take(sql: Sql, lines: Sequence[str], path: str, now: int) -> None:
    first = 0
    for text in lines:
        sql.run(TAKE, text, path, first, now)
        if len(lines) > 1:
            first = int(sql.rows("SELECT max(n) + 1 FROM movement")[0][0])


def _sums(sql: Sql) -> list[int]:
    """Lines, refused lines, and ledger rows to be written."""
    found = sql.rows(
        "SELECT count(part = 0 OR NULL), count(part = 0 AND fault IS NOT NULL OR NULL), count(fault IS NULL OR NULL)"
        " FROM movement"
    )
    return [int(value) for value in found[0]]


def _refused(sql: Sql, limit: int) -> list[Refused]:
    names = ("line", "part", "fault", "location", "sku", "reference")
    states = ("quantity_before", "reserved_before", "version_before", "held_before")
    found = sql.rows(
        f"SELECT n, part, fault, location, sku, reference, {', '.join(states)} FROM movement"
        " WHERE fault IS NOT NULL AND fault <> ? ORDER BY n, part LIMIT ?",
        OTHER_END,
        limit,
    )
    by_line: dict[int, Refused] = {}
    for row in found:
        line, part, fault, location, sku, _, quantity, reserved, version, _ = row
        detail = words(fault, dict(zip(names + states, row, strict=True)))
        by_line.setdefault(line, Refused(line, part, fault, detail, location, sku, quantity, reserved, version))
    return list(by_line.values())


def _keep_refusals(sql: Sql, posting: int, now: int) -> None:
    refused = _refused(sql, MAX_LINES)
    for part in chunks([[r.line, r.code, r.detail, r.quantity, r.reserved, r.version] for r in refused]):
        sql.run(
            "INSERT INTO refusal (posting, at, line, code, detail, quantity, reserved, version)"
            " SELECT ?, ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?)",
            posting,
            now,
            part,
        )
