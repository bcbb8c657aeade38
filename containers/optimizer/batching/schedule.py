"""Who picks which batch when, and which orders stay out where deadlines are hard.

Batches are picked in the order of their earliest due time, each by the picker who is free first: exact for one picker's
hard deadlines (Jackson 1955).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from containers.optimizer.batching.problem import Instance
from contracts.optimize import Unassigned

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slot:
    """One batch's place in the schedule; seconds after the start."""

    picker: int
    start_s: float
    finish_s: float


def schedule(seconds: Sequence[float], due_s: Sequence[float], pickers: int) -> list[Slot]:
    """A slot per batch."""
    picker, start = _rota(np.array(seconds, dtype=np.float64), np.array(due_s, dtype=np.float64), pickers)
    return [
        Slot(who, begin, begin + needed)
        for who, begin, needed in zip(picker.tolist(), start.tolist(), seconds, strict=True)
    ]


def _rota(seconds: FloatArray, due_s: FloatArray, pickers: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    from containers.optimizer.batching.late import rota

    picker, start = np.zeros(len(seconds), dtype=np.int64), np.zeros(len(seconds))
    rota(seconds, due_s, np.zeros(pickers), picker, start)
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
    instance: Instance, batches: list[list[int]], locked: frozenset[str] = frozenset()
) -> tuple[list[list[int]], tuple[Unassigned, ...]]:
    """Where deadlines are hard, leave out what would be late, the latest-due first of what is late, until nothing is.

    locked: orders that are left out last.
    """
    if instance.source.due != "hard" or not batches:
        return batches, instance.left_out
    parts, left_out, rest = instance.parts, list(instance.left_out), [list(batch) for batch in batches]
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
    seconds = np.array([_seconds(instance, batch) for batch in rest])
    soonest = np.array([min(parts[p].due_s for p in batch) for batch in rest])
    inside = np.ones(len(members), dtype=np.bool_)
    while True:
        _, start = _rota(seconds, soonest, instance.source.pickers)
        late = np.flatnonzero(inside & ((start + seconds)[batch_of] > due))
        if not len(late):
            return [batch for batch in rest if batch], tuple(left_out)
        worst = parts[members[late[np.argmin(first_out[late])]]].order
        left_out.append(
            Unassigned(
                id=worst.id,
                reason="deadline-missed",
                detail=f"no plan was found that finishes this order by {worst.due_at}",
                smallest_change="add a picker, start earlier, or move the order's due_at",
            )
        )
        for row in of_order[worst.id]:
            inside[row] = False
            b = int(batch_of[row])
            rest[b].remove(members[row])
            seconds[b] = _seconds(instance, rest[b])
            soonest[b] = min((parts[p].due_s for p in rest[b]), default=np.inf)


def _seconds(instance: Instance, batch: Sequence[int]) -> float:
    if not batch:
        return 0.0  # nobody sets out
    halts = {pick.position for p in batch for pick in instance.parts[p].picks}
    pieces = sum(instance.parts[p].demand[0] for p in batch)
    return seconds_of(instance, instance.floor.tour_length(halts), len(halts), pieces)
