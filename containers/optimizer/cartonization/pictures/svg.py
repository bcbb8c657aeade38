"""An isometric drawing of one carton as SVG, with the packing order written on the boxes."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from html import escape
from math import cos, pi, sin

from containers.optimizer.cartonization.pictures.scene import Scene, SceneBox, scene
from contracts.problems.cartonization import CartonizationProblem, PackedCarton

WIDTH_PX = 640.0
MARGIN_PX = 24.0
TITLE_PX = 28.0
SLANT = pi / 6

Point = tuple[float, float]


def svg(problem: CartonizationProblem, carton: PackedCarton) -> str:
    """A standalone SVG document. The viewer stands in front of the carton's far length end, to the right, above it."""
    shown = scene(problem, carton)
    length, width, height = shown.size
    span = (length + width) * cos(SLANT)
    scale = (WIDTH_PX - 2 * MARGIN_PX) / span
    rise = (length + width) * sin(SLANT) * scale + height * scale
    tall = rise + 2 * MARGIN_PX + TITLE_PX

    def at(x: float, y: float, z: float) -> Point:
        across = (y - x + length) * cos(SLANT)
        down = (x + y) * sin(SLANT) - z
        return MARGIN_PX + across * scale, TITLE_PX + MARGIN_PX + (down + height) * scale

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX:.0f} {tall:.0f}" role="img" '
        f'font-family="sans-serif"><title>{escape(shown.title)}</title>',
        f'<text x="{MARGIN_PX}" y="{TITLE_PX}" font-size="16">{escape(shown.title)}</text>',
    ]
    corners = [(0, 0, 0), (length, 0, 0), (length, width, 0), (0, width, 0)]
    parts.append(f'<path d="{_path([at(*c) for c in corners])}" fill="#f6f3ee" stroke="#888"/>')
    for x, y in ((0, 0), (0, width), (length, 0)):
        (a, b), (c, d) = at(x, y, 0), at(x, y, height)
        parts.append(f'<path d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" stroke="#888" stroke-dasharray="4 3"/>')
    for box in _back_to_front(shown):
        parts.append(_draw(box, at, scale))
    parts.append("</svg>")
    return "\n".join(parts)


def _back_to_front(shown: Scene) -> list[SceneBox]:
    """A box is drawn after all that it may hide: those that end before it begins along some axis (painter's order)."""
    boxes = shown.boxes
    covers: list[list[int]] = [[] for _ in boxes]
    waits = [0] * len(boxes)
    for i, a in enumerate(boxes):
        for j, b in enumerate(boxes):
            apart = any(a.low[k] + a.size[k] <= b.low[k] for k in range(3))
            if i != j and apart and all(a.low[k] < b.low[k] + b.size[k] for k in range(3)):
                covers[i].append(j)
                waits[j] += 1
    # Three boxes can hide one another in a ring: then the one that waits for fewest goes first.
    queue = [(waits[i], sum(box.low), i) for i, box in enumerate(boxes)]
    heapq.heapify(queue)
    done = [False] * len(boxes)
    order: list[SceneBox] = []
    while queue:
        waited, _, i = heapq.heappop(queue)
        if done[i] or waited != waits[i]:
            continue
        done[i] = True
        order.append(boxes[i])
        for j in covers[i]:
            waits[j] -= 1
            heapq.heappush(queue, (waits[j], sum(boxes[j].low), j))
    return order


def _draw(box: SceneBox, at: Callable[[float, float, float], Point], scale: float) -> str:
    (x, y, z), (l, w, h) = box.low, box.size  # noqa: E741
    top = [at(x, y, z + h), at(x + l, y, z + h), at(x + l, y + w, z + h), at(x, y + w, z + h)]
    front = [at(x + l, y, z), at(x + l, y + w, z), at(x + l, y + w, z + h), at(x + l, y, z + h)]
    side = [at(x, y + w, z), at(x + l, y + w, z), at(x + l, y + w, z + h), at(x, y + w, z + h)]
    faces = "".join(
        f'<path d="{_path(points)}" fill="{_shade(box.colour, light)}" stroke="#333" stroke-width="0.7"/>'
        for points, light in ((top, 1.0), (front, 0.82), (side, 0.68))
    )
    middle_x = sum(p[0] for p in top) / 4
    middle_y = sum(p[1] for p in top) / 4
    size = max(5.0, min(14.0, min(l, w) * scale * 0.45))
    number = f"{box.step}" if box.step else "·"
    return (
        f"<g><title>{box.step}: {escape(box.label)}</title>{faces}"
        f'<text x="{middle_x:.1f}" y="{middle_y + size / 3:.1f}" font-size="{size:.1f}" text-anchor="middle">{number}</text></g>'
    )


def _path(points: list[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _shade(colour: tuple[float, float, float], light: float) -> str:
    return "#" + "".join(f"{round(255 * part * light):02x}" for part in colour)
