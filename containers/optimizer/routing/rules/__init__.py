"""The walks that warehouses prescribe to their pickers today, as polylines. Nothing here is shared with the solvers.

Over several blocks, all but aisle by aisle follow the outline of Roodbergen & de Koster (2001), "Routing methods for
warehouses with multiple cross aisles", section 3: up the leftmost aisle with picks to the farthest block, then block after
block back to the depot. With the depot on a middle cross aisle the blocks behind it are served first, then those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from containers.optimizer.floor.ladder import Ladder
from containers.optimizer.floor.places import Floor
from containers.optimizer.floor.walk import Point
from containers.optimizer.routing.rules import within
from containers.optimizer.routing.rules.aisle_by_aisle import aisle_by_aisle
from containers.optimizer.routing.rules.walker import Picks, Walker, length, picks_by_block

__all__ = ["AISLE_BY_AISLE", "RULES", "S_SHAPE", "length", "metres_on", "walk"]

RULES: dict[str, within.Rule] = {
    "s_shape": within.s_shape,
    "return": within.return_trips,
    "midpoint": within.midpoint,
    "largest_gap": within.largest_gap,
    "combined": within.combined,
}
S_SHAPE = "s_shape"
AISLE_BY_AISLE = "aisle_by_aisle"  # differs from a block's rules only where there are cross aisles to choose from


def walk(ladder: Ladder, positions: Iterable[int], rule: str = S_SHAPE) -> list[Point]:
    """The polyline that a rule prescribes from depot to depot past the positions, on the ladder's coordinates.

    The ladder's depots must stand on corners (not be floating), and its stub is not part of the walk.
    """
    return _walk(ladder, picks_by_block(ladder, positions), rule).path


def _walk(ladder: Ladder, by_block: dict[int, Picks], rule: str) -> Walker:
    walker = Walker(ladder)
    if rule == AISLE_BY_AISLE:
        aisle_by_aisle(walker, ladder, by_block)
    else:
        home = ladder.start[1]
        behind = sorted((block for block in by_block if block >= home), reverse=True)
        before = sorted(block for block in by_block if block < home)
        for blocks, upwards in ((behind, True), (before, False)):
            if blocks:
                _serve_side(walker, blocks, by_block, upwards, RULES[rule])
    end = walker.corner(ladder.end)
    walker.along(end[1])
    walker.across(ladder.end[0])
    return walker


def metres_on(floor: Floor, positions: Iterable[int], names: Sequence[str] | None = None) -> dict[str, float]:
    """rule → metres of its walk past the positions, for these rules or all that the floor has.

    Empty for no positions, and where no rule applies: on floors without aisles, or with a depot on several corners.
    """
    found = floor.on_ladder(positions)
    if found is None or found[0].floating or not found[1]:
        return {}
    ladder, places = found
    if names is None:
        names = [*RULES, AISLE_BY_AISLE] if ladder.blocks > 1 else list(RULES)
    by_block = picks_by_block(ladder, places)
    return {name: _walk(ladder, by_block, name).metres + ladder.stub for name in names}


def _serve_side(
    walker: Walker, blocks: list[int], by_block: dict[int, Picks], upwards: bool, rule: within.Rule
) -> None:
    """Blocks on one side of the depot, farthest first. `upwards`: they lie at higher y than the depot."""
    way_in = min(aisle for block in blocks for aisle in by_block[block])
    walker.across(way_in)
    for number, block in enumerate(blocks):
        near, far = walker.rows[block if upwards else block + 1], walker.rows[block + 1 if upwards else block]
        picks = dict(by_block[block])
        if number == 0:
            walker.along(near)
        else:
            picks.pop(way_in, None)  # these were passed on the way to the farthest block
            walker.along(far)
        if picks:
            rule(walker, picks, near, far)
