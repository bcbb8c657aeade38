"""What a replenishment plan costs, and what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence

from containers.optimizer.replenishment.plan import Timed
from containers.optimizer.replenishment.problem import Face, Instance
from containers.optimizer.replenishment.sizing import Trip, served
from contracts.optimize import Objective, Unassigned


def objective_of(instance: Instance, trips: Sequence[Sequence[Trip]], tasks: Sequence[Timed]) -> Objective:
    """Seconds, by what they are spent on."""
    source = instance.source
    parts = {"work": sum(one.job.seconds for one in tasks), "holding": 0.0, "below_min": 0.0}
    for face, of_face in zip(instance.faces, trips, strict=True):
        lying = face.begin
        for t, picked in enumerate(served(face, of_face)):
            lying += sum(trip.pieces for trip in of_face if trip.period == t) - picked
            parts["holding"] += source.holding_s * lying
            parts["below_min"] += source.below_min_s * max(0, face.source.min_pieces - lying)
    parts["during_waves"] = source.during_wave_s * during_waves(trips)
    parts["late"] = source.late_weight * sum(max(0.0, one.finish_s - one.job.trip.due_s) for one in tasks)
    return Objective(value=sum(parts.values()), unit="s", parts=parts)


def during_waves(trips: Sequence[Sequence[Trip]]) -> int:
    """Trips to a face while its wave is picked."""
    return sum(trip.number > 1 for of_face in trips for trip in of_face)


def short(instance: Instance, trips: Sequence[Sequence[Trip]]) -> tuple[Unassigned, ...]:
    """Demand that the pick faces cannot serve, once per article."""
    found = []
    for face, of_face in zip(instance.faces, trips, strict=True):
        missing = [d - s for d, s in zip(face.demand, served(face, of_face), strict=True)]
        if any(missing):
            first = next(instance.periods[t].id for t, pieces in enumerate(missing) if pieces)
            reason, change = _cure(instance, face, sum(trip.pieces for trip in of_face))
            detail = f"{sum(missing)} pieces are missing, first in {first}"
            found.append(Unassigned(id=face.source.sku, reason=reason, detail=detail, smallest_change=change))
    return tuple(found)


def _cure(instance: Instance, face: Face, come: int) -> tuple[str, str]:
    """Why no trip serves the rest, and the smallest change after which one does."""
    sku, multiple, most = face.source.sku, face.multiple, face.source.max_pieces
    wanted = -(-(sum(face.demand) - face.begin) // multiple) * multiple
    more = max(0, wanted - face.reserve)
    bring = f"bring {more} more pieces of {sku!r} into reserve"
    if sku in instance.skip:
        return "locked", f"take {sku!r} out of locks.skip" + (f", and {bring}" if more else "")
    if multiple > most:
        change = f"raise max_pieces of {sku!r} to {multiple}, or let it come down in multiples of at most {most}"
        return "multiple-does-not-fit", change + (f"; and {bring}" if more else "")
    if more:
        return "out-of-reserve", bring
    return "not-planned", f"let the plan bring {wanted - come} more pieces of {sku!r} down"
