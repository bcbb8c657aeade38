"""Who picks which batch when: batches in the order of their earliest due time, each to the picker who is free first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """One batch's place in the schedule; seconds after the start."""

    picker: int
    start_s: float
    finish_s: float


def schedule(seconds: Sequence[float], due_s: Sequence[float], pickers: int) -> list[Slot]:
    """A slot per batch. Exact for one picker's hard deadlines (earliest due date first, Jackson 1955)."""
    free = [0.0] * pickers
    slots: dict[int, Slot] = {}
    for batch in sorted(range(len(seconds)), key=lambda i: (due_s[i], i)):
        picker = min(range(pickers), key=free.__getitem__)
        slots[batch] = Slot(picker, free[picker], free[picker] + seconds[batch])
        free[picker] += seconds[batch]
    return [slots[i] for i in range(len(seconds))]


def lateness(slots: Sequence[Slot], due_of_orders: Sequence[Sequence[float]]) -> list[list[float]]:
    """Seconds late per order, per batch."""
    return [
        [max(0.0, slot.finish_s - due) for due in due_of] for slot, due_of in zip(slots, due_of_orders, strict=True)
    ]
