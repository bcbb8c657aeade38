"""Is a packing plan what it claims to be? Everything is recomputed from the problem as the user wrote it.

Nothing here is shared with the solver: the checker reads the contract models, the solver its numbered arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from containers.optimizer.cartonization.explain import explain
from containers.optimizer.cartonization.problem import PackingProblem
from containers.optimizer.family import CheckReport
from containers.optimizer.reading import locks_of, plan_of
from contracts.errors import Fault
from contracts.optimize import Objective, Unassigned
from contracts.problems.cartonization import (
    CartonizationLocks,
    CartonizationProblem,
    CartonizationSolution,
    CartonType,
    Content,
    PackedCarton,
    PackItem,
    Placement,
)

EDGES = {"L": 0, "W": 1, "H": 2}
SHARE_SLACK = 1e-6  # of a piece's base area
LOAD_SLACK = 1e-3  # grams
IN_PLACE = -1.0  # the sequence of what lay in the carton before


@dataclass(frozen=True)
class _Body:
    """A piece in a carton, whether placed by the plan or there before."""

    pointer: str
    low: tuple[int, int, int]
    high: tuple[int, int, int]
    weight: int
    max_load: float
    category: str | None
    sequence: float | None


def check(
    problem: PackingProblem, solution: Mapping[str, Any], locks: Mapping[str, Any] | CartonizationLocks | None = None
) -> CheckReport:
    """All rules that the plan breaks, its objective with parts, and what it leaves out with reasons."""
    source = problem.source
    plan = plan_of(CartonizationSolution, solution)
    pins = locks if isinstance(locks, CartonizationLocks) else locks_of(CartonizationLocks, locks)
    items = {item.id: item for item in source.items}
    faults = (
        *_check_names(source, plan, items),
        *(fault for n, carton in enumerate(plan.cartons) for fault in _check_carton(source, items, n, carton)),
        *_check_together(plan, items),
        *_check_locks(plan, pins),
    )
    placed = Counter(place.item for carton in plan.cartons for place in carton.placements if place.item in items)
    return CheckReport(_objective(source, plan.cartons, placed), tuple(faults), left_out(source, plan))


def left_out(source: CartonizationProblem, plan: CartonizationSolution) -> tuple[Unassigned, ...]:
    """What the plan does not pack, with reasons."""
    placed = Counter(place.item for carton in plan.cartons for place in carton.placements)
    missing = {item.id: item.quantity - placed[item.id] for item in source.items if item.quantity > placed[item.id]}
    return explain(source, missing)


def faults_in_cartons(source: CartonizationProblem, solution: Mapping[str, Any]) -> tuple[Fault, ...]:
    """What is wrong within the cartons of a plan, which may be a part of one: most of the work of a check."""
    plan = CartonizationSolution.model_validate(solution)
    items = {item.id: item for item in source.items}
    return tuple(fault for n, carton in enumerate(plan.cartons) for fault in _check_carton(source, items, n, carton))


def left_out_price(source: CartonizationProblem) -> float:
    """What the objective charges per piece left out: more than any two cartons cost."""
    return 1.0 + 2.0 * max((_cost(source, carton) for carton in source.cartons), default=0)


def _cost(source: CartonizationProblem, carton: CartonType) -> int:
    return 1 if source.objective == "count" or carton.cost is None else carton.cost


def _worth(source: CartonizationProblem, item: PackItem) -> float:
    if item.value is not None:
        return item.value
    width, height = item.width_mm or 1, item.height_mm or 1
    return float(item.length_mm * (width if source.dimensions >= 2 else 1) * (height if source.dimensions == 3 else 1))


def _objective(source: CartonizationProblem, cartons: tuple[PackedCarton, ...], placed: Mapping[str, int]) -> Objective:
    if source.objective == "value":
        loaded = sum(_worth(source, item) * min(placed.get(item.id, 0), item.quantity) for item in source.items)
        return Objective(value=loaded, unit="value", sense="max", parts={"loaded": loaded})
    types = {carton.id: carton for carton in source.cartons}
    cost = float(
        sum(
            _cost(source, types[carton.type])
            for carton in cartons
            if carton.open_carton is None and carton.type in types
        )
    )
    missing = sum(max(0, item.quantity - placed.get(item.id, 0)) for item in source.items)
    left = missing * left_out_price(source)
    unit = "cartons" if source.objective == "count" else "minor units"
    return Objective(value=cost + left, unit=unit, sense="min", parts={"cartons": cost, "left_out": left})


def _check_names(
    source: CartonizationProblem, plan: CartonizationSolution, items: Mapping[str, PackItem]
) -> Iterator[Fault]:
    types = {carton.id: carton for carton in source.cartons}
    opened = {carton.id: carton for carton in source.open_cartons}
    ids: set[str] = set()
    continued: set[str] = set()
    used: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for n, carton in enumerate(plan.cartons):
        at = f"/cartons/{n}"
        if carton.id in ids:
            yield Fault(f"{at}/id", f"{carton.id!r} is used twice")
        ids.add(carton.id)
        if carton.type not in types:
            yield Fault(f"{at}/type", f"{carton.type!r} is no carton type")
        if carton.open_carton is None:
            used[carton.type] += 1
        else:
            found = opened.get(carton.open_carton)
            if found is None or found.type != carton.type:
                yield Fault(f"{at}/open_carton", f"no open carton {carton.open_carton!r} of type {carton.type!r}")
            if carton.open_carton in continued:
                yield Fault(f"{at}/open_carton", f"{carton.open_carton!r} is continued twice")
            continued.add(carton.open_carton)
        for p, place in enumerate(carton.placements):
            if place.item not in items:
                yield Fault(f"{at}/placements/{p}/item", f"{place.item!r} is no item")
            elif place.piece >= items[place.item].quantity:
                yield Fault(
                    f"{at}/placements/{p}/piece", f"{place.item!r} has only {items[place.item].quantity} pieces"
                )
            elif (place.item, place.piece) in seen:
                yield Fault(f"{at}/placements/{p}", f"piece {place.piece} of {place.item!r} is packed twice")
            seen.add((place.item, place.piece))
    for name, count in used.items():
        limit = types[name].available if name in types else None
        if limit is not None and count > limit:
            yield Fault("/cartons", f"{count} of {name!r} are used, {limit} are available")


def _lies_as_allowed(source: CartonizationProblem, item: PackItem, place: Placement) -> bool:
    size = (
        item.length_mm,
        (item.width_mm or 1) if source.dimensions >= 2 else 1,
        (item.height_mm or 1) if source.dimensions == 3 else 1,
    )
    if item.orientations is not None:
        names = set(item.orientations)
    elif item.rotations == "any":
        names = {"LWH", "WLH", "LHW", "HLW", "WHL", "HWL"}
    else:
        names = {"LWH", "WLH"} if item.rotations == "upright" else {"LWH"}
    if source.dimensions == 2:
        names &= {"LWH", "WLH"}
    if source.dimensions == 1:
        names = {"LWH"}
    lies = (place.length_mm, place.width_mm, place.height_mm)
    return any(lies == tuple(size[EDGES[letter]] for letter in name) for name in names)


def _check_carton(
    source: CartonizationProblem, items: Mapping[str, PackItem], n: int, carton: PackedCarton
) -> Iterator[Fault]:
    at = f"/cartons/{n}"
    kind = next((found for found in source.cartons if found.id == carton.type), None)
    if kind is None:
        return
    bodies = [_of_content(source, content, i) for i, content in enumerate(_contents(source, carton))]
    before = len(bodies)
    for p, place in enumerate(carton.placements):
        item = items.get(place.item)
        if item is None:
            continue
        if not _lies_as_allowed(source, item, place):
            yield Fault(
                f"{at}/placements/{p}",
                f"{place.item!r} may not lie as {place.length_mm} x {place.width_mm} x {place.height_mm}",
            )
        bodies.append(_of_place(f"{at}/placements/{p}", item, place))
    inner = (
        kind.length_mm,
        (kind.width_mm or 1) if source.dimensions >= 2 else 1,
        (kind.height_mm or 1) if source.dimensions == 3 else 1,
    )
    for body in bodies[before:]:
        if any(body.high[a] > inner[a] for a in range(3)):
            yield Fault(body.pointer, f"reaches out of the carton: ends at {body.high}, which is {inner} inside")
    weight = sum(body.weight for body in bodies)
    if kind.max_weight_g is not None and weight > kind.max_weight_g:
        yield Fault(at, f"holds {weight} g, {kind.max_weight_g} g are allowed")
    room = float(inner[0]) * inner[1] * inner[2]
    volume = float(sum(np.prod([body.high[a] - body.low[a] for a in range(3)], dtype=np.float64) for body in bodies))
    if volume > room * source.fill_limit + 1e-6 * room and len(bodies) > before:
        yield Fault(at, f"is filled to {volume / room:.4f}, {source.fill_limit} is allowed")
    if carton.weight_g is not None and carton.weight_g != weight:
        yield Fault(f"{at}/weight_g", f"says {carton.weight_g}, the pieces weigh {weight}")
    if carton.fill is not None and abs(carton.fill - volume / room) > 1e-4:
        yield Fault(f"{at}/fill", f"says {carton.fill}, the pieces fill {volume / room:.6f}")
    yield from _check_apart(source, at, bodies)
    if bodies:
        yield from _check_geometry(source, kind, bodies, before)


def _contents(source: CartonizationProblem, carton: PackedCarton) -> tuple[Content, ...]:
    return next((opened.contents for opened in source.open_cartons if opened.id == carton.open_carton), ())


def _of_content(source: CartonizationProblem, content: Content, i: int) -> _Body:
    high = (
        content.x + content.length_mm,
        content.y + ((content.width_mm or 1) if source.dimensions >= 2 else 1),
        content.z + ((content.height_mm or 1) if source.dimensions == 3 else 1),
    )
    limit = float("inf") if content.max_load_g is None else float(content.max_load_g)
    low = (content.x, content.y, content.z)
    return _Body(f"contents/{i}", low, high, content.weight_g, limit, content.category, IN_PLACE)


def _of_place(pointer: str, item: PackItem, place: Placement) -> _Body:
    high = (place.x + place.length_mm, place.y + place.width_mm, place.z + place.height_mm)
    limit = 0.0 if item.fragile else (float("inf") if item.max_load_g is None else float(item.max_load_g))
    sequence = None if item.sequence is None else float(item.sequence)
    return _Body(pointer, (place.x, place.y, place.z), high, item.weight_g, limit, item.category, sequence)


def _check_apart(source: CartonizationProblem, at: str, bodies: list[_Body]) -> Iterator[Fault]:
    present = Counter(body.category for body in bodies if body.category is not None)
    for a, b in source.apart:
        if (a == b and present[a] > 1) or (a != b and present[a] and present[b]):
            yield Fault(at, f"holds {a!r} and {b!r}, which are to be kept apart")


def _check_geometry(
    source: CartonizationProblem, kind: CartonType, bodies: list[_Body], before: int
) -> Iterator[Fault]:
    low = np.array([body.low for body in bodies], dtype=np.int64)
    high = np.array([body.high for body in bodies], dtype=np.int64)
    need = source.min_support if source.dimensions == 3 else 0.0
    flat = source.dimensions < 3
    in_sequence = any(body.sequence is not None for body in bodies)
    supporters: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]] = []
    for i, body in enumerate(bodies):
        shared = np.minimum(high[i], high) - np.maximum(low[i], low)
        over = (shared > 0).all(axis=1)
        over[i] = False
        for j in np.flatnonzero(over):
            if j < i:
                yield Fault(body.pointer, f"overlaps {bodies[j].pointer}")
        beneath = (shared[:, 0] > 0) & (shared[:, 1] > 0)
        beneath[i] = False
        rests = np.flatnonzero(beneath & (high[:, 2] == low[i, 2]))
        areas = shared[rests, 0].astype(np.float64) * shared[rests, 1]
        supporters.append((rests, areas))
        base = float(high[i, 0] - low[i, 0]) * float(high[i, 1] - low[i, 1])
        if i >= before and body.low[2] > 0 and need > 0 and areas.sum() < (need - SHARE_SLACK) * base:
            yield Fault(body.pointer, f"rests on {areas.sum() / base:.3f} of its base, {need} is needed")
        if not flat and i >= before:
            under_earlier = np.flatnonzero(beneath[:i] & (low[:i, 2] >= high[i, 2]))
            for j in under_earlier:
                yield Fault(body.pointer, f"would have to be put below {bodies[j].pointer}, which comes before it")
        if in_sequence:
            yield from _check_sequence(kind, bodies, low, high, shared, i)
    if not flat:
        yield from _check_loads(bodies, low, supporters)


def _check_sequence(
    kind: CartonType,
    bodies: list[_Body],
    low: npt.NDArray[np.int64],
    high: npt.NDArray[np.int64],
    shared: npt.NDArray[np.int64],
    i: int,
) -> Iterator[Fault]:
    """A later piece lies neither below an earlier one nor, with a door, behind it (the door is at the far end of x)."""
    mine = bodies[i].sequence
    if mine == IN_PLACE:
        return
    below = (shared[:, 0] > 0) & (shared[:, 1] > 0) & (high[i, 2] <= low[:, 2])
    behind = (shared[:, 1] > 0) & (shared[:, 2] > 0) & (high[i, 0] <= low[:, 0])
    barred = below | behind if kind.access == "door" else below
    for j in np.flatnonzero(barred):
        other = bodies[j].sequence
        if other == IN_PLACE or (mine is not None and other is not None and mine > other):
            yield Fault(bodies[i].pointer, f"comes after {bodies[j].pointer} but lies below or behind it")


def _check_loads(
    bodies: list[_Body],
    low: npt.NDArray[np.int64],
    supporters: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]],
) -> Iterator[Fault]:
    """From the top down, each piece passes its weight and its load to what it rests on, by contact area."""
    load = np.zeros(len(bodies))
    for i in np.argsort(-low[:, 2], kind="stable"):
        rests, areas = supporters[i]
        total = areas.sum()
        if total > 0:
            load[rests] += (bodies[i].weight + load[i]) * areas / total
    for i, body in enumerate(bodies):
        if load[i] > body.max_load + LOAD_SLACK:
            yield Fault(body.pointer, f"bears {load[i]:.1f} g, {body.max_load:.0f} g are allowed")


def _check_together(plan: CartonizationSolution, items: Mapping[str, PackItem]) -> Iterator[Fault]:
    where: dict[str, set[int]] = {}
    placed: Counter[str] = Counter()
    for n, carton in enumerate(plan.cartons):
        for place in carton.placements:
            item = items.get(place.item)
            if item is not None and item.together is not None:
                where.setdefault(item.together, set()).add(n)
                placed[item.together] += 1
    wanted: Counter[str] = Counter()
    for item in items.values():
        if item.together is not None:
            wanted[item.together] += item.quantity
    for tag, cartons in where.items():
        if len(cartons) > 1:
            yield Fault("/cartons", f"{tag!r} is to stay together and lies in {len(cartons)} cartons")
        elif placed[tag] < wanted[tag]:
            yield Fault(
                "/cartons", f"{tag!r} is to stay together, and only {placed[tag]} of {wanted[tag]} pieces are packed"
            )


def _check_locks(plan: CartonizationSolution, pins: CartonizationLocks) -> Iterator[Fault]:
    cartons = {carton.id: carton for carton in plan.cartons}
    for pinned in pins.cartons:
        found = cartons.get(pinned.id)
        if found is None or found.type != pinned.type or found.open_carton != pinned.open_carton:
            yield Fault("/cartons", f"the pinned carton {pinned.id!r} is missing or changed")
            continue
        there = set(found.placements)
        if not set(pinned.placements) <= there:
            yield Fault("/cartons", f"a pinned piece of carton {pinned.id!r} was moved")
        if pinned.id in pins.closed and len(found.placements) > len(pinned.placements):
            yield Fault("/cartons", f"the closed carton {pinned.id!r} was added to")
