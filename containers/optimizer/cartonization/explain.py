"""Why a piece stays out, and the smallest change that would let it in. Read off the problem alone."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.optimize import Unassigned
from contracts.problems.cartonization import CartonizationProblem, CartonType, PackItem

EDGES = {"L": 0, "W": 1, "H": 2}
Size = tuple[int, int, int]


def explain(source: CartonizationProblem, missing: Mapping[str, int]) -> tuple[Unassigned, ...]:
    """One entry per item with pieces left out; `missing` maps item ids to how many."""
    alone = {item.id: _alone(source, item) for item in source.items if missing.get(item.id)}
    tags = {item.together: item.id for item in source.items if alone.get(item.id) is not None and item.together}
    found: list[Unassigned] = []
    for item in source.items:
        count = missing.get(item.id, 0)
        if count <= 0:
            continue
        pieces = f"{count} of {item.quantity} pieces"
        reason = alone[item.id]
        if reason is not None:
            code, detail, change = reason
        elif item.together is not None and item.together in tags:
            code = "group-held-back"
            detail = f"stays together with {tags[item.together]!r}, which fits nowhere"
            change = f"drop the tag {item.together!r}, or make {tags[item.together]!r} fit"
        elif item.together is not None:
            code, detail, change = _group(source, item)
        else:
            code, detail, change = _no_room(source, item)
        found.append(Unassigned(id=item.id, reason=code, detail=f"{pieces}: {detail}", smallest_change=change))
    return tuple(found)


def _sizes(source: CartonizationProblem, item: PackItem) -> list[Size]:
    size = (
        item.length_mm,
        (item.width_mm or 1) if source.dimensions >= 2 else 1,
        (item.height_mm or 1) if source.dimensions == 3 else 1,
    )
    if source.dimensions == 1:
        return [size]
    if item.orientations is not None:
        names: list[str] = [*sorted(item.orientations)]
    else:
        names = {"any": ["LWH", "WLH", "LHW", "HLW", "WHL", "HWL"], "upright": ["LWH", "WLH"], "fixed": ["LWH"]}[
            item.rotations
        ]
    if source.dimensions == 2:
        names = [name for name in names if name in ("LWH", "WLH")]
    return [(size[EDGES[n[0]]], size[EDGES[n[1]]], size[EDGES[n[2]]]) for n in names]


def _inner(source: CartonizationProblem, carton: CartonType) -> Size:
    return (
        carton.length_mm,
        (carton.width_mm or 1) if source.dimensions >= 2 else 1,
        (carton.height_mm or 1) if source.dimensions == 3 else 1,
    )


def _say(source: CartonizationProblem, size: Size) -> str:
    return "×".join(str(edge) for edge in size[: source.dimensions]) + " mm"


def _alone(source: CartonizationProblem, item: PackItem) -> tuple[str, str, str] | None:
    """Why the piece does not fit even an empty carton; None when it fits one."""
    best: tuple[int, Size] | None = None
    fitting: list[CartonType] = []
    for carton in source.cartons:
        inner = _inner(source, carton)
        for size in _sizes(source, item):
            growth = sum(max(0, size[a] - inner[a]) for a in range(3))
            if growth == 0:
                fitting.append(carton)
                break
            if best is None or growth < best[0]:
                best = (growth, (max(size[0], inner[0]), max(size[1], inner[1]), max(size[2], inner[2])))
    if not fitting:
        size = best[1] if best is not None else _sizes(source, item)[0]
        own = _say(source, _sizes(source, item)[0])
        return (
            "larger-than-any-carton",
            f"{own} fits no carton type in an allowed orientation",
            f"needs a carton of at least {_say(source, size)}",
        )
    light = [carton for carton in fitting if carton.max_weight_g is None or carton.max_weight_g >= item.weight_g]
    if not light:
        most = max(carton.max_weight_g or 0 for carton in fitting)
        return (
            "heavier-than-any-carton",
            f"{item.weight_g} g, and the cartons that it fits carry at most {most} g",
            f"needs a carton of its size that carries at least {item.weight_g} g",
        )
    volume = 1
    for edge in _sizes(source, item)[0]:
        volume *= edge
    shares = []
    for carton in light:
        a, b, c = _inner(source, carton)
        shares.append(volume / (a * b * c))
    if min(shares) > source.fill_limit + 1e-12:
        return (
            "over-fill-limit",
            f"alone it fills {min(shares):.3f} of the largest carton that it fits; fill_limit is {source.fill_limit}",
            f"raise fill_limit to {min(shares):.3f}",
        )
    return None


def _group(source: CartonizationProblem, item: PackItem) -> tuple[str, str, str]:
    members = [other for other in source.items if other.together == item.together]
    weight = sum(other.weight_g * other.quantity for other in members)
    volume = 0
    for other in members:
        a, b, c = _sizes(source, other)[0]
        volume += a * b * c * other.quantity
    room = max((_volume(_inner(source, carton)) for carton in source.cartons), default=0)
    carries = [carton.max_weight_g for carton in source.cartons]
    if volume > room * source.fill_limit:
        detail = (
            f"the group {item.together!r} has {volume} mm³, the largest carton takes {int(room * source.fill_limit)}"
        )
        return "group-larger-than-any-carton", detail, f"needs a carton of at least {volume} mm³, or a smaller group"
    if all(limit is not None and limit < weight for limit in carries):
        detail = f"the group {item.together!r} weighs {weight} g, more than any carton carries"
        return "group-heavier-than-any-carton", detail, f"needs a carton that carries at least {weight} g"
    detail = f"no way was found to put the whole group {item.together!r} into one carton that is still available"
    return "group-does-not-fit", detail, "a larger carton, one more carton, or a smaller group"


def _volume(size: Size) -> int:
    return size[0] * size[1] * size[2]


def _no_room(source: CartonizationProblem, item: PackItem) -> tuple[str, str, str]:
    names = []
    for carton in source.cartons:
        inner = _inner(source, carton)
        heavy = carton.max_weight_g is not None and carton.max_weight_g < item.weight_g
        if not heavy and any(all(size[a] <= inner[a] for a in range(3)) for size in _sizes(source, item)):
            names.append(carton)
    limited = [carton for carton in names if carton.available is not None]
    if len(limited) == len(names) and names:
        cheapest = min(names, key=lambda carton: (carton.cost or 0, _volume(_inner(source, carton))))
        return (
            "no-carton-left",
            "no room was found in the cartons that are available",
            f"one more carton of type {cheapest.id!r}",
        )
    return "not-in-plan", "it fits a carton that is available, and the plan does not place it", "add one carton for it"
