"""What zones tell their warehouse: their events in order, and with them what they hold in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from durable_objects.sqlite import Sql, scalar
from durable_objects.state import hub

TOTALS_COLUMNS = """
ALTER TABLE zone ADD COLUMN reserved_quantity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zone ADD COLUMN in_transit_quantity INTEGER NOT NULL DEFAULT 0 /* on its way out of the zone */;
"""


def source_of(zone: str) -> str:
    """The name under which the event log counts a zone's events."""
    return f"zone:{zone}"


def take(sql: Sql, news: Mapping[str, Any], events: str) -> int:
    """`news`: {zone, first, count, totals: {stock_lines, stock_quantity, reserved_quantity, in_transit_quantity}};
    `events`: a JSON list of {type, zone, at, data}, numbered from `first`. The last number that is stored.

    What came before changes nothing, the totals neither: an old message may be late. Raises ProblemError conflict on a gap.
    """

    def write() -> int:
        source, totals = source_of(news["zone"]), news["totals"]
        known = int(scalar(sql, "SELECT sequence FROM source WHERE id = ?", source) or 0)
        last = hub.append_from(sql, source, news["first"], events, news["count"])
        if last > known:
            sql.run(
                "UPDATE zone SET stock_lines = ?, stock_quantity = ?, reserved_quantity = ?, in_transit_quantity = ? WHERE id = ?",
                totals["stock_lines"],
                totals["stock_quantity"],
                totals["reserved_quantity"],
                totals["in_transit_quantity"],
                news["zone"],
            )
        return last

    return sql.transaction(write)
