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
    came: list[list[int]] = []  # per aisle and row by which it is left: the row by which it is entered
    for aisle in order:
        low, high = min(heights[aisle]), max(heights[aisle])
        ways = [[cost[i] + _inside(entry, leave, low, high) for i, entry in enumerate(rows)] for leave in rows]
        cost = [min(way) for way in ways]
        came.append([way.index(least) for way, least in zip(ways, cost, strict=True)])
    end = walker.corner(ladder.end)[1]
    row = min(range(len(rows)), key=lambda row: cost[row] + abs(rows[row] - end))
    plan = []  # the row by which each aisle is left
    for entered in reversed(came):
        plan.append(row)
        row = entered[row]
    for aisle, row in zip(order, reversed(plan), strict=True):
        walker.across(aisle)
        low, high = min(heights[aisle]), max(heights[aisle])
        for y in (low, high) if walker.y <= rows[row] else (high, low):
            walker.along(y)
        walker.along(rows[row])


def _inside(entry: float, leave: float, low: float, high: float) -> float:
    """Metres in an aisle from one height to another past all between low and high."""
    bottom, top = (entry, leave) if entry < leave else (leave, entry)
    inside = top - bottom
    if low < bottom:
        inside += 2 * (bottom - low)
    return inside + 2 * (high - top) if high > top else inside
