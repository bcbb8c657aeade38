"""Locks and warm starts: from order ids to the groups and batches of parts that the search works on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from containers.optimizer.batching.problem import Instance
from containers.optimizer.reading import locks_of, plan_of
from contracts.errors import Fault, ProblemError
from contracts.optimize import Unassigned
from contracts.problems.batching import BatchingSolution, BatchLocks


def read_locks(instance: Instance, locks: Mapping[str, Any] | None) -> BatchLocks:
    """Validated locks. Raises ProblemError with pointers for orders that cannot be pinned."""
    pinned = locks_of(BatchLocks, locks)
    known = {part.order.id for part in instance.parts}
    seen: set[str] = set()
    faults = []
    for kind in ("together", "sealed"):
        for i, group in enumerate(getattr(pinned, kind)):
            for order in group:
                where = f"/locks/{kind}/{i}"
                if order not in known:
                    faults.append(Fault(where, f"order {order!r} is not among those that can be picked"))
                elif order in seen:
                    faults.append(Fault(where, f"order {order!r} is locked twice; keep one"))
                seen.add(order)
    if (pinned.together or pinned.sealed) and instance.source.zone_picking:
        faults.append(Fault("/locks", "locks need whole orders: leave out zone_picking"))
    if not faults:
        faults += _overfull(instance, pinned)
    if faults:
        raise ProblemError("invalid", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:20]))
    return pinned


def orders_of(pinned: BatchLocks) -> frozenset[str]:
    """Every order that is locked to others."""
    return frozenset(order for group in (*pinned.together, *pinned.sealed) for order in group)


def refuse_late(pinned: BatchLocks, left_out: Iterable[Unassigned]) -> None:
    """Raises ProblemError infeasible for locked groups of which a hard deadline leaves an order out."""
    late = {one.id for one in left_out}
    faults = [
        Fault(
            f"/locks/{kind}/{i}",
            f"no plan was found that keeps these orders in one batch and finishes {order!r} in time; "
            "leave this lock out, add a picker, or move the order's due_at",
        )
        for kind in ("together", "sealed")
        for i, group in enumerate(getattr(pinned, kind))
        for order in group
        if order in late
    ]
    if faults:
        raise ProblemError("infeasible", f"{faults[0].pointer}: {faults[0].detail}", errors=tuple(faults[:20]))


def _overfull(instance: Instance, pinned: BatchLocks) -> list[Fault]:
    return [
        Fault(f"/locks/{kind}/{i}", why)
        for kind in ("together", "sealed")
        for i, group in enumerate(getattr(pinned, kind))
        if (why := overfull(instance, group))
    ]


def overfull(instance: Instance, orders: Sequence[str]) -> str:
    """Why these orders cannot share a cart; empty when they can."""
    wanted = frozenset(orders)
    parts = [part for part in instance.parts if part.order.id in wanted]
    loads = [sum(column) for column in zip(*(part.demand for part in parts), strict=True)]
    tags = 0
    for part in parts:
        tags |= part.tags
    if any(load > limit for load, limit in zip(loads, instance.capacity.tolist(), strict=False)):
        return "these orders do not fit on one cart together"
    return "these orders hold items that may not share a cart" if tags & instance.clash_of(tags) else ""


def groups_of(instance: Instance, pinned: BatchLocks) -> tuple[list[list[int]], list[list[int]]]:
    """(groups of part numbers that move as one, sealed batches that the search does not touch)."""
    number = {part.order.id: i for i, part in enumerate(instance.parts)} if pinned.together or pinned.sealed else {}
    sealed = [[number[order] for order in group] for group in pinned.sealed]
    together = [[number[order] for order in group] for group in pinned.together]
    taken = {i for group in (*sealed, *together) for i in group}
    return together + [[i] for i in range(len(instance.parts)) if i not in taken], sealed


def warm_batches(instance: Instance, warm_start: Mapping[str, Any] | None) -> list[list[int]] | None:
    """The batches of an earlier plan, as part numbers; orders that it does not know come each on their own."""
    if warm_start is None:
        return None
    plan = plan_of(BatchingSolution, warm_start)
    number = {(part.order.id, part.zone): i for i, part in enumerate(instance.parts)}
    batches: dict[int, list[int]] = defaultdict(list)
    for i, batch in enumerate(plan.batches):
        for order in batch.orders:
            part = number.pop((order, batch.zone), None)
            if part is not None:
                batches[i].append(part)
    return [*batches.values(), *([part] for part in number.values())]


def feasible_start(instance: Instance, batches: list[list[int]], groups: list[list[int]]) -> list[list[int]]:
    """A plan from yesterday may overfill today's cart: what no longer fits goes on carts of its own."""
    group_of = {part: number for number, group in enumerate(groups) for part in group}
    limits = instance.capacity.tolist()
    kept: list[list[int]] = []
    for batch in batches:
        current: list[int] = []
        for number in sorted({group_of[part] for part in batch if part in group_of}):
            trial = current + groups[number]
            parts = [instance.parts[i] for i in trial]
            loads = [sum(column) for column in zip(*(part.demand for part in parts), strict=True)]
            tags = 0
            for part in parts:
                tags |= part.tags
            same_zone = len({part.zone for part in parts}) == 1
            fits = all(load <= limit for load, limit in zip(loads, limits, strict=True))
            if current and not (fits and same_zone and not tags & instance.clash_of(tags)):
                kept.append(current)
                trial = list(groups[number])
            current = trial
        if current:
            kept.append(current)
    return kept
