"""What a call that changes stock is answered: a posting's outcome, or a problem that names every refused line.

A posting's answer is made of the ledger, which never changes: the same bytes whenever it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contracts.errors import Fault, ProblemError, pointer
from durable_objects.sqlite import Sql
from durable_objects.stock.posting import LinesRefused, Refused
from durable_objects.stock.rules import BY_NAME

ROWS_PER_TEXT = 4000  # of a ledger part made into one text by SQLite, far below the 2 MB of a value

# A transfer's two rows follow each other in the ledger: out of one location, into the other.
_OUTCOMES = """
SELECT a.line AS line, printf('{"quantity":%d,"reserved":%d,"version":%d', a.quantity, a.reserved, a.version)
    || iif(a.kind = 'transfer', (
        SELECT printf(',"to":{"quantity":%d,"reserved":%d,"version":%d}', b.quantity, b.reserved, b.version)
        FROM ledger b WHERE b.sequence = a.sequence + 1), '') || '}' AS text
FROM ledger a WHERE a.sequence >= ? AND a.sequence < ? AND NOT (a.kind = 'transfer' AND a.delta > 0) ORDER BY a.sequence
"""


_LATEST = f"""
SELECT id, applied, iif(rows <= {ROWS_PER_TEXT}, (SELECT group_concat(text) FROM (
    {_OUTCOMES.replace("a.sequence >= ? AND a.sequence < ?", "a.sequence >= p.first AND a.sequence < p.first + p.rows")}
)), NULL) FROM posting p ORDER BY id DESC LIMIT 1
"""


def latest_text(sql: Sql) -> str:
    """`posting_text` of the posting that was made just now, of which no line was refused; the same bytes."""
    posting, applied, lines = sql.rows(_LATEST)[0]
    if lines is None:
        return posting_text(sql, posting)
    return f'{{"posting":{posting},"applied":{applied},"refused":0,"lines":[{lines}]}}'


def posting_text(sql: Sql, posting: int) -> str:
    """A StockOutcome as JSON text."""
    first, rows, applied, refused = sql.rows("SELECT first, rows, applied, refused FROM posting WHERE id = ?", posting)[
        0
    ]
    lines = _merged(sql, posting, first, rows) if refused else _in_order(sql, first, rows)
    return f'{{"posting":{posting},"applied":{applied},"refused":{refused},"lines":[{",".join(lines)}]}}'


def _in_order(sql: Sql, first: int, rows: int) -> list[str]:
    texts = []
    for start in range(first, first + rows, ROWS_PER_TEXT):
        end = min(start + ROWS_PER_TEXT, first + rows)
        found = sql.rows(f"SELECT group_concat(text) FROM ({_OUTCOMES})", start, end)
        texts.append(found[0][0])
    return [text for text in texts if text]  # a part may hold nothing but a transfer's second row


def _merged(sql: Sql, posting: int, first: int, rows: int) -> list[str]:
    applied = sql.rows(_OUTCOMES, first, first + rows)
    refused = sql.rows(
        "SELECT line, json_object('quantity', quantity, 'reserved', reserved, 'version', version, 'refused', code,"
        " 'detail', detail) FROM refusal WHERE posting = ? ORDER BY line",
        posting,
    )
    return [text for _, text in sorted(applied + refused)]


# How a transfer's line names at its other end what it names so at the first.
_OTHER_END = {"location": "to", "version": "to_version"}


def refusal_problem(sql: Sql, refusal: LinesRefused, other_end: bool = False) -> ProblemError:
    """A call of which nothing stays. Call it after the rollback: `refused` shows the state as it is.

    `other_end`: the lines are those of a transfer, and this is where it goes.

    The code is the gravest among the lines: what can never succeed, then what has changed, then what is missing or full.
    """
    ranks = ("invalid", "version-conflict", "insufficient-stock", "capacity-exceeded")
    code = min((line.code for line in refusal.refused), key=ranks.index)
    faults = tuple(Fault(_pointer(line, other_end), line.detail) for line in refusal.refused)
    more = f" (and {refusal.total - 1} more)" if refusal.total > 1 else ""
    states = _states(sql, refusal.refused)
    listed = [{"line": line.line, "code": line.code, **states[line.line]} for line in refusal.refused]
    return ProblemError(
        code, f"{faults[0].pointer}: {faults[0].detail}{more}", errors=faults, extra={"refused": listed}
    )


def _pointer(refused: Refused, other_end: bool) -> str:
    member = BY_NAME[refused.fault].member
    if refused.part or other_end:
        member = _OTHER_END.get(member, member)
    return pointer(("lines", refused.line, member))


def _states(sql: Sql, refused: Sequence[Refused]) -> dict[int, dict[str, Any]]:
    keys = json.dumps([[line.line, line.location, line.sku] for line in refused])
    found = sql.rows(
        "SELECT value ->> 0, value ->> 1, value ->> 2, coalesce(quantity, 0), coalesce(reserved, 0), coalesce(version, 0)"
        " FROM json_each(?) LEFT JOIN stock ON location = value ->> 1 AND sku = value ->> 2",
        keys,
    )
    names = ("location", "sku", "quantity", "reserved", "version")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}
