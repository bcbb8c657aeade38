"""Re-slotting: which articles to move from today's slots, in which order, so that the walking saved pays for the moves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Identifier, Model
from contracts.catalogue import Quantity
from contracts.problems.slotting import MAX_SKUS, SlotAssignment, SlottingFacts

MAX_MOVES = 5_000


class MoveWork(Model):
    """How long one move takes: fixed_s + pieces x piece_s + metres from slot to slot / travel_m_per_s."""

    fixed_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    piece_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    travel_m_per_s: Annotated[float, Field(gt=0, le=20)] = 1.0


class ReslottingProblem(SlottingFacts):
    """Today's slots are those of `stock`; each stock line moves as a whole or stays.

    A move pays when the walking that it saves within `payback_days` takes longer than the move. Moves that park an article
    on its way are counted too. Articles without stock are left alone.
    """

    objective: Literal["frequency", "affinity", "pick_distance"] = "pick_distance"
    depot_weight: Annotated[float, Field(ge=0, le=1000)] = 1.0  # for objective "affinity"
    max_moves: Annotated[int, Field(ge=0, le=MAX_MOVES)] | None = None
    max_minutes: Annotated[float, Field(ge=0, le=1e6)] | None = None
    payback_days: Annotated[float, Field(gt=0, le=3660)] = 30.0
    walk_m_per_s: Annotated[float, Field(gt=0, le=20)] = 1.0  # of people who pick: what a saved metre is worth
    work: MoveWork = MoveWork()
    staging_places: Annotated[int, Field(ge=0, le=1000)] = 1  # stock lines that may wait at the depot at a time


class Move(Model):
    """One step. A location left out is the staging place at the depot. Moves of one `chain` belong together."""

    step: Annotated[int, Field(ge=1)]
    chain: Annotated[int, Field(ge=1)]
    sku: Identifier
    pieces: Quantity
    from_location: Identifier | None
    to_location: Identifier | None
    temporary: bool = False  # the article moves on from there later
    seconds: float


class ReslottingSolution(Model):
    """Steps in a safe order, the best chains first: stopping after a whole chain leaves a good building."""

    moves: tuple[Move, ...] = ()
    assignments: tuple[SlotAssignment, ...] = ()  # after the moves
    distance_m_per_day_before: float = 0.0
    distance_m_per_day_after: float = 0.0
    saved_m_per_day: float = 0.0
    minutes: float = 0.0  # of all moves
    payback_days: float | None = None  # None when nothing is saved


class ReslottingLocks(Model):
    """`keep`: these SKUs do not move."""

    keep: Annotated[frozenset[Identifier], Field(max_length=MAX_SKUS)] = frozenset()
