"""Who picks which batch when, and which orders stay out where deadlines are hard.

Batches are picked in the order of their earliest due time, each by the picker who is free first: exact for one picker's
hard deadlines (Jackson 1955).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.batching.problem import Instance, fits
from contracts.optimize import Unassigned
from contracts.problems.batching import BatchOrder

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MOST_PUT_BACK, MOST_TOURS = 300, 2_000  # orders that are tried, and tours measured for them: a tenth of a second


@dataclass(frozen=True, slots=True)
class Slot:
    """One batch's place in the schedule; seconds after the start."""

    picker: int
    start_s: float
    finish_s: float


def schedule(seconds: Sequence[float], due_s: Sequence[float], pickers: int) -> list[Slot]:
    """A slot per batch; of those that are due at one time the one that is listed first comes first."""
    due = np.array(due_s, dtype=np.float64)
    picker, start = _rota(np.array(seconds, dtype=np.float64), np.argsort(due, kind="stable"), pickers)
    return [
        Slot(who, begin, begin + needed)
        for who, begin, needed in zip(picker.tolist(), start.tolist(), seconds, strict=True)
    ]


def _rota(seconds: FloatArray, order: IntArray, pickers: int) -> tuple[IntArray, FloatArray]:
    """(picker, start) per batch, picked in this order."""
    from containers.optimizer.batching.late import rota

    picker, start = np.zeros(len(seconds), dtype=np.int64), np.zeros(len(seconds))
    rota(seconds, order, np.zeros(pickers), picker, start)
    return picker, start


def lateness(slots: Sequence[Slot], due_of_orders: Sequence[Sequence[float]]) -> list[list[float]]:
    """Seconds late per order, per batch."""
    return [
        [max(0.0, slot.finish_s - due) for due in due_of] for slot, due_of in zip(slots, due_of_orders, strict=True)
    ]


def seconds_of(instance: Instance, metres: float, halts: int, pieces: int) -> float:
    """How long a batch takes."""
    pace = instance.source.pace
    return metres / pace.walk_m_per_s + pace.setup_s + halts * pace.stop_s + pieces * pace.piece_s


def kept(
    instance: Instance,
    batches: list[list[int]],
    locked: frozenset[str] = frozenset(),
    shut: frozenset[int] | None = None,
) -> tuple[list[list[int]], tuple[Unassigned, ...]]:
    """Where deadlines are hard, leave out what would be late, the latest-due first of what is late, until nothing is.

    Then what is whole on one cart is put back where all stay in time, in another batch or one of its own. locked: orders that are
    left out last, and not put back. shut: parts whose batches take nothing more; nothing is put back when it is not given.
    """
    if instance.source.due != "hard" or not batches:
        return batches, instance.left_out
    parts, late_orders, rest = instance.parts, list[BatchOrder](), [list(batch) for batch in batches]
    members = [p for batch in batches for p in batch]
    batch_of = np.repeat(np.arange(len(batches)), [len(batch) for batch in batches])
    due = np.array([parts[p].due_s for p in members])
    of_order: dict[str, list[int]] = {}
    for row, p in enumerate(members):
        of_order.setdefault(parts[p].order.id, []).append(row)
    # Who goes first when late; of equals the one that is listed first.
    first_out = np.empty(len(members), dtype=np.int64)
    first_out[
        sorted(
            range(len(members)),
            key=lambda row: (
                parts[members[row]].order.id in locked,
                -parts[members[row]].order.priority,
                -parts[members[row]].due_s,
            ),
        )
    ] = np.arange(len(members))
    seconds, soonest, rank = _times(instance, rest)
    inside = np.ones(len(members), dtype=np.bool_)
    order = np.lexsort((rank, soonest))
    while True:
        _, start = _rota(seconds, order, instance.source.pickers)
        late = np.flatnonzero(inside & ((start + seconds)[batch_of] > due))
        if not len(late):
            break
        worst = parts[members[late[np.argmin(first_out[late])]]].order
        late_orders.append(worst)
        for row in of_order[worst.id]:
            inside[row] = False
            b = int(batch_of[row])
            rest[b].remove(members[row])
            seconds[b] = _seconds(instance, rest[b])
            before = soonest[b], rank[b]
            soonest[b] = min((parts[p].due_s for p in rest[b]), default=np.inf)
            rank[b] = min(rest[b], default=len(parts))
            if before != (soonest[b], rank[b]):
                order = np.lexsort((rank, soonest))
    rest = [batch for batch in rest if batch]
    back = frozenset[str]()
    if shut is not None and late_orders:
        single = {order: members[rows[0]] for order, rows in of_order.items() if len(rows) == 1 and order not in locked}
        wanted = [single[one.id] for one in late_orders if one.id in single]
        back = _put_back(instance, rest, sorted(wanted, key=lambda p: (parts[p].order.priority, p)), shut)
    left_out = tuple(
        Unassigned(
            id=one.id,
            reason="deadline-missed",
            detail=f"no plan was found that finishes this order by {one.due_at}",
            smallest_change="add a picker, start earlier, or move the order's due_at",
        )
        for one in late_orders
        if one.id not in back
    )
    return rest, instance.left_out + left_out


def _put_back(instance: Instance, rest: list[list[int]], out: Sequence[int], shut: frozenset[int]) -> frozenset[str]:
    """Put parts into batches (changed in place) or batches of their own where that makes nothing late, at the least seconds
    more. Returns the orders of those that found a place."""
    parts, pickers = instance.parts, instance.source.pickers
    seconds, soonest, rank = _times(instance, rest)
    back, tours = set(), 0
    for p in out[:MOST_PUT_BACK]:
        if tours > MOST_TOURS:
            break
        due, alone = parts[p].due_s, _seconds(instance, [p])
        _, start = _rota(seconds, np.lexsort((rank, soonest)), pickers)
        room = np.minimum(soonest, due) - start
        choices = [(alone, len(rest), alone)]
        for b in np.flatnonzero(room > seconds).tolist():
            if not shut.isdisjoint(rest[b]) or not fits(instance, [parts[q] for q in (*rest[b], p)]):
                continue
            needed = _seconds(instance, [*rest[b], p])
            tours += 1
            if needed <= room[b]:
                choices.append((needed - float(seconds[b]), b, needed))
        for _, b, needed in sorted(choices):
            trial, dues, ranks = np.append(seconds, 0.0), np.append(soonest, np.inf), np.append(rank, len(parts))
            trial[b], dues[b], ranks[b] = needed, min(dues[b], due), min(ranks[b], p)
            _, start = _rota(trial, np.lexsort((ranks, dues)), pickers)
            if (start + trial <= dues).all():
                if b == len(rest):
                    rest.append([])
                rest[b].append(p)
                used = len(rest)
                seconds, soonest, rank = trial[:used], dues[:used], ranks[:used]
                back.add(parts[p].order.id)
                break
    return frozenset(back)


def _times(instance: Instance, batches: Sequence[Sequence[int]]) -> tuple[FloatArray, FloatArray, IntArray]:
    """Seconds, earliest due time and first part of each batch: plans list batches by their first part."""
    parts = instance.parts
    return (
        np.array([_seconds(instance, batch) for batch in batches]),
        np.array([min(parts[p].due_s for p in batch) for batch in batches]),
        np.array([min(batch) for batch in batches], dtype=np.int64),
    )


def _seconds(instance: Instance, batch: Sequence[int]) -> float:
    if not batch:
        return 0.0  # nobody sets out
    halts = {pick.position for p in batch for pick in instance.parts[p].picks}
    pieces = sum(instance.parts[p].demand[0] for p in batch)
    return seconds_of(instance, instance.floor.tour_length(halts), len(halts), pieces)
