"""From the moves of an exact tour to the walk itself: corners in order, and positions in the order of picking."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from containers.optimizer.floor.states import FROM_ABOVE, FROM_BELOW, GAP, NONE, ONE_PASS, TWO_PASSES

Point = tuple[float, float]
Vertex = tuple[int, int]  # (aisle, cross aisle)


@dataclass(frozen=True, slots=True)
class Walk:
    """metres, corner points [x, y] from start to end, positions in picking order, and on a graph the nodes walked."""

    length_m: float
    path: tuple[Point, ...]
    order: tuple[int, ...]
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubAisle:
    """What the tour does between `low` and the cross aisle above it. `picks`: (position, metres above `low`) ascending."""

    low: Vertex
    action: int
    picks: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class _Edge:
    ends: tuple[Vertex, Vertex]
    picks: tuple[tuple[int, float], ...] = ()  # ascending from ends[0] to ends[1]


def corner_place(aisle: int, row: int, rows: int) -> int:
    """The number by which a walk names a corner: negative, where positions are not."""
    return -1 - (aisle * rows + row)


def assemble(
    start: Vertex,
    end: Vertex,
    rows: int,
    sub_aisles: Sequence[SubAisle],
    crossings: Sequence[tuple[Vertex, Vertex, int]],
) -> tuple[list[int], list[int]]:
    """(places, positions in picking order) of an Eulerian walk (Hierholzer) over the tour's edges.

    Places are the corners passed and the positions turned at. Dead ends are walked when their corner is first reached.
    """
    edges: list[_Edge] = []
    dead_ends: dict[Vertex, list[list[tuple[int, float]]]] = defaultdict(list)
    for part in sub_aisles:
        low, high = part.low, (part.low[0], part.low[1] + 1)
        if part.action in (ONE_PASS, TWO_PASSES):
            edges.append(_Edge((low, high), part.picks))
            if part.action == TWO_PASSES:
                edges.append(_Edge((low, high)))
        elif part.action == FROM_BELOW:
            dead_ends[low].append(list(part.picks))
        elif part.action == FROM_ABOVE:
            dead_ends[high].append(list(reversed(part.picks)))
        elif part.action == GAP:
            below, above = _split_at_gap(part.picks)
            dead_ends[low].append(below)
            dead_ends[high].append(list(reversed(above)))
        elif part.action != NONE:
            raise ValueError(f"unknown action {part.action}")
    for left, right, count in crossings:
        edges.extend(_Edge((left, right)) for _ in range(count))
    return _trace(_euler(start, end, edges), start, rows, dead_ends)


def _split_at_gap(picks: Sequence[tuple[int, float]]) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    steps = [after[1] - before[1] for before, after in itertools.pairwise(picks)]
    cut = max(range(len(steps)), key=steps.__getitem__) + 1
    return list(picks[:cut]), list(picks[cut:])


def _euler(start: Vertex, end: Vertex, edges: Sequence[_Edge]) -> list[tuple[_Edge, Vertex]]:
    """The edges in walking order, each with the vertex that it is left by."""
    at: dict[Vertex, list[int]] = defaultdict(list)
    for number, edge in enumerate(edges):
        at[edge.ends[0]].append(number)
        at[edge.ends[1]].append(number)
    used = [False] * len(edges)
    stack: list[tuple[Vertex, int]] = [(start, -1)]
    backwards: list[tuple[_Edge, Vertex]] = []
    while stack:
        vertex, came_by = stack[-1]
        while at[vertex] and used[at[vertex][-1]]:
            at[vertex].pop()
        if at[vertex]:
            number = at[vertex].pop()
            used[number] = True
            ends = edges[number].ends
            stack.append((ends[1] if ends[0] == vertex else ends[0], number))
        else:
            stack.pop()
            if came_by >= 0:
                backwards.append((edges[came_by], stack[-1][0]))
    walk = backwards[::-1]
    if len(walk) != len(edges):
        raise ValueError("the tour's edges do not hang together")
    _ = end  # the parity of degrees makes the walk end there
    return walk


def _trace(
    walk: Sequence[tuple[_Edge, Vertex]],
    start: Vertex,
    rows: int,
    dead_ends: dict[Vertex, list[list[tuple[int, float]]]],
) -> tuple[list[int], list[int]]:
    places: list[int] = []
    order: list[int] = []

    def reach(vertex: Vertex) -> None:
        corner = corner_place(*vertex, rows)
        places.append(corner)
        for branch in dead_ends.pop(vertex, ()):
            order.extend(position for position, _ in branch)
            places.extend((branch[-1][0], corner))

    reach(start)
    for edge, left_by in walk:
        forward = edge.ends[0] == left_by
        order.extend(position for position, _ in (edge.picks if forward else reversed(edge.picks)))
        reach(edge.ends[1] if forward else edge.ends[0])
    return places, order


def simplify(path: Sequence[Point]) -> tuple[Point, ...]:
    """Without repeated points and without points in the middle of a straight stretch (turning points stay)."""
    kept: list[Point] = []
    for point in path:
        if kept and kept[-1] == point:
            continue
        if len(kept) >= 2 and _straight(kept[-2], kept[-1], point):
            kept[-1] = point
        else:
            kept.append(point)
    return tuple(kept)


def _straight(a: Point, b: Point, c: Point) -> bool:
    forward_x, forward_y = b[0] - a[0], b[1] - a[1]
    next_x, next_y = c[0] - b[0], c[1] - b[1]
    cross = forward_x * next_y - forward_y * next_x
    return cross == 0 and forward_x * next_x + forward_y * next_y > 0
