"""How each rule serves one block: entered at its near cross aisle (the farthest block) or at its far one, left at the near.

Hall (1993), "Distance approximations for routing manual pickers in a warehouse": midpoint and largest gap. Roodbergen & de
Koster (2001), "Routing methods for warehouses with multiple cross aisles", section 3: the rules in a block of several.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from containers.optimizer.routing.rules.walker import Picks, Walker

# (walker at `near` or `far`, the block's picks, its near and far cross aisle): leaves the walker at `near`.
Rule = Callable[[Walker, Picks, float, float], None]
Parts = tuple[list[float], list[float]]


def s_shape(walker: Walker, picks: Picks, near: float, far: float) -> None:
    """Every aisle with a pick is walked through whole; the last may turn."""
    order = walker.nearest_first(picks)
    for aisle in order:
        walker.across(aisle)
        if aisle == order[-1] and walker.y == near:
            walker.in_and_out(picks[aisle])
        else:
            walker.along(far if walker.y == near else near)


def return_trips(walker: Walker, picks: Picks, near: float, _far: float) -> None:
    """Every aisle is entered from the near cross aisle and left there again."""
    left = dict(picks)
    if walker.y != near:
        left.pop(walker.x_of.index(walker.x), None)
        walker.along(near)
    for aisle in walker.nearest_first(left):
        walker.across(aisle)
        walker.in_and_out(left[aisle])


def midpoint(walker: Walker, picks: Picks, near: float, far: float) -> None:
    """Halves are served from their own cross aisle; only an outer aisle is walked through."""

    def cut(heights: Sequence[float]) -> Parts:
        from_near = [y for y in heights if abs(y - near) <= abs(y - far)]
        return from_near, [y for y in heights if y not in from_near]

    _around(walker, picks, near, far, cut)


def largest_gap(walker: Walker, picks: Picks, near: float, far: float) -> None:
    """As midpoint, with the widest stretch without picks left out instead of the middle."""

    def cut(heights: Sequence[float]) -> Parts:
        from_near = sorted(heights, key=lambda y: abs(y - near))
        marks = [near, *from_near, far]
        steps = [abs(b - a) for a, b in itertools.pairwise(marks)]
        widest = max(range(len(steps)), key=steps.__getitem__)
        return from_near[:widest], from_near[widest:]

    _around(walker, picks, near, far, cut)


def combined(walker: Walker, picks: Picks, near: float, far: float) -> None:
    """Each aisle once, walked through or entered and left on one side, whichever is best together (dynamic program)."""
    order = walker.nearest_first(picks)
    whole = abs(far - near)
    # Metres within aisles so far, by the side on which the last was left; per aisle, whether it was walked through for that.
    by_near, by_far = (0.0, float("inf")) if walker.y == near else (float("inf"), 0.0)
    through: list[tuple[bool, bool]] = []
    for aisle in order:
        first, last = picks[aisle][0], picks[aisle][-1]
        stay_near = by_near + 2 * max(abs(first - near), abs(last - near))
        stay_far = by_far + 2 * max(abs(first - far), abs(last - far))
        over_near, over_far = by_far + whole, by_near + whole
        through.append((over_near < stay_near, over_far < stay_far))
        by_near, by_far = min(stay_near, over_near), min(stay_far, over_far)
    at_near, sides = True, []  # the side each aisle is left on, from the last
    for to_near, to_far in reversed(through):
        sides.append(near if at_near else far)
        at_near = at_near != (to_near if at_near else to_far)
    for aisle, side in zip(order, reversed(sides), strict=True):
        walker.across(aisle)
        if side == walker.y:
            walker.in_and_out(picks[aisle])
        else:
            walker.along(side)


def _around(walker: Walker, picks: Picks, near: float, far: float, cut: Callable[[Sequence[float]], Parts]) -> None:
    """Along the far cross aisle for the far parts, through the last aisle, back along the near one for the near parts."""
    order = walker.nearest_first(picks)
    if walker.y == near:
        walker.across(order[0])
        if len(order) == 1:
            walker.in_and_out(picks[order[0]])
            return
        walker.along(far)
        order = order[1:]
    parts = {aisle: cut(picks[aisle]) for aisle in order[:-1]}
    for aisle in order[:-1]:
        if parts[aisle][1]:
            walker.across(aisle)
            walker.in_and_out(parts[aisle][1])
    walker.across(order[-1])
    walker.along(near)
    for aisle in reversed(order[:-1]):
        if parts[aisle][0]:
            walker.across(aisle)
            walker.in_and_out(parts[aisle][0])
