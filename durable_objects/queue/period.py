"""What people did in a span of time, for key figures."""

from __future__ import annotations

from typing import Any

from durable_objects.sqlite import Sql
from durable_objects.state.clock import iso

MOST = 20_000


def picks(sql: Sql, start: int, end: int) -> list[dict[str, Any]]:
    """contracts.manage.DoneTask of the tasks of type pick that were done from `start` up to `end` (ms). A result may tell
    `pieces` that were picked; without it all that was asked for was."""
    found = sql.rows(
        """
        SELECT task.id, worker, leased_at, finished_at,
               (SELECT count(*) FROM json_each(payload, '$.lines')),
               (SELECT coalesce(sum(value ->> 'quantity'), 0) FROM json_each(payload, '$.lines')),
               result ->> 'pieces', payload ->> 'distance_m', payload ->> 'expected_seconds'
        FROM task JOIN content USING (seq)
        WHERE state = 'done' AND type = 'pick' AND moment >= ? AND moment < ? AND leased_at IS NOT NULL
        ORDER BY moment DESC LIMIT ?""",
        start,
        end,
        MOST,
    )
    return [
        {
            "id": row[0],
            "worker": row[1],
            "started_at": iso(int(row[2])),
            "finished_at": iso(int(row[3])),
            "lines": int(row[4]),
            "pieces": int(row[5] if row[6] is None else row[6]),
            "ordered_pieces": int(row[5]),
            "distance_m": row[7],
            "planned_seconds": row[8],
        }
        for row in found
    ]
