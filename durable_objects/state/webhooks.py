"""A tenant's webhooks: where to, which events, the secret, and how deliveries fare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contracts.errors import ProblemError
from contracts.paging import encode_cursor
from durable_objects.sqlite import Migration, Sql, scalar
from durable_objects.state import deliveries
from durable_objects.state.clock import iso
from durable_objects.state.deliveries import DELIVERY_TABLE

MAX_WEBHOOKS = 100  # of a tenant
_FILTERS = ("warehouses", "types", "zones")

_V1 = """
CREATE TABLE webhook (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, label TEXT NOT NULL, secret TEXT NOT NULL,
    warehouses TEXT NOT NULL, types TEXT NOT NULL, zones TEXT NOT NULL,   -- JSON lists; empty: all
    created_at INTEGER NOT NULL, active INTEGER NOT NULL DEFAULT 1,
    delivered INTEGER NOT NULL DEFAULT 0, failing INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
    last_status INTEGER, last_error TEXT NOT NULL DEFAULT '', last_attempt_at INTEGER, last_dead TEXT NOT NULL DEFAULT ''
);
"""
MIGRATIONS = (Migration(1, "webhooks", _V1), Migration(2, "deliveries under way", DELIVERY_TABLE))
_SHOWN = (
    "id, url, label, warehouses, types, zones, created_at, active, delivered, failing, dead,"
    " last_status, last_error, last_attempt_at"
)


def create(sql: Sql, wish: Mapping[str, Any], identity: str, secret: str, now: int) -> dict[str, Any]:
    """Raises ProblemError conflict when the tenant has too many."""
    if int(scalar(sql, "SELECT count(*) FROM webhook")) >= MAX_WEBHOOKS:
        raise ProblemError("conflict", f"a tenant may have {MAX_WEBHOOKS} webhooks; delete some first")
    filters = [json.dumps(sorted(wish.get(name) or ())) for name in _FILTERS]
    sql.run(
        "INSERT INTO webhook (id, url, label, secret, warehouses, types, zones, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        identity,
        wish["url"],
        wish.get("label") or "",
        secret,
        *filters,
        now,
    )
    return one(sql, identity)


def one(sql: Sql, identity: str) -> dict[str, Any]:
    """Raises ProblemError not-found."""
    found = sql.rows(f"SELECT {_SHOWN} FROM webhook WHERE id = ?", identity)
    if not found:
        raise ProblemError("not-found", f"there is no webhook {identity!r}")
    return _shown(found[0])


def page(sql: Sql, after: int, limit: int) -> dict[str, Any]:
    """{"items", "next"}: in the order of their creation, after a number."""
    found = sql.rows(f"SELECT {_SHOWN}, number FROM webhook WHERE number > ? ORDER BY number LIMIT ?", after, limit + 1)
    following = encode_cursor([found[limit - 1][-1]]) if len(found) > limit else None
    return {"items": [_shown(row[:-1]) for row in found[:limit]], "next": following}


def delete(sql: Sql, identity: str) -> None:
    """Raises ProblemError not-found. Deliveries that are under way end with it."""
    one(sql, identity)
    sql.run("DELETE FROM webhook WHERE id = ?", identity)
    deliveries.drop(sql, identity)


def active(sql: Sql) -> list[dict[str, Any]]:
    """The filters of every webhook that is called."""
    found = sql.rows("SELECT id, warehouses, types, zones FROM webhook WHERE active ORDER BY number")
    return [
        {"id": row[0], **{name: json.loads(text) for name, text in zip(_FILTERS, row[1:], strict=True)}}
        for row in found
    ]


def target(sql: Sql, identity: str) -> dict[str, str] | None:
    """Where to deliver and what to sign with; None when the webhook is deleted or off."""
    found = sql.rows("SELECT url, secret FROM webhook WHERE id = ? AND active", identity)
    return {"url": found[0][0], "secret": found[0][1]} if found else None


def attempted(sql: Sql, outcome: Mapping[str, Any], now: int) -> None:
    """{"id", "ok", "status", "error", "gone"}: what came of an attempt. A receiver that is gone is called no more."""
    sql.run(
        "UPDATE webhook SET delivered = delivered + ?, failing = CASE WHEN ? THEN 0 ELSE failing + 1 END, last_status = ?,"
        " last_error = ?, last_attempt_at = ?, active = active AND NOT ? WHERE id = ?",
        int(outcome["ok"]),
        int(outcome["ok"]),
        outcome.get("status"),
        str(outcome.get("error") or "")[:500],
        now,
        int(bool(outcome.get("gone"))),
        outcome["id"],
    )


def dead(sql: Sql, identity: str, message: str) -> None:
    """A delivery was given up. The same message again counts once."""
    sql.run(
        "UPDATE webhook SET dead = dead + 1, last_dead = ? WHERE id = ? AND last_dead <> ?", message, identity, message
    )


def _shown(row: list[Any]) -> dict[str, Any]:
    names = [name.strip() for name in _SHOWN.split(",")]
    shown = dict(zip(names, row, strict=True))
    for name in _FILTERS:
        shown[name] = json.loads(shown[name])
    shown["active"] = bool(shown["active"])
    shown["created_at"] = iso(shown["created_at"])
    shown["last_attempt_at"] = None if shown["last_attempt_at"] is None else iso(shown["last_attempt_at"])
    return shown
