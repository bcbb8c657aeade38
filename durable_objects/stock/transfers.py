"""Transfers between zones: a saga of two objects with one effect, whichever of them fails at whichever step.

1. The source posts the pieces out and notes the transfer as in transit, in one transaction.
2. It asks the target, again and again until there is an answer. The target posts the pieces in, or refuses, and notes the
   answer, in one transaction: asked again, it gives the same answer.
3. The source notes the answer. Refused pieces are posted back in the same transaction.

                 ┌─ accepted ─▶ completed
    in-transit ──┤
                 └─ refused ──▶ refused (the pieces are back)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import Fault, ProblemError
from durable_objects.sqlite import Sql, chunks
from durable_objects.state.clock import iso
from durable_objects.stock import outbox
from durable_objects.stock.answers import refusal_problem
from durable_objects.stock.posting import LinesRefused, post

FIRST_PAUSE_MS = 2_000
LONGEST_PAUSE_MS = 60_000

_DOCUMENT = "id, target, state, quantity, lines, attempts, problem, created_at, updated_at"


def begin(sql: Sql, zone: str, body: Mapping[str, Any], *, fingerprint: str, author: str, now: int) -> None:
    """Step 1, in the caller's transaction. `body`: a TransferCreate with its id. The same transfer again changes nothing.

    Raises ProblemError (conflict for an id in use, invalid) or LinesRefused.
    """
    known = sql.rows("SELECT fingerprint FROM transfer_out WHERE id = ?", body["id"])
    if known:
        if known[0][0] == fingerprint:
            return
        raise ProblemError("conflict", f"there is a transfer {body['id']!r} already, with other content")
    if body["to_zone"] == zone:
        detail = "the target is this zone: move within it with the operation transfer"
        raise ProblemError("invalid", detail, errors=(Fault("/to_zone", detail),))
    moves = body["lines"]
    quantity = sum(move["quantity"] for move in moves)
    sent = post(sql, _lines("send", body["id"], moves), now=now, author=author)
    sql.run(
        "INSERT INTO transfer_out (id, target, fingerprint, author, state, quantity, lines, sent, attempts, next_at,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, 'in-transit', ?, ?, ?, 0, ?, ?, ?)",
        *(body["id"], body["to_zone"], fingerprint, author, quantity, len(moves), sent.id),
        *(now + FIRST_PAUSE_MS, now, now),
    )
    first = 0
    for part in chunks([[move["sku"], move["location"], move["to"], move["quantity"]] for move in moves]):
        sql.run(
            "INSERT INTO transfer_line (transfer, n, sku, location, target, quantity)"
            " SELECT ?, ? + key, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)",
            *(body["id"], first, part),
        )
        first += len(json.loads(part))
    _move_counter(sql, quantity)
    _tell(sql, zone, "transfer.started", body["id"], now)


def parcel(sql: Sql, zone: str, transfer: str) -> tuple[str, str] | None:
    """Step 2: the target and what it is asked, counted as an attempt; None when the transfer has ended."""
    found = sql.rows(
        "UPDATE transfer_out SET attempts = attempts + 1 WHERE id = ? AND state = 'in-transit' RETURNING target, author",
        transfer,
    )
    if not found:
        return None
    target, author = found[0]
    return target, json.dumps({"source": zone, "id": transfer, "author": author, "lines": _moves(sql, transfer)})


def accept(sql: Sql, message: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Step 2 at the target: {"state": "completed"} or {"state": "refused", "problem"}, the same however often asked."""
    source, transfer = message["source"], message["id"]
    known = sql.rows("SELECT answer FROM transfer_in WHERE source = ? AND id = ?", source, transfer)
    if known:
        first: dict[str, Any] = json.loads(known[0][0])
        return first

    def note(answer: dict[str, Any]) -> dict[str, Any]:
        sql.run(
            "INSERT INTO transfer_in (source, id, at, answer) VALUES (?, ?, ?, ?)",
            *(source, transfer, now, json.dumps(answer, ensure_ascii=False)),
        )
        return answer

    def take() -> dict[str, Any]:
        moves = [{**move, "location": move["to"]} for move in message["lines"]]
        post(sql, _lines("arrive", transfer, moves), now=now, author=message["author"])
        return note({"state": "completed"})

    try:
        return sql.transaction(take)
    except LinesRefused as refusal:
        document = refusal_problem(sql, refusal, other_end=True).document()
        document["errors"] = document["errors"][:100]
        document.pop("refused")  # the target's own state: its lines can be read there
    return sql.transaction(lambda: note({"state": "refused", "problem": document}))


def settle(sql: Sql, zone: str, transfer: str, answer: Mapping[str, Any], now: int) -> None:
    """Step 3. An answer that comes again changes nothing."""

    def write() -> None:
        found = sql.rows("SELECT quantity, author FROM transfer_out WHERE id = ? AND state = 'in-transit'", transfer)
        if not found:
            return
        quantity, author = found[0]
        back = None
        if answer["state"] == "refused":
            back = post(sql, _lines("return", transfer, _moves(sql, transfer)), now=now, author=author).id
        sql.run(
            "UPDATE transfer_out SET state = ?, returned = ?, problem = ?, next_at = NULL, updated_at = ? WHERE id = ?",
            *(answer["state"], back, json.dumps(answer.get("problem"), ensure_ascii=False), now, transfer),
        )
        _move_counter(sql, -quantity)
        _tell(sql, zone, f"transfer.{answer['state']}", transfer, now)

    sql.transaction(write)


def postpone(sql: Sql, transfer: str, now: int) -> None:
    """The target gave no answer: ask again later, after twice the pause each time."""
    sql.run(
        "UPDATE transfer_out SET next_at = ? + min(?, ? * (1 << min(attempts, 10))) WHERE id = ? AND state = 'in-transit'",
        *(now, LONGEST_PAUSE_MS, FIRST_PAUSE_MS // 2, transfer),
    )


def due(sql: Sql, now: int) -> list[str]:
    """Transfers whose target is to be asked by now."""
    return [
        row[0] for row in sql.rows("SELECT id FROM transfer_out WHERE next_at <= ? ORDER BY next_at LIMIT 100", now)
    ]


def next_due(sql: Sql) -> int | None:
    """When the next target is to be asked (ms)."""
    found = sql.rows("SELECT min(next_at) FROM transfer_out WHERE next_at IS NOT NULL")
    return None if found[0][0] is None else int(found[0][0])


def read(sql: Sql, zone: str, transfer: str) -> dict[str, Any]:
    """A Transfer. Raises ProblemError not-found."""
    found = sql.rows(f"SELECT {_DOCUMENT} FROM transfer_out WHERE id = ?", transfer)
    if not found:
        raise ProblemError("not-found", f"no transfer {transfer!r} has left zone {zone!r}")
    return _document(zone, found[0])


def page(
    sql: Sql, zone: str, after: Sequence[Any] | None, limit: int, state: str
) -> list[tuple[list[Any], dict[str, Any]]]:
    """Transfers by age and id, with their keys, after a key."""
    clauses, parameters = ["(created_at, id) > (?, ?)"], list(after or (0, ""))
    if state:
        clauses.append("state = ?")
        parameters.append(state)
    found = sql.rows(
        f"SELECT {_DOCUMENT} FROM transfer_out WHERE {' AND '.join(clauses)} ORDER BY created_at, id LIMIT ?",
        *parameters,
        limit,
    )
    return [([row[7], row[0]], _document(zone, row)) for row in found]


def _document(zone: str, row: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": row[0],
        "from_zone": zone,
        "to_zone": row[1],
        "state": row[2],
        "quantity": row[3],
        "lines": row[4],
        "attempts": row[5],
        "problem": json.loads(row[6]) if row[6] else None,
        "created_at": iso(row[7]),
        "updated_at": iso(row[8]),
    }


def _moves(sql: Sql, transfer: str) -> list[dict[str, Any]]:
    found = sql.rows(
        "SELECT sku, location, target, quantity FROM transfer_line WHERE transfer = ? ORDER BY n", transfer
    )
    return [dict(zip(("sku", "location", "to", "quantity"), row, strict=True)) for row in found]


def _lines(op: str, transfer: str, moves: Sequence[Mapping[str, Any]]) -> list[str]:
    names = ("location", "sku", "quantity", "version")
    return chunks(
        [{"op": op, "reference": transfer, **{name: move[name] for name in names if name in move}} for move in moves]
    )


def _move_counter(sql: Sql, by: int) -> None:
    sql.run("UPDATE counter SET value = value + ? WHERE name = 'in_transit_quantity'", by)


def _tell(sql: Sql, zone: str, kind: str, transfer: str, now: int) -> None:
    document = read(sql, zone, transfer)
    outbox.add(sql, kind, {name: document[name] for name in ("id", "from_zone", "to_zone", "quantity", "lines")}, now)
