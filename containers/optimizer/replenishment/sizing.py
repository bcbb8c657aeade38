"""What comes to a pick face in which trip: to the optimum for each face on its own, or as reactive min/max does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from containers.optimizer.replenishment.lotsizing import wagner_whitin
from containers.optimizer.replenishment.picks import Picks
from containers.optimizer.replenishment.problem import Face, Instance, trip_seconds
from containers.optimizer.replenishment.trips import cheapest_trips

UNLIMITED = 2**40
# Steps of the dynamic program (about a nanosecond each) for one face; beyond, what comes is counted in larger multiples.
MOST_STEPS = 200_000_000


@dataclass(frozen=True, slots=True)
class Trip:
    """number 1: before the period starts; 2, 3, …: while it is picked. release_s: from when on the face has room."""

    period: int
    number: int
    pieces: int
    release_s: float
    due_s: float


@dataclass(frozen=True, slots=True)
class Sized:
    """Trips in their order, and what no plan for this face alone can go below; None: not known."""

    trips: tuple[Trip, ...]
    least: float | None


def picks_of(instance: Instance, face: Face) -> Picks:
    return Picks(instance.periods, face.demand, face.moments)


def supply_of(instance: Instance, face: Face) -> int:
    """Multiples that can come at all: none when one is more than the face holds."""
    fits = face.multiple <= face.source.max_pieces and face.source.sku not in instance.skip
    return face.reserve // face.multiple if fits else 0


def servable(instance: Instance, face: Face) -> list[int]:
    """What of each period's demand can be served, the earliest first: trips while it is picked make all of it fit."""
    whole = face.begin + supply_of(instance, face) * face.multiple
    through = [min(pieces, whole) for pieces in accumulate(face.demand)]
    return [now - before for before, now in pairwise([0, *through])]


def cheapest(instance: Instance, face: Face) -> Sized:
    """The trips of least cost, each from the face's nearest reserve, workers without limit."""
    source = instance.source
    demand = servable(instance, face)
    supply = supply_of(instance, face)
    if supply == 0:
        return Sized((), _untouched(instance, face, demand))
    simple = face.begin == 0 and face.multiple == 1 and face.source.min_pieces == 0 and source.work.trip_pieces is None
    total = sum(demand)
    if simple and total <= face.source.max_pieces:
        # Everything fits at once: no trip waits for room.
        cost, lots = wagner_whitin(demand, trip_seconds(source, face.nearest), source.holding_s)
        pieces = [(t, 1, round(q)) for t, q in enumerate(lots) if round(q) > 0]
        trips = timed(instance, face, pieces)
        return Sized(trips, cost + source.work.case_s * -(-total // face.case))
    multiple = face.multiple * _coarse(face, supply, len(demand), total)
    if face.begin + face.reserve // multiple * multiple < total:
        return Sized(reactive(instance, face, hurried=True), None)
    cost, found = _program(instance, face, demand, multiple, lots=1)
    if multiple == face.multiple and len(face.lots) > 1:
        # A trip may be shared by several lots, whose parts are done at the same time and so are less late.
        cost, _ = _program(instance, face, demand, multiple, lots=len(face.lots))
    return Sized(timed(instance, face, found), cost if multiple == face.multiple else None)


def _coarse(face: Face, supply: int, periods: int, total: int) -> int:
    """How many multiples to count as one, so that the dynamic program stays small."""
    widest = face.source.max_pieces // face.multiple
    top = min(supply, (total + face.source.max_pieces) // face.multiple + 1)
    steps = 2 * periods * top * widest
    coarse = 1
    while steps > MOST_STEPS * coarse * coarse and coarse < widest:
        coarse += 1
    return coarse


def _program(
    instance: Instance, face: Face, demand: Sequence[int], multiple: int, lots: int
) -> tuple[float, list[tuple[int, int, int]]]:
    source, work = instance.source, instance.source.work
    most = face.source.max_pieces
    supply = face.reserve // multiple
    top = min(supply, (sum(demand) + most) // multiple + 1)
    come = range(face.begin, face.begin + top * multiple + 1, multiple)
    picks = picks_of(instance, face)
    period, number, quantity = (np.zeros(top + 1, dtype=np.int64) for _ in range(3))
    cost, count = cheapest_trips(
        np.array(demand, dtype=np.int64),
        np.array([one.due_s for one in instance.periods]),
        np.array([picks.need(pieces + 1) for pieces in come]),
        np.array([picks.gone(pieces - most) for pieces in come]),
        (face.begin, most, multiple, face.source.min_pieces),
        (work.trip_pieces or UNLIMITED, face.case, lots),
        (
            trip_seconds(source, face.nearest), work.case_s, float(source.holding_s), float(source.below_min_s),
            float(source.late_weight), float(source.during_wave_s),
        ),
        period, number, quantity,
    )  # fmt: skip
    found: list[tuple[int, int, int]] = []
    for t, one, pieces in zip(period[:count][::-1], number[:count][::-1], quantity[:count][::-1], strict=True):
        last = found[-1] if found and found[-1][0] == t else None
        found.append((int(t), 1 if one == 1 else max(2, last[1] + 1 if last else 2), int(pieces)))
    return float(cost), found


def _untouched(instance: Instance, face: Face, demand: Sequence[int]) -> float:
    """The cost of a face to which nothing can come."""
    left = [max(0, face.begin - gone) for gone in accumulate(demand)]
    source = instance.source
    return sum(source.holding_s * n + source.below_min_s * max(0, face.source.min_pieces - n) for n in left)


def timed(instance: Instance, face: Face, trips: Sequence[tuple[int, int, int]]) -> tuple[Trip, ...]:
    """(period, number, pieces) with room and need by the pace of the picks."""
    picks = picks_of(instance, face)
    come, found = face.begin, []
    for period, number, pieces in trips:
        room = picks.gone(come + pieces - face.source.max_pieces)
        due = instance.periods[period].due_s
        if number > 1:
            needed = come + 1 <= picks.before[period + 1]
            due = picks.need(come + 1) if needed else instance.periods[period].gone_s
        come += pieces
        found.append(Trip(period, number, pieces, room, due))
    return tuple(found)


def reactive(instance: Instance, face: Face, *, hurried: bool = False) -> tuple[Trip, ...]:
    """A face that has fallen below its min is filled up to its max: before a period, and while it is picked when it will run
    short. Nobody looks ahead: a trip is released when the face falls below min, or, hurried, once it has room."""
    picks = picks_of(instance, face)
    most, multiple = face.source.max_pieces, face.multiple
    left = supply_of(instance, face)
    come, trips = face.begin, []
    for t, wanted in enumerate(face.demand):
        lying = max(0, come - picks.before[t])
        number = 1
        full = min(left, max(0, most - lying) // multiple)
        if lying < max(1, face.source.min_pieces) and full:
            trips.append((t, number, full * multiple))
            come, left = come + full * multiple, left - full
        while left and come < picks.before[t] + wanted:
            number += 1
            low = min(max(0, face.source.min_pieces - 1), come)
            full = min(left, max(1, (most - low) // multiple))
            trips.append((t, number, full * multiple))
            come, left = come + full * multiple, left - full
    found = timed(instance, face, trips)
    return found if hurried else _when_called(face, picks, found)


def _when_called(face: Face, picks: Picks, trips: Sequence[Trip]) -> tuple[Trip, ...]:
    """The same trips, released when the face calls for them and not before."""
    come, found = face.begin, []
    for trip in trips:
        low = max(0, face.source.min_pieces - 1)
        called = picks.gone(come - low) if trip.number > 1 else 0.0
        found.append(Trip(trip.period, trip.number, trip.pieces, max(trip.release_s, called), trip.due_s))
        come += trip.pieces
    return tuple(found)


def served(face: Face, trips: Sequence[Trip]) -> list[int]:
    """Pieces of each period's demand that these trips serve; what is missing at its end is lost."""
    lying, found = face.begin, []
    for t, wanted in enumerate(face.demand):
        lying += sum(trip.pieces for trip in trips if trip.period == t)
        found.append(min(wanted, lying))
        lying -= found[-1]
    return found
