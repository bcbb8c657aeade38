"""A seeded discrete-event simulation of a crew on its tours: uneven walking and handling, and waiting for aisles.

Each picker walks the tours that the plan gives them, in its order. Whoever stops in an aisle holds one of its places
until they set out for another aisle or home; those who find it full wait in order of arrival. Durations are lognormal with the
plan's own value as mean, so the plan is right on average where nobody waits.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from containers.optimizer.scenario.tours import Tour
from contracts.problems.batching import Pace
from contracts.problems.scenario import Crew, SimulationSettings


@dataclass(frozen=True, slots=True)
class Outcome:
    finish_s: float
    wait_s: float


@dataclass(slots=True)
class _Picker:
    tours: deque[Tour]
    halt: int = -1  # of the current tour; -1: about to set up
    handled: bool = False  # what is to be taken at this halt
    aisle: float | None = None
    arrived: float = -1.0  # when they came to an aisle that may be full; -1: not there yet
    pause: list[tuple[float, float]] = field(default_factory=list)


def simulate(
    plan: Sequence[Sequence[Tour]], pace: Pace, crew: Crew, settings: SimulationSettings, random_state: random.Random
) -> Outcome:
    """One run. `plan`: each picker's tours in order."""
    pickers = [_Picker(deque(tours), pause=[(p.start_s, p.end_s) for p in crew.breaks]) for tours in plan]
    inside: dict[float, int] = defaultdict(int)
    queues: dict[float, deque[int]] = defaultdict(deque)
    events = [(0.0, number) for number in range(len(pickers)) if pickers[number].tours]
    heapq.heapify(events)
    finish = waited = 0.0

    def later(number: int, now: float, seconds: float) -> None:
        heapq.heappush(events, (_past_breaks(pickers[number], now, seconds), number))

    def leave(number: int, now: float) -> None:
        picker = pickers[number]
        if picker.aisle is None:
            return
        inside[picker.aisle] -= 1
        queue = queues[picker.aisle]
        if queue:
            heapq.heappush(events, (now, queue.popleft()))
        picker.aisle = None

    def uneven(mean: float, cv: float) -> float:
        if mean <= 0 or cv <= 0:
            return max(0.0, mean)
        sigma = math.sqrt(math.log1p(cv * cv))
        return mean * math.exp(random_state.gauss(-sigma * sigma / 2, sigma))

    while events:
        now, number = heapq.heappop(events)
        picker = pickers[number]
        tour = picker.tours[0]
        if picker.halt == -1:  # set-up, then the first leg
            picker.halt = 0
            walk = uneven(tour.legs[0] / pace.walk_m_per_s, settings.walk_cv)
            later(number, now, uneven(pace.setup_s, settings.handling_cv) + walk)
        elif picker.halt == len(tour.halts):  # home
            finish = max(finish, now)
            picker.tours.popleft()
            picker.halt = -1
            if picker.tours:
                heapq.heappush(events, (now, number))
        elif picker.handled:  # on to the next halt, or home
            picker.handled = False
            here = tour.halts[picker.halt][0]
            picker.halt += 1
            if picker.halt == len(tour.halts) or tour.halts[picker.halt][0] != here:
                leave(number, now)
            later(number, now, uneven(tour.legs[picker.halt] / pace.walk_m_per_s, settings.walk_cv))
        else:  # at a halt
            aisle, pieces = tour.halts[picker.halt]
            if picker.aisle is None:
                picker.arrived = now if picker.arrived < 0 else picker.arrived
                if settings.aisle_people is not None and inside[aisle] >= settings.aisle_people:
                    queues[aisle].append(number)
                    continue
                inside[aisle] += 1
                picker.aisle = aisle
                waited += now - picker.arrived
                picker.arrived = -1.0
            picker.handled = True
            later(number, now, uneven(pace.stop_s + pieces * pace.piece_s, settings.handling_cv))
    return Outcome(finish, waited)


def _past_breaks(picker: _Picker, start: float, seconds: float) -> float:
    """When work of so many seconds that starts now is done; a break that begins meanwhile stops it until its end."""
    end = start + seconds
    for begin, until in picker.pause:
        if start < until and end > begin:
            pause = until - max(begin, start)
            end += pause
    return end
