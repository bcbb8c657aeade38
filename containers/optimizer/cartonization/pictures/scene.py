"""What a picture shows: the carton's inner size and its boxes, contents first, then the placements in packing order."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from contracts.errors import Fault, ProblemError
from contracts.problems.cartonization import CartonizationProblem, PackedCarton

Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SceneBox:
    """`step` is the number in the packing order, 0 for what was there before. Colours are equal for equal items."""

    label: str
    step: int
    low: Triple
    size: Triple
    colour: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    size: Triple
    boxes: tuple[SceneBox, ...]


def scene(problem: CartonizationProblem, carton: PackedCarton) -> Scene:
    """Raises ProblemError "invalid" when the carton's type is not in the problem."""
    kind = next((found for found in problem.cartons if found.id == carton.type), None)
    if kind is None:
        detail = f"{carton.type!r} is no carton type of the problem"
        raise ProblemError("invalid", detail, errors=(Fault("/type", detail),))
    order = {item.id: n for n, item in enumerate(problem.items)}
    boxes = []
    opened = next((found for found in problem.open_cartons if found.id == carton.open_carton), None)
    for content in opened.contents if opened is not None else ():
        size = (content.length_mm, content.width_mm or 1, content.height_mm or 1)
        boxes.append(SceneBox(content.id, 0, (content.x, content.y, content.z), size, (0.75, 0.75, 0.75)))
    for step, place in enumerate(carton.placements, 1):
        size = (place.length_mm, place.width_mm, place.height_mm)
        colour = _colour(order.get(place.item, 0))
        boxes.append(SceneBox(place.item, step, (place.x, place.y, place.z), size, colour))
    return Scene(
        f"{carton.id} ({carton.type})", (kind.length_mm, kind.width_mm or 1, kind.height_mm or 1), tuple(boxes)
    )


def _colour(n: int) -> tuple[float, float, float]:
    """Hues by the golden ratio: neighbours in number are far apart in colour."""
    return colorsys.hsv_to_rgb((n * 0.61803398875) % 1.0, 0.45, 0.92)
