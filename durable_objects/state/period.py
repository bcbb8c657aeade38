"""What happened with a warehouse's orders in a span of time, for key figures."""

from __future__ import annotations

from typing import Any

from durable_objects.sqlite import Sql
from durable_objects.state.clock import iso

MOST = 20_000


def orders(sql: Sql, start: int, end: int) -> list[dict[str, Any]]:
    """contracts.manage.DoneOrder of those released before `end` (ms) and open then, or finished from `start` on; cancelled
    ones do not count. At most MOST, the newest."""
    found = sql.rows(
        "SELECT id, body ->> 'released_at', body ->> 'due_at', status, created_at, updated_at FROM orders"
        " WHERE status <> 'cancelled' AND created_at < ? AND (status = 'open' OR updated_at >= ?) ORDER BY sequence DESC LIMIT ?",
        end,
        start,
        MOST,
    )
    return [
        {
            "id": row[0],
            "released_at": row[1] or iso(int(row[4])),
            "due_at": row[2],
            "finished_at": iso(int(row[5])) if row[3] == "completed" else None,
        }
        for row in found
    ]
