"""One call that changes stock: its lines are judged and applied, written into the ledger, and told as events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.warehouse import MAX_LINES
from durable_objects.sqlite import Sql, chunks, get_meta
from durable_objects.stock.rules import BY_NAME, OTHER_END, TAKE, words

MAX_LISTED = 1000  # refused lines told in one problem
LINES_PER_EVENT = 200

# What each operation is called in the event log.
EVENT_TYPES = {
    "open": "stock.opened",
    "receive": "stock.received",
    "adjust": "stock.adjusted",
    "reserve": "stock.reserved",
    "release": "stock.released",
    "pick": "stock.picked",
    "count": "stock.counted",
    "transfer": "stock.moved",
    "send": "stock.sent",
    "arrive": "stock.arrived",
    "return": "stock.returned",
}

_LEDGER = """
INSERT INTO ledger (at, kind, reference, location, sku, delta, quantity, version, reserved_delta, reserved, posting, line)
SELECT ?, op, reference, location, sku, delta, quantity_before + delta, version_before + 1,
       reserved_delta, reserved_before + reserved_delta, ?, n
FROM movement WHERE fault IS NULL ORDER BY n, part
"""
_EVENTS = f"""
INSERT INTO outbox (type, at, data)
SELECT CASE op {" ".join(f"WHEN '{op}' THEN '{name}'" for op, name in EVENT_TYPES.items())} END, ?,
       json_object('posting', CAST(? AS INTEGER), 'lines', json_group_array(json_object(
           'location', location, 'sku', sku, 'delta', delta, 'reserved_delta', reserved_delta,
           'quantity', quantity_before + delta, 'reserved', reserved_before + reserved_delta,
           'version', version_before + 1, 'reference', reference)))
FROM movement WHERE fault IS NULL GROUP BY op, n / {LINES_PER_EVENT} ORDER BY min(n)
"""
_COUNTERS = """
UPDATE counter SET value = value + CASE name WHEN 'stock_lines' THEN ? WHEN 'stock_quantity' THEN ? ELSE ? END
WHERE name IN ('stock_lines', 'stock_quantity', 'reserved_quantity')
"""


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


def post(sql: Sql, lines: Sequence[str], *, now: int, author: str, partial: bool = False, path: str = "$") -> Posting:
    """Apply lines in the caller's transaction. Each text is bound as one value; `path` leads to its list of lines.

    Raises LinesRefused unless `partial`; the caller's transaction must end with it.
    """
    _take(sql, lines, path, now)
    total, faults, rows, touched, delta, reserved_delta, filled = _sums(sql)
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
    sql.run(_LEDGER, now, number)
    sql.run(_COUNTERS, filled, delta, reserved_delta)
    sql.run(_EVENTS, now, number)
    if touched:
        sql.run("DELETE FROM reservation WHERE quantity = 0")
    if faults:
        _keep_refusals(sql, number, now)
    sql.run("DELETE FROM movement")
    return Posting(number, total - faults, faults)


def _take(sql: Sql, lines: Sequence[str], path: str, now: int) -> None:
    allow_negative = int(bool(get_meta(sql, "settings", {}).get("allow_negative")))
    first = 0
    for text in lines:
        sql.run(TAKE, text, path, first, allow_negative, now)
        if len(lines) > 1:
            first = int(sql.rows("SELECT max(n) + 1 FROM movement")[0][0])


def _sums(sql: Sql) -> list[int]:
    """Lines, refused lines, ledger rows, rows that reserve, and what quantity, reserved and filled lines change by."""
    found = sql.rows(
        "SELECT count(part = 0 OR NULL), count(part = 0 AND fault IS NOT NULL OR NULL), count(fault IS NULL OR NULL),"
        " count(reserved_delta <> 0 OR NULL), total(iif(fault IS NULL, delta, 0)),"
        " total(iif(fault IS NULL, reserved_delta, 0)),"
        " total(iif(fault IS NULL, (quantity_before + delta <> 0) - (quantity_before <> 0), 0)) FROM movement"
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
