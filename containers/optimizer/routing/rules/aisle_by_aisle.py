"""Aisle by aisle: every aisle once from left to right, changing over at the best cross aisles.

Vaughan & Petersen (1999), "The effect of warehouse cross aisles on order picking efficiency", by dynamic programming.
"""

from __future__ import annotations

from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.routing.rules.walker import Picks, Walker


def aisle_by_aisle(walker: Walker, ladder: Ladder, by_block: dict[int, Picks]) -> None:
    """From where the walker stands past all picks; the walk to the end depot is chosen with it, and left to the caller."""
    heights: dict[int, list[float]] = {}
    for picks in by_block.values():
        for aisle, found in picks.items():
            heights.setdefault(aisle, []).extend(found)
    order = sorted(heights)
    rows = walker.rows
    cost = [0.0 if y == walker.y else float("inf") for y in rows]
    plans: list[tuple[int, ...]] = [() for _ in rows]  # the row by which each aisle is left
    for aisle in order:
        low, high = min(heights[aisle]), max(heights[aisle])
        grown = [
            min((cost[i] + _inside(rows[i], rows[j], low, high), (*plans[i], j)) for i in range(len(rows)))
            for j in range(len(rows))
        ]
        cost, plans = [one for one, _ in grown], [plan for _, plan in grown]
    end = walker.corner(ladder.end)[1]
    last = min(range(len(rows)), key=lambda row: cost[row] + abs(rows[row] - end))
    for aisle, row in zip(order, plans[last], strict=True):
        walker.across(aisle)
        low, high = min(heights[aisle]), max(heights[aisle])
        for y in (low, high) if walker.y <= rows[row] else (high, low):
            walker.along(y)
        walker.along(rows[row])


def _inside(entry: float, leave: float, low: float, high: float) -> float:
    """Metres in an aisle from one height to another past all between low and high."""
    bottom, top = min(entry, leave), max(entry, leave)
    return (top - bottom) + 2 * max(0.0, bottom - low) + 2 * max(0.0, high - top)
