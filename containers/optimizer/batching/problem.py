"""The validated, immutable form of a batching problem: what each order needs, from where, and what a cart takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from containers.optimizer.batching.allocate import Pick, allocate
from containers.optimizer.floor.places import Floor, floor_of
from contracts.errors import Fault, ProblemError, from_validation
from contracts.optimize import Unassigned
from contracts.problems.batching import BatchingProblem, BatchOrder

DIMENSIONS = ("items", "volume_mm3", "weight_g", "orders", "totes")
UNLIMITED = np.iinfo(np.int64).max // 4
MAX_TAGS = 63


@dataclass(frozen=True, slots=True)
class Part:
    """What of one order goes on one cart: the whole order, or its share of one zone."""

    order: BatchOrder
    zone: str | None
    picks: tuple[Pick, ...]
    demand: tuple[int, ...]  # along DIMENSIONS
    tags: int  # bit set of attributes that occur in incompatible pairs
    due_s: float  # seconds after the start, infinity without a deadline


@dataclass(frozen=True, eq=False)
class Instance:
    """A batching problem ready to be solved. `left_out` cannot be picked whatever the plan."""

    source: BatchingProblem
    floor: Floor
    parts: tuple[Part, ...]
    left_out: tuple[Unassigned, ...]
    capacity: npt.NDArray[np.int64]  # (D,)
    clashes: tuple[int, ...]  # per tag bit: the bits that may not share a cart with it

    def clash_of(self, tags: int) -> int:
        """The tags that may not share a cart with any of `tags`."""
        mask = 0
        for bit, others in enumerate(self.clashes):
            if tags >> bit & 1:
                mask |= others
        return mask


def fits(instance: Instance, parts: Sequence[Part]) -> bool:
    """Whether one cart takes all of these: capacity, zone, and what may not share it."""
    totals = [sum(column) for column in zip(*(part.demand for part in parts), strict=True)]
    if any(total > limit for total, limit in zip(totals, instance.capacity.tolist(), strict=True)):
        return False
    tags = 0
    for part in parts:
        tags |= part.tags
    return not tags & instance.clash_of(tags) and len({part.zone for part in parts}) == 1


def read(data: Mapping[str, Any]) -> Instance:
    """Validate, find places, assign stock. Raises ProblemError "invalid" with every fault's pointer."""
    try:
        problem = BatchingProblem.model_validate(data)
    except ValidationError as error:
        raise from_validation(error, "/data") from error
    floor = floor_of(problem.layout, (line.location for line in problem.stock))
    faults = [
        Fault(f"/data/stock/{i}/location", f"no location {line.location!r} in the layout; use one of its location ids")
        for i, line in enumerate(problem.stock)
        if not floor.has(line.location)
    ]
    tag_bits, clashes = _clashes(problem)
    if len(tag_bits) > MAX_TAGS:
        faults.append(Fault("/data/incompatible", f"at most {MAX_TAGS} different attributes can be told apart"))
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:50]))
    capacity = np.array([getattr(problem.cart, name) or UNLIMITED for name in DIMENSIONS], dtype=np.int64)
    picks, left_out = allocate(problem, floor)
    parts: list[Part] = []
    for order in problem.orders:
        if order.id not in picks:
            continue
        made, refusal = _parts(problem, floor, order, picks[order.id], tag_bits, clashes, capacity)
        parts += made
        left_out += refusal
    return Instance(problem, floor, tuple(parts), tuple(left_out), capacity, clashes)


def _clashes(problem: BatchingProblem) -> tuple[dict[str, int], tuple[int, ...]]:
    bits: dict[str, int] = {}
    pairs = []
    for left, right in problem.incompatible:
        pairs.append((bits.setdefault(left, len(bits)), bits.setdefault(right, len(bits))))
    masks = [0] * len(bits)
    for a, b in pairs:
        masks[a] |= 1 << b
        masks[b] |= 1 << a
    return bits, tuple(masks)


def _parts(
    problem: BatchingProblem,
    floor: Floor,
    order: BatchOrder,
    picks: list[Pick],
    tag_bits: dict[str, int],
    clashes: tuple[int, ...],
    capacity: npt.NDArray[np.int64],
) -> tuple[list[Part], list[Unassigned]]:
    groups: dict[str | None, list[Pick]] = defaultdict(list)
    for pick in picks:
        groups[floor.zone(pick.location) if problem.zone_picking else None].append(pick)
    items = problem.item_of
    due_s = float("inf")
    if problem.due != "ignore" and problem.start_at is not None and order.due_at is not None:
        due_s = (order.due_at - problem.start_at).total_seconds()
    parts = []
    for zone, taken in sorted(groups.items(), key=lambda kv: kv[0] or ""):
        demand = [0, 0, 0, 1, order.totes]
        tags = 0
        for pick in taken:
            item = items.get(pick.sku)
            demand[0] += pick.quantity
            if item is not None:
                demand[1] += pick.quantity * (item.volume_mm3 or 0)
                demand[2] += pick.quantity * (item.weight_g or 0)
                for name in (*item.attributes, item.family):
                    if name in tag_bits:
                        tags |= 1 << tag_bits[name]
        refusal = _refusal(problem, order, taken, demand, capacity, tags, clashes)
        if refusal is not None:
            return [], [refusal]
        parts.append(Part(order, zone, tuple(taken), tuple(demand), tags, due_s))
    return parts, []


def _refusal(
    problem: BatchingProblem,
    order: BatchOrder,
    taken: list[Pick],
    demand: list[int],
    capacity: npt.NDArray[np.int64],
    tags: int,
    clashes: tuple[int, ...],
) -> Unassigned | None:
    items = problem.item_of
    for name, limit in (("volume_mm3", problem.cart.volume_mm3), ("weight_g", problem.cart.weight_g)):
        unknown = [p.sku for p in taken if limit and (p.sku not in items or getattr(items[p.sku], name) is None)]
        if unknown:
            what = "dimensions" if name == "volume_mm3" else "weight_g"
            return Unassigned(
                id=order.id,
                reason="item-size-unknown",
                detail=f"the cart limits {name}, but {what} of {unknown[0]!r} are not known",
                smallest_change=f"give item {unknown[0]!r} its {what}",
            )
    for name, need, limit in zip(DIMENSIONS, demand, capacity.tolist(), strict=True):
        if need > limit:
            return Unassigned(
                id=order.id,
                reason="larger-than-cart",
                detail=f"the order needs {need} {name}; the cart takes {limit}",
                smallest_change=f"raise cart.{name} to {need}, or split the order",
            )
    for bit, others in enumerate(clashes):
        if tags >> bit & 1 and tags & others:
            return Unassigned(
                id=order.id,
                reason="incompatible-items",
                detail="the order itself holds items that may not share a cart",
                smallest_change="split the order along its incompatible items",
            )
    return None
