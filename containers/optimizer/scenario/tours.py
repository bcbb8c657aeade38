"""Tours as the simulation and the stages need them: legs walked, stops made, whatever rule laid the walk."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from containers.optimizer.batching.problem import Instance
from containers.optimizer.floor.aisles import AisleFloor
from containers.optimizer.routing import rules
from contracts.problems.batching import Batch, Pace

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tour:
    """legs: metres before each halt, and last the way home. halts: (x of the aisle, pieces taken) in walking order."""

    legs: tuple[float, ...]
    halts: tuple[tuple[float, int], ...]

    @property
    def metres(self) -> float:
        return sum(self.legs)

    def seconds(self, pace: Pace) -> float:
        """Set-up, walking and handling, as contracts.problems.batching.Pace defines them."""
        pieces = sum(number for _, number in self.halts)
        handling = pace.setup_s + len(self.halts) * pace.stop_s + pieces * pace.piece_s
        return self.metres / pace.walk_m_per_s + handling


def of_batch(batch: Batch) -> Tour:
    """A planned batch: its stops lie on its path in this order."""
    wanted: dict[Point, int] = {}
    for stop in batch.stops:
        wanted[stop.x_m, stop.y_m] = wanted.get((stop.x_m, stop.y_m), 0) + stop.quantity
    return along(batch.path, wanted)


def of_rule(instance: Instance, batch: Sequence[int]) -> Tour:
    """Parts of orders on one cart, walked S-shape (on a floor that is no aisle grid: by the shortest walk known)."""
    floor = instance.floor
    wanted: dict[Point, int] = {}
    positions = set()
    for number in batch:
        for pick in instance.parts[number].picks:
            positions.add(pick.position)
            place = floor.xy(pick.position)
            wanted[place] = wanted.get(place, 0) + pick.quantity
    if isinstance(floor, AisleFloor):
        return along(rules.walk(floor.ladder, positions), wanted)
    return along(floor.tour(positions).path, wanted)


def along(path: Sequence[Point], wanted: dict[Point, int]) -> Tour:
    """Cut a walk at the places where something is taken, each at its first passing."""
    legs: list[float] = []
    halts: list[tuple[float, int]] = []
    left = dict(wanted)
    walked = 0.0
    for start, end in itertools.pairwise(path):
        span = abs(end[0] - start[0]) + abs(end[1] - start[1])
        passed = sorted(
            (abs(place[0] - start[0]) + abs(place[1] - start[1]), place)
            for place in left
            if _between(start, end, place)
        )
        before = 0.0
        for at, place in passed:
            legs.append(walked + at - before)
            walked, before = 0.0, at
            halts.append((place[0], left.pop(place)))
        walked += span - before
    # Rounding may leave a place beside its walk: it is visited where the walk ends, at no cost.
    for place, number in left.items():
        legs.append(0.0)
        halts.append((place[0], number))
    return Tour((*legs, walked), tuple(halts))


def _between(start: Point, end: Point, place: Point) -> bool:
    inside = all(min(a, b) - 1e-6 <= c <= max(a, b) + 1e-6 for a, b, c in zip(start, end, place, strict=True))
    cross = (end[0] - start[0]) * (place[1] - start[1]) - (end[1] - start[1]) * (place[0] - start[0])
    return inside and abs(cross) < 1e-4
