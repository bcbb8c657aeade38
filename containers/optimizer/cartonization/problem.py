"""The packing problem in numbers: immutable arrays of kinds (equal pieces), carton types and cartons already begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from containers.optimizer.cartonization.faults import find_faults, find_lock_faults
from contracts.errors import ProblemError, from_validation
from contracts.problems.cartonization import (
    CartonizationLocks,
    CartonizationProblem,
    CartonizationSolution,
    CartonType,
    PackItem,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_PIECES = 20_000
NO_LIMIT = 2**62
PERMUTATIONS = {
    "LWH": (0, 1, 2),
    "WLH": (1, 0, 2),
    "LHW": (0, 2, 1),
    "HLW": (2, 0, 1),
    "WHL": (1, 2, 0),
    "HWL": (2, 1, 0),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """Pieces that no rule tells apart. `orientations` are distinct (l, w, h); `members` are (item id, piece number)."""

    orientations: tuple[tuple[int, int, int], ...]
    weight: int
    max_load: int  # NO_LIMIT when anything may rest on it
    category: int  # -1: none
    sequence: int  # -1: none
    group: int  # -1: none
    value: float
    members: tuple[tuple[str, int], ...]

    @property
    def volume(self) -> int:
        length, width, height = self.orientations[0]
        return length * width * height


@dataclass(frozen=True, slots=True)
class FixedPiece:
    """A piece whose place is given: a content of an open carton (`kind` -1) or a pinned placement."""

    kind: int
    box: tuple[int, int, int, int, int, int]  # x, y, z, l, w, h
    weight: int
    max_load: int
    category: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A carton that exists before the search: partly filled (free of cost) or pinned by a lock."""

    id: str
    open_carton: str | None
    type: int
    paid: bool
    closed: bool
    fixed: tuple[FixedPiece, ...]


@dataclass(frozen=True)
class PackingProblem:
    source: CartonizationProblem
    kinds: tuple[Kind, ...]
    counts: Ints  # pieces of each kind that are free to place (pinned ones are not)
    types: tuple[CartonType, ...]
    type_dims: Ints  # [T, 3]
    type_cost: Ints
    type_weight: Ints  # NO_LIMIT when unlimited
    type_available: Ints  # NO_LIMIT when unlimited; pinned and open cartons are already taken off
    begun: tuple[Begun, ...]
    conflicts: npt.NDArray[np.bool_]  # [categories, categories]
    locks: CartonizationLocks | None = None

    @property
    def dimensions(self) -> int:
        return self.source.dimensions

    @property
    def min_support(self) -> float:
        return self.source.min_support if self.dimensions == 3 else 0.0

    @cached_property
    def leave_price(self) -> float:
        """What a piece that is left out costs: more than any two cartons."""
        return 1.0 + 2.0 * float(self.type_cost.max(initial=0))

    @cached_property
    def pieces(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def has_loads(self) -> bool:
        return self.dimensions == 3 and (
            any(kind.max_load < NO_LIMIT for kind in self.kinds)
            or any(piece.max_load < NO_LIMIT for carton in self.begun for piece in carton.fixed)
        )

    @cached_property
    def has_sequence(self) -> bool:
        return any(kind.sequence >= 0 for kind in self.kinds)

    @cached_property
    def has_groups(self) -> bool:
        return any(kind.group >= 0 for kind in self.kinds)

    @cached_property
    def fits(self) -> npt.NDArray[np.bool_]:
        """[K, T]: does a piece of the kind, alone, fit the type in size and weight?"""
        table = np.zeros((len(self.kinds), len(self.types)), dtype=np.bool_)
        for k, kind in enumerate(self.kinds):
            sizes = np.array(kind.orientations, dtype=np.int64)
            table[k] = (sizes[:, None, :] <= self.type_dims[None, :, :]).all(axis=2).any(axis=0)
            table[k] &= kind.weight <= self.type_weight
            limits = np.floor(self.type_dims.astype(np.float64).prod(axis=1) * self.source.fill_limit + 1e-6)
            table[k] &= kind.volume <= limits
        return table


def orientations_of(item: PackItem, dimensions: int) -> tuple[tuple[int, int, int], ...]:
    """The distinct (length, width, height) in which the item may lie."""
    size = (
        item.length_mm,
        (item.width_mm or 1) if dimensions >= 2 else 1,
        (item.height_mm or 1) if dimensions == 3 else 1,
    )
    if dimensions == 1:
        return (size,)
    names: list[str]
    if item.orientations is not None:
        names = [name for name in PERMUTATIONS if name in item.orientations]
    else:
        names = {"any": list(PERMUTATIONS), "upright": ["LWH", "WLH"], "fixed": ["LWH"]}[item.rotations]
    if dimensions == 2:
        names = [name for name in names if name in ("LWH", "WLH")]
    found: dict[tuple[int, int, int], None] = {}
    for name in names:
        a, b, c = PERMUTATIONS[name]
        found[(size[a], size[b], size[c])] = None
    return tuple(found)


def carton_dims(carton: CartonType, dimensions: int) -> tuple[int, int, int]:
    return (
        carton.length_mm,
        (carton.width_mm or 1) if dimensions >= 2 else 1,
        (carton.height_mm or 1) if dimensions == 3 else 1,
    )


def parse(
    data: Mapping[str, Any] | CartonizationProblem, locks: Mapping[str, Any] | CartonizationLocks | None = None
) -> PackingProblem:
    """Validate and number the problem. Raises ProblemError "invalid" or "too-large-to-solve", naming every fault."""
    try:
        source = data if isinstance(data, CartonizationProblem) else CartonizationProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from None
    faults = find_faults(source)
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults))
    pieces = sum(item.quantity for item in source.items)
    if pieces > MAX_PIECES:
        raise ProblemError(
            "too-large-to-solve",
            f"{pieces} pieces; the limit is {MAX_PIECES}. Solve it in parts, e.g. per order or per destination.",
            extra={"limit": MAX_PIECES, "pieces": pieces},
        )
    pinned = None
    if locks is not None:
        try:
            pinned = locks if isinstance(locks, CartonizationLocks) else CartonizationLocks.model_validate(locks)
        except ValidationError as error:
            raise from_validation(error, "/locks") from None
        lock_faults = find_lock_faults(source, pinned)
        if lock_faults:
            first = lock_faults[0]
            raise ProblemError("invalid", f"{first.pointer}: {first.detail}", errors=tuple(lock_faults))
    return _number(source, pinned)


def parse_solution(data: Mapping[str, Any] | CartonizationSolution) -> CartonizationSolution:
    """A plan from outside. Raises ProblemError "invalid" with pointers under /warm_start."""
    if isinstance(data, CartonizationSolution):
        return data
    try:
        return CartonizationSolution.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/warm_start") from None


def _number(source: CartonizationProblem, locks: CartonizationLocks | None) -> PackingProblem:
    dims = source.dimensions
    categories: dict[str, int] = {}
    for tag in [tag for pair in source.apart for tag in pair]:
        categories.setdefault(tag, len(categories))
    conflicts = np.zeros((len(categories), len(categories)), dtype=np.bool_)
    for a, b in source.apart:
        conflicts[categories[a], categories[b]] = conflicts[categories[b], categories[a]] = True
    groups: dict[str, int] = {}
    members: dict[tuple[Any, ...], list[tuple[str, int]]] = {}
    of_item: dict[str, tuple[Any, ...]] = {}
    for item in source.items:
        if item.together is not None:
            groups.setdefault(item.together, len(groups))
        sizes = orientations_of(item, dims)
        size = sizes[0]
        key = (
            sizes,
            item.weight_g,
            0 if item.fragile else (NO_LIMIT if item.max_load_g is None else item.max_load_g),
            categories.get(item.category, -1) if item.category is not None else -1,
            -1 if item.sequence is None else item.sequence,
            -1 if item.together is None else groups[item.together],
            float(size[0] * size[1] * size[2]) if item.value is None else item.value,
        )
        of_item[item.id] = key
        members.setdefault(key, []).extend((item.id, piece) for piece in range(item.quantity))
    number = {key: k for k, key in enumerate(members)}
    kinds = tuple(Kind(*key, tuple(of)) for key, of in members.items())  # type: ignore[call-arg]
    counts = np.array([len(kind.members) for kind in kinds], dtype=np.int64)
    types = source.cartons
    costs = [1 if source.objective == "count" or carton.cost is None else carton.cost for carton in types]
    available = [NO_LIMIT if carton.available is None else carton.available for carton in types]
    type_of = {carton.id: t for t, carton in enumerate(types)}
    begun: dict[str, Begun] = {}
    for carton in source.open_cartons:
        fixed = tuple(
            FixedPiece(
                -1,
                (
                    c.x,
                    c.y,
                    c.z,
                    c.length_mm,
                    (c.width_mm or 1) if dims >= 2 else 1,
                    (c.height_mm or 1) if dims == 3 else 1,
                ),
                c.weight_g,
                NO_LIMIT if c.max_load_g is None else c.max_load_g,
                categories.get(c.category, -1) if c.category is not None else -1,
                -1 if c.sequence is None else c.sequence,
            )
            for c in carton.contents
        )
        begun[carton.id] = Begun(carton.id, carton.id, type_of[carton.type], True, False, fixed)
    for pinned in locks.cartons if locks is not None else ():
        placed = []
        for place in pinned.placements:
            k = number[of_item[place.item]]
            kind = kinds[k]
            counts[k] -= 1
            box = (place.x, place.y, place.z, place.length_mm, place.width_mm, place.height_mm)
            placed.append(FixedPiece(k, box, kind.weight, kind.max_load, kind.category, kind.sequence))
        closed = locks is not None and pinned.id in locks.closed
        if pinned.open_carton is not None:
            base = begun[pinned.open_carton]
            begun[pinned.open_carton] = Begun(base.id, base.id, base.type, True, closed, (*base.fixed, *placed))
        else:
            t = type_of[pinned.type]
            available[t] -= available[t] < NO_LIMIT
            begun["lock " + pinned.id] = Begun(pinned.id, None, t, False, closed, tuple(placed))
    return PackingProblem(
        source=source,
        kinds=kinds,
        counts=counts,
        types=types,
        type_dims=np.array([carton_dims(carton, dims) for carton in types], dtype=np.int64).reshape(len(types), 3),
        type_cost=np.array(costs, dtype=np.int64),
        type_weight=np.array([carton.max_weight_g or NO_LIMIT for carton in types], dtype=np.int64),
        type_available=np.array(available, dtype=np.int64),
        begun=tuple(begun.values()),
        conflicts=conflicts,
        locks=locks,
    )
