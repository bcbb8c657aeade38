"""From the problem to the kernel's arrays, and from the kernel's plan back to cartons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from containers.optimizer.cartonization.boxes.kernel import ALREADY_IN, Data
from containers.optimizer.cartonization.problem import NO_LIMIT, Ints, PackingProblem

Box = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Bin:
    """A filled carton: type, which begun carton it continues (-1: none), and (kind, x y z x2 y2 z2) of each piece."""

    type: int
    begun: int
    pieces: tuple[tuple[int, Box], ...]


@dataclass(frozen=True)
class Model:
    """The kernel's arrays with the scales that the search needs."""

    problem: PackingProblem
    data: Data
    units: int
    penalty: float  # per piece left out: more than any carton costs
    scale: float  # a typical carton's cost, or a typical piece's value


def build_model(problem: PackingProblem, counts: Ints | None = None) -> Model:
    """Arrays for `counts` pieces of each kind (all that are free, when left out), without those that fit nowhere."""
    kinds = problem.kinds
    counts = problem.counts if counts is None else counts
    k = len(kinds)
    orient = np.ones((k, 6, 3), dtype=np.int64)
    n_orient = np.zeros(k, dtype=np.int64)
    for i, kind in enumerate(kinds):
        n_orient[i] = len(kind.orientations)
        orient[i, : n_orient[i]] = kind.orientations
    fits = problem.fits
    groups: dict[int, list[int]] = {}
    units: list[list[int]] = []
    piece_kind: list[int] = []
    for i, kind in enumerate(kinds):
        for _ in range(int(counts[i])):
            piece = len(piece_kind)
            piece_kind.append(i)
            if kind.group < 0:
                units.append([piece])
            elif kind.group in groups:
                groups[kind.group].append(piece)
            else:
                groups[kind.group] = [piece]
                units.append(groups[kind.group])
    for unit in units:
        unit.sort(key=lambda p: -kinds[piece_kind[p]].volume)
    volume = np.array([kind.volume for kind in kinds], dtype=np.int64)
    begun = problem.begun
    fixed = [sorted(carton.fixed, key=lambda piece: piece.box[2]) for carton in begun]
    flat = [piece for carton in fixed for piece in carton]
    boxes = np.array(
        [(*p.box[:3], p.box[0] + p.box[3], p.box[1] + p.box[4], p.box[2] + p.box[5]) for p in flat], dtype=np.int64
    )
    smallest = min((int(orient[i, : n_orient[i]].min()) for i in range(k) if counts[i]), default=1)
    if problem.dimensions < 3:
        smallest = min(
            (int(orient[i, : n_orient[i], : problem.dimensions].min()) for i in range(k) if counts[i]), default=1
        )
    value = problem.source.objective == "value"
    has_contents = any(piece.kind < 0 for piece in flat)
    volumes = problem.type_dims.astype(np.float64).prod(axis=1)
    data = Data(
        orient=orient,
        n_orient=n_orient,
        weight=np.array([kind.weight for kind in kinds], dtype=np.int64),
        max_load=np.array([kind.max_load for kind in kinds], dtype=np.int64),
        category=np.array([kind.category for kind in kinds], dtype=np.int64),
        sequence=np.array([kind.sequence for kind in kinds], dtype=np.int64),
        volume=volume,
        kind=np.array(piece_kind, dtype=np.int64),
        unit_start=np.cumsum([0] + [len(unit) for unit in units]).astype(np.int64),
        unit_pieces=np.array([piece for unit in units for piece in unit], dtype=np.int64),
        dims=problem.type_dims,
        cost=problem.type_cost.astype(np.float64),
        max_weight=problem.type_weight,
        available=problem.type_available,
        max_volume=np.floor(volumes * problem.source.fill_limit + 1e-6).astype(np.int64),
        door=np.array([carton.access == "door" for carton in problem.types], dtype=np.bool_),
        fits=fits,
        conflicts=problem.conflicts,
        begun_type=np.array([carton.type for carton in begun], dtype=np.int64),
        begun_closed=np.array([carton.closed for carton in begun], dtype=np.bool_),
        begun_cost=np.array([0.0 if carton.paid else float(problem.type_cost[carton.type]) for carton in begun]),
        fixed_start=np.cumsum([0] + [len(pieces) for pieces in fixed]).astype(np.int64),
        fixed_box=boxes.reshape(len(flat), 6),
        fixed_weight=np.array([piece.weight for piece in flat], dtype=np.int64),
        fixed_load=np.array([piece.max_load for piece in flat], dtype=np.int64),
        fixed_category=np.array([piece.category for piece in flat], dtype=np.int64),
        fixed_sequence=np.array([ALREADY_IN if piece.kind < 0 else piece.sequence for piece in flat], dtype=np.int64),
        rules=np.array([problem.has_loads, problem.has_sequence or has_contents, smallest, value], dtype=np.int64),
        support=np.array([problem.min_support]),
        worth=np.array([kind.value for kind in kinds]) if value else volume.astype(np.float64),
    )
    costs = problem.type_cost[problem.type_cost > 0]
    scale = float(costs.mean()) if costs.size else 1.0
    if value:
        scale = max(1e-9, float(data.worth.mean()) if k else 1.0)
    return Model(problem, data, len(units), problem.leave_price, scale)


def most_pieces(model: Model) -> int:
    """No carton can ever hold more pieces than this."""
    fixed = np.diff(model.data.fixed_start)
    return int(model.data.kind.shape[0] + fixed.max(initial=0) + 1)


def unlimited(available: int) -> bool:
    return available >= NO_LIMIT
