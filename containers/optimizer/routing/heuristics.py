"""The walks that warehouses prescribe to their pickers today, as polylines. Nothing here is shared with the solvers.

S-shape over several blocks: Roodbergen & de Koster (2001), "Routing methods for warehouses with multiple cross
aisles", section 3.1. Coordinates in metres as in contracts/layout.py.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

from contracts.layout import AccessPoint, ParametricLayout

Point = tuple[float, float]
Place = tuple[int, int, int]  # aisle, block, slot within the block


def length(path: Sequence[Point]) -> float:
    """Metres along a polyline with axis-parallel segments."""
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in itertools.pairwise(path))


def corner(layout: ParametricLayout, point: AccessPoint) -> Point:
    """Where an aisle meets a cross aisle."""
    return point.aisle * layout.aisle_pitch_m, point.cross_aisle * layout.block_length_m


def s_shape(layout: ParametricLayout, places: Iterable[Place]) -> list[Point]:
    """Every aisle with a pick is walked through whole, block by block from the farthest; the last of a block may turn.

    With the depot on a middle cross aisle the blocks behind it are served first, then those before it.
    """
    by_block: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for aisle, block, slot in places:
        y_m = block * layout.block_length_m + layout.end_gap_m + slot * layout.bay_width_m
        by_block[block][aisle].append(y_m)
    path = [corner(layout, layout.depot)]
    home = layout.depot.cross_aisle
    behind = sorted((block for block in by_block if block >= home), reverse=True)
    before = sorted(block for block in by_block if block < home)
    for blocks, upwards in ((behind, True), (before, False)):
        if blocks:
            _serve_side(layout, path, blocks, by_block, upwards)
    _walk_to(layout, path, corner(layout, layout.end_depot or layout.depot))
    return path


def _serve_side(
    layout: ParametricLayout,
    path: list[Point],
    blocks: list[int],
    by_block: dict[int, dict[int, list[float]]],
    upwards: bool,
) -> None:
    """Blocks on one side of the depot, farthest first. `upwards`: they lie at higher y than the depot."""
    pitch, depth = layout.aisle_pitch_m, layout.block_length_m
    way_in = min(aisle for block in blocks for aisle in by_block[block])
    served_on_the_way = {(block, way_in) for block in blocks[1:]}
    near_row = blocks[0] if upwards else blocks[0] + 1
    _go(path, (way_in * pitch, path[-1][1]))
    _go(path, (way_in * pitch, near_row * depth))
    for block in blocks:
        near = (block if upwards else block + 1) * depth
        far = (block + 1 if upwards else block) * depth
        _walk_to(layout, path, (path[-1][0], near))
        aisles = sorted(aisle for aisle in by_block[block] if (block, aisle) not in served_on_the_way)
        if aisles and abs(aisles[-1] * pitch - path[-1][0]) < abs(aisles[0] * pitch - path[-1][0]):
            aisles.reverse()
        for number, aisle in enumerate(aisles):
            x_m, y_m = aisle * pitch, path[-1][1]
            _go(path, (x_m, y_m))
            if number + 1 == len(aisles) and y_m == near:
                deepest = max(by_block[block][aisle], key=lambda y: abs(y - near))
                _go(path, (x_m, deepest))
                _go(path, (x_m, near))
            else:
                _go(path, (x_m, far if y_m == near else near))


def _go(path: list[Point], point: Point) -> None:
    if path[-1] != point:
        path.append(point)


def _walk_to(layout: ParametricLayout, path: list[Point], target: Point) -> None:
    """From a cross aisle to a corner: along the aisle first, then across."""
    _go(path, (path[-1][0], target[1]))
    _go(path, target)
    _ = layout
