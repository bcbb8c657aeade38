"""Filled cartons to the plan that crosses the border, in an order in which a person can pack it; and back again."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping

import numpy as np

from containers.optimizer.cartonization.boxes.data import Bin, Box
from containers.optimizer.cartonization.problem import PackingProblem
from contracts.optimize import Objective
from contracts.problems.cartonization import CartonizationSolution, PackedCarton, PackItem, Placement


def packing_order(places: list[tuple[int, int, Box]], door: bool) -> list[int]:
    """Indices in packing order. `places` are (sequence or -1, kind, box).

    What lies below goes in first; with a door, what lies deeper too, unless the two contradict each other. Among what
    may go in next the pick sequence decides, then depth, height and side.
    """
    n = len(places)
    after: list[list[int]] = [[] for _ in range(n)]
    waits = [0] * n
    x, y, z, x2, y2, z2 = np.array([box for _, _, box in places], dtype=np.int64).reshape(n, 6).T
    for i in range(n):
        above = (z2[i] <= z) & (x[i] < x2) & (x < x2[i]) & (y[i] < y2) & (y < y2[i])
        after[i] = np.flatnonzero(above).tolist()
        for j in after[i]:
            waits[j] += 1

    def rank(i: int) -> tuple[int, int, int, int, int]:
        sequence, _, box = places[i]
        late = sequence if sequence >= 0 else 1 << 40
        return (late, box[0], box[2], box[1], i) if door else (late, box[2], box[0], box[1], i)

    ready = [(rank(i), i) for i in range(n) if not waits[i]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, i = heapq.heappop(ready)
        order.append(i)
        for j in after[i]:
            waits[j] -= 1
            if not waits[j]:
                heapq.heappush(ready, (rank(j), j))
    return order


def to_solution(problem: PackingProblem, bins: list[Bin]) -> CartonizationSolution:
    """Names for pieces and cartons. Begun cartons keep theirs; open ones without new pieces are left out."""
    pinned = {
        (place.item, place.piece)
        for carton in (problem.locks.cartons if problem.locks is not None else ())
        for place in carton.placements
    }
    free = [deque(member for member in kind.members if member not in pinned) for kind in problem.kinds]
    lock_of = {
        carton.id if carton.open_carton is None else "open " + carton.open_carton: carton
        for carton in (problem.locks.cartons if problem.locks else ())
    }
    taken = {carton.id for carton in problem.begun} | {carton.id for carton in lock_of.values()}
    item_of = {item.id: item for item in problem.source.items}
    by_begun = {content.begun: content for content in bins if content.begun >= 0}
    fresh = sorted((content for content in bins if content.begun < 0), key=_rank)
    cartons = []
    for b, begun in enumerate(problem.begun):
        lock = lock_of.get(begun.id if begun.open_carton is None else "open " + begun.open_carton)
        placed = list(lock.placements) if lock is not None else []
        content = by_begun.get(b, Bin(begun.type, b, ()))
        if not content.pieces and lock is None:
            continue
        name = lock.id if lock is not None else begun.id
        cartons.append(_carton(problem, name, begun.open_carton, content, placed, free, item_of))
    number = 0
    for content in fresh:
        number += 1
        while f"carton-{number}" in taken:
            number += 1
        cartons.append(_carton(problem, f"carton-{number}", None, content, [], free, item_of))
    return CartonizationSolution(cartons=tuple(cartons))


def objective_of(problem: PackingProblem, bins: list[Bin]) -> Objective:
    """The objective of these cartons, by its parts. What is pinned in a carton is in the plan whatever `bins` hold."""
    packed = np.zeros(len(problem.kinds), dtype=np.int64)
    for content in bins:
        for kind, _ in content.pieces:
            packed[kind] += 1
    for begun in problem.begun:
        for fixed in begun.fixed:
            if fixed.kind >= 0:  # pinned; what lay in the carton before is of no kind
                packed[fixed.kind] += 1
    if problem.source.objective == "value":
        loaded = float(sum(kind.value * int(number) for kind, number in zip(problem.kinds, packed, strict=True)))
        return Objective(value=loaded, unit="value", sense="max", parts={"loaded": loaded})
    made = [content.type for content in bins if content.begun < 0]
    made += [begun.type for begun in problem.begun if not begun.paid]
    cost = float(sum(int(problem.type_cost[t]) for t in made))
    missing = sum(len(kind.members) for kind in problem.kinds) - int(packed.sum())
    left = missing * problem.leave_price
    unit = "cartons" if problem.source.objective == "count" else "minor units"
    return Objective(value=cost + left, unit=unit, sense="min", parts={"cartons": cost, "left_out": left})


def _rank(content: Bin) -> tuple[int, int, tuple[tuple[int, Box], ...]]:
    volume = sum((b[3] - b[0]) * (b[4] - b[1]) * (b[5] - b[2]) for _, b in content.pieces)
    return content.type, -volume, content.pieces


def _carton(
    problem: PackingProblem,
    name: str,
    open_carton: str | None,
    content: Bin,
    placed: list[Placement],
    free: list[deque[tuple[str, int]]],
    item_of: Mapping[str, PackItem],
) -> PackedCarton:
    made = list(placed)
    for kind, box in content.pieces:
        item, piece = free[kind].popleft()
        x, y, z = box[:3]
        made.append(
            Placement(
                item=item,
                piece=piece,
                x=x,
                y=y,
                z=z,
                length_mm=box[3] - x,
                width_mm=box[4] - y,
                height_mm=box[5] - z,
            )
        )
    boxes: list[tuple[int, int, Box]] = [
        (_sequence(item_of[p.item]), 0, (p.x, p.y, p.z, p.x + p.length_mm, p.y + p.width_mm, p.z + p.height_mm))
        for p in made
    ]
    order = packing_order(boxes, problem.types[content.type].access == "door")
    contents = next((c.contents for c in problem.source.open_cartons if c.id == open_carton), ())
    weight = sum(item_of[p.item].weight_g for p in made) + sum(c.weight_g for c in contents)
    room = int(problem.type_dims[content.type].prod())
    filled = sum(p.length_mm * p.width_mm * p.height_mm for p in made)
    for there in contents:
        wide = there.width_mm or 1 if problem.dimensions >= 2 else 1
        high = there.height_mm or 1 if problem.dimensions == 3 else 1
        filled += there.length_mm * wide * high
    return PackedCarton(
        id=name,
        type=problem.types[content.type].id,
        open_carton=open_carton,
        placements=tuple(made[i] for i in order),
        weight_g=weight,
        fill=round(filled / room, 6),
    )


def _sequence(item: PackItem) -> int:
    return -1 if item.sequence is None else item.sequence


def from_solution(problem: PackingProblem, plan: CartonizationSolution) -> list[Bin]:
    """A plan's cartons in the solver's numbers, without the pieces that are pinned (those are in the begun cartons)."""
    kind_of = {item: k for k, kind in enumerate(problem.kinds) for item, _ in kind.members}
    type_of = {carton.id: t for t, carton in enumerate(problem.types)}
    pinned = {
        (place.item, place.piece)
        for carton in (problem.locks.cartons if problem.locks is not None else ())
        for place in carton.placements
    }
    begun_of = {carton.open_carton or "lock " + carton.id: b for b, carton in enumerate(problem.begun)}
    found = []
    for carton in plan.cartons:
        pieces = tuple(
            (kind_of[p.item], (p.x, p.y, p.z, p.x + p.length_mm, p.y + p.width_mm, p.z + p.height_mm))
            for p in carton.placements
            if (p.item, p.piece) not in pinned
        )
        begun = begun_of.get(carton.open_carton or "lock " + carton.id, -1)
        if pieces:
            found.append(Bin(type_of[carton.type], begun, pieces))
    return found
