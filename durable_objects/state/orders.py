"""Orders of a warehouse: bulk upsert by id, imports in chunks, and what the optimizer gets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from contracts.catalogue import Order
from contracts.errors import Fault, ProblemError, from_validation
from durable_objects.sqlite import Sql, chunks, get_text, scalar
from durable_objects.state import hub
from durable_objects.state.clock import iso
from durable_objects.state.warehouse import MAX_FAULTS, refuse

IDS_PER_EVENT = 250


def upsert(sql: Sql, orders: Sequence[Mapping[str, Any]], now: int) -> dict[str, int]:
    """Insert or replace open orders by id; the same order again changes nothing.

    Raises ProblemError: invalid with a pointer per unknown SKU or repeated id; conflict for an order that is no longer
    open and would change.
    """

    def write() -> dict[str, int]:
        _stage(sql, orders)
        refuse(_repeated(sql) + _unknown_skus(sql))
        refuse(_closed(sql), "conflict")
        return _apply(sql, now)

    return sql.transaction(write)


def import_chunk(sql: Sql, import_id: str, chunk: int, orders: Sequence[Mapping[str, Any]], now: int) -> dict[str, Any]:
    """Take a chunk of an import in: what is valid is stored, the rest is answered with reasons. The same chunk again is
    answered as it was the first time.
    """
    known = scalar(sql, "SELECT answer FROM import_chunk WHERE import_id = ? AND chunk = ?", import_id, chunk)
    if known is not None:
        answered: dict[str, Any] = json.loads(known)
        return answered

    def write() -> dict[str, Any]:
        valid: dict[str, dict[str, Any]] = {}
        rejected: list[dict[str, str]] = []
        for order in orders:
            _sort_out(order, valid, rejected)
        _stage(sql, list(valid.values()))
        drop = _rejections(sql)
        for row in drop:
            rejected.append(row)
        sql.run(
            "DELETE FROM staged_order WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps([row["order"] for row in drop]),
        )
        outcome = _apply(sql, now)
        answer = {"accepted": sum(outcome.values()), "rejected": rejected}
        sql.run(
            "INSERT INTO import_chunk (import_id, chunk, answer) VALUES (?, ?, ?)", import_id, chunk, json.dumps(answer)
        )
        return answer

    return sql.transaction(write)


def _sort_out(order: Mapping[str, Any], valid: dict[str, dict[str, Any]], rejected: list[dict[str, str]]) -> None:
    name = str(order.get("id", ""))
    try:
        model = Order.model_validate(order)
    except ValidationError as error:
        detail = from_validation(error).detail
        rejected.append(
            {
                "order": name,
                "reason": "invalid-order",
                "detail": detail,
                "cure": "correct the order and import it again",
            }
        )
        return
    if model.id in valid:
        rejected.append(
            {
                "order": name,
                "reason": "repeated-order",
                "detail": f"order {name!r} comes twice in one chunk",
                "cure": "keep all lines of an order together",
            }
        )
        return
    valid[model.id] = model.model_dump(mode="json")


def _rejections(sql: Sql) -> list[dict[str, str]]:
    unknown = sql.rows(
        "SELECT s.id, group_concat(DISTINCT line.value ->> 'sku') FROM staged_order s, json_each(s.body, '$.lines') line"
        " WHERE NOT EXISTS (SELECT 1 FROM item WHERE sku = line.value ->> 'sku') GROUP BY s.id ORDER BY min(s.n)"
    )
    closed = sql.rows(
        "SELECT s.id, o.status FROM staged_order s JOIN orders o ON o.id = s.id WHERE o.status <> 'open' AND o.body <> s.body"
        " AND s.id NOT IN (SELECT value FROM json_each(?)) ORDER BY s.n",
        json.dumps([row[0] for row in unknown]),
    )
    return [
        {
            "order": order,
            "reason": "unknown-sku",
            "detail": f"the warehouse has no item {skus!r}",
            "cure": "add the item to the warehouse, or correct the SKU, and import again",
        }
        for order, skus in unknown
    ] + [
        {
            "order": order,
            "reason": "order-closed",
            "detail": f"order {order!r} is {status} and would change",
            "cure": "give the new order another id",
        }
        for order, status in closed
    ]


def _stage(sql: Sql, orders: Sequence[Mapping[str, Any]]) -> None:
    sql.run("DELETE FROM staged_order")
    offset = 0
    for part in chunks(orders):
        sql.run("INSERT INTO staged_order SELECT ? + key, value ->> 'id', value FROM json_each(?)", offset, part)
        offset = int(scalar(sql, "SELECT count(*) FROM staged_order"))


def _repeated(sql: Sql) -> list[Fault]:
    found = sql.rows(
        "SELECT n, first, id FROM (SELECT n, id, min(n) OVER (PARTITION BY id) AS first FROM staged_order) WHERE n > first ORDER BY n LIMIT ?",
        MAX_FAULTS,
    )
    return [
        Fault(f"/orders/{n}/id", f"order {name!r} is also at /orders/{first}: keep one") for n, first, name in found
    ]


def _unknown_skus(sql: Sql) -> list[Fault]:
    found = sql.rows(
        "SELECT s.n, line.key, line.value ->> 'sku' FROM staged_order s, json_each(s.body, '$.lines') line"
        " WHERE NOT EXISTS (SELECT 1 FROM item WHERE sku = line.value ->> 'sku') ORDER BY s.n, line.key LIMIT ?",
        MAX_FAULTS,
    )
    return [
        Fault(f"/orders/{n}/lines/{line}/sku", f"the warehouse has no item {sku!r}: add it first")
        for n, line, sku in found
    ]


def _closed(sql: Sql) -> list[Fault]:
    found = sql.rows(
        "SELECT s.n, s.id, o.status FROM staged_order s JOIN orders o ON o.id = s.id"
        " WHERE o.status <> 'open' AND o.body <> s.body ORDER BY s.n LIMIT ?",
        MAX_FAULTS,
    )
    return [Fault(f"/orders/{n}", f"order {name!r} is {status}: it can no longer change") for n, name, status in found]


def _apply(sql: Sql, now: int) -> dict[str, int]:
    """Write what is staged, and say what changed."""
    total = int(scalar(sql, "SELECT count(*) FROM staged_order"))
    new = [r[0] for r in sql.rows("SELECT id FROM staged_order WHERE id NOT IN (SELECT id FROM orders) ORDER BY n")]
    changed = [
        row[0]
        for row in sql.rows(
            "SELECT s.id FROM staged_order s JOIN orders o ON o.id = s.id WHERE o.body <> s.body ORDER BY n"
        )
    ]
    sql.run(
        "INSERT INTO orders (id, status, body, lines, version, created_at, updated_at)"
        " SELECT id, 'open', body, json_array_length(body, '$.lines'), 1, ?, ? FROM staged_order WHERE true ORDER BY n"
        " ON CONFLICT (id) DO UPDATE SET body = excluded.body, lines = excluded.lines, version = version + 1,"
        " updated_at = excluded.updated_at WHERE body <> excluded.body",
        now,
        now,
    )
    sql.run("DELETE FROM staged_order")
    for kind, ids in (("orders.created", new), ("orders.updated", changed)):
        for start in range(0, len(ids), IDS_PER_EVENT):
            hub.append(sql, kind, {"orders": ids[start : start + IDS_PER_EVENT]}, now)
    return {"created": len(new), "updated": len(changed), "unchanged": total - len(new) - len(changed)}


def close(sql: Sql, ids: Sequence[str], status: str, now: int) -> dict[str, int]:
    """Complete or cancel open orders. Raises ProblemError invalid for unknown ids; those already closed so stay."""

    def write() -> dict[str, int]:
        refuse(_unknown_ids(sql, ids))
        changed = sql.rows(
            "UPDATE orders SET status = ?, version = version + 1, updated_at = ?"
            " WHERE status = 'open' AND id IN (SELECT value FROM json_each(?)) RETURNING id",
            status,
            now,
            json.dumps(list(ids)),
        )
        names = [row[0] for row in changed]
        for start in range(0, len(names), IDS_PER_EVENT):
            hub.append(sql, f"orders.{status}", {"orders": names[start : start + IDS_PER_EVENT]}, now)
        return {"changed": len(names), "unchanged": len(ids) - len(names)}

    return sql.transaction(write)


def _unknown_ids(sql: Sql, ids: Sequence[str]) -> list[Fault]:
    found = sql.rows(
        "SELECT key, value FROM json_each(?) WHERE value NOT IN (SELECT id FROM orders) ORDER BY key LIMIT ?",
        json.dumps(list(ids)),
        MAX_FAULTS,
    )
    return [Fault(f"/orders/{n}", f"there is no order {name!r}") for n, name in found]


_COLUMNS = "sequence, body, status, version, created_at, updated_at"


def _document(row: Sequence[Any]) -> dict[str, Any]:
    return {
        **json.loads(row[1]),
        "status": row[2],
        "version": row[3],
        "created_at": iso(row[4]),
        "updated_at": iso(row[5]),
    }


def page(sql: Sql, after: int, limit: int, status: str = "") -> list[tuple[int, dict[str, Any]]]:
    """Orders in the order of their arrival, after a sequence number."""
    where = "sequence > ?" + (" AND status = ?" if status else "")
    statement = f"SELECT {_COLUMNS} FROM orders WHERE {where} ORDER BY sequence LIMIT ?"
    return [(int(row[0]), _document(row)) for row in sql.rows(statement, after, *([status] if status else []), limit)]


def one_order(sql: Sql, order: str) -> dict[str, Any]:
    found = sql.rows(f"SELECT {_COLUMNS} FROM orders WHERE id = ?", order)
    if not found:
        raise ProblemError("not-found", f"there is no order {order!r}")
    return _document(found[0])


def open_ones(sql: Sql, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Orders as they were sent. Raises ProblemError conflict that names those which are not open (any more)."""
    found = sql.rows(
        "SELECT w.value, o.status, o.body FROM json_each(?) w LEFT JOIN orders o ON o.id = w.value ORDER BY w.key",
        json.dumps(list(wanted)),
    )
    gone = [f"{name!r} is {status or 'unknown'}" for name, status, _ in found if status != "open"]
    if gone:
        more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        raise ProblemError(
            "conflict",
            f"not every order of the plan is still open: {', '.join(gone[:5])}{more}; plan again with the present orders",
            extra={"orders": [row[0] for row in found if row[1] != "open"][:1000]},
        )
    return [json.loads(row[2]) for row in found]


def problem_text(sql: Sql, wanted: Sequence[str] | None, positions: str, version: int) -> str:
    """What the optimizer gets, as one JSON text: layout, items, orders, positions (a JSON list), version.

    Raises ProblemError invalid with a pointer per unknown order.
    """
    if wanted is None:
        found = sql.rows("SELECT body FROM orders WHERE status = 'open' ORDER BY sequence")
    else:
        refuse(_unknown_ids(sql, wanted))
        found = sql.rows(
            "SELECT o.body FROM json_each(?) w JOIN orders o ON o.id = w.value ORDER BY w.key", json.dumps(list(wanted))
        )
    orders = ",".join(row[0] for row in found)
    items = ",".join(row[0] for row in sql.rows("SELECT body FROM item ORDER BY sku"))
    return (
        f'{{"layout":{get_text(sql, "layout")},"items":[{items}],"orders":[{orders}],'
        f'"positions":{positions},"version":{version}}}'
    )


def record_import(sql: Sql, import_id: str, body: Mapping[str, Any], now: int) -> None:
    """Keep an import's result. The first result stays: a repeated delivery changes nothing."""

    def write() -> None:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        if sql.rows("SELECT 1 FROM import WHERE id = ?", import_id):
            return
        sql.run("INSERT INTO import (id, body, at) VALUES (?, ?, ?)", import_id, text, now)
        data = {key: body[key] for key in ("id", "kind", "rows", "orders", "lines", "quarantined") if key in body}
        hub.append(sql, "import.finished", data, now)

    sql.transaction(write)


def get_import(sql: Sql, import_id: str) -> dict[str, Any]:
    text = scalar(sql, "SELECT body FROM import WHERE id = ?", import_id)
    if text is None:
        raise ProblemError("not-found", f"there is no import {import_id!r}")
    found: dict[str, Any] = json.loads(text)
    return found
