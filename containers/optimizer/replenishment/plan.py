"""From quantities per period to tasks: which reserve lots, which worker, when."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from containers.optimizer.replenishment.problem import Face, Instance, trip_seconds


@dataclass(frozen=True, slots=True)
class Job:
    """One lot's share of what a face gets before a period."""

    face: int
    period: int
    location: str
    pieces: int
    release_s: float
    due_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Timed:
    job: Job
    worker: int
    start_s: float
    finish_s: float


def jobs_of(instance: Instance, quantities: Sequence[Sequence[int]]) -> list[Job]:
    """quantities[face][period] pieces, taken from the lots in the policy's order."""
    jobs: list[Job] = []
    for f, face in enumerate(instance.faces):
        there = [lot.pieces for lot in face.lots]
        for t, wanted in enumerate(quantities[f]):
            release = release_s(instance, face, quantities[f], t)
            left = int(wanted)
            for i, lot in enumerate(face.lots):
                take = min(left, there[i])
                if take > 0:
                    there[i] -= take
                    left -= take
                    seconds = task_seconds(instance, face, take, lot.metres)
                    jobs.append(Job(f, t, lot.location, take, release, instance.periods[t].due_s, seconds))
    return jobs


def task_seconds(instance: Instance, face: Face, pieces: int, metres: float) -> float:
    """Trips there and back, and handling."""
    work = instance.source.work
    trips = 1 if work.trip_pieces is None else -(-pieces // work.trip_pieces)
    return trips * trip_seconds(instance.source, metres) + work.case_s * -(-pieces // face.case)


def release_s(instance: Instance, face: Face, quantity: Sequence[int], period: int) -> float:
    """From when on the face has room for what comes before the period, given what comes otherwise."""
    before = face.begin
    stock = []  # just before each period's picks
    for t in range(period + 1):
        before += int(quantity[t])
        stock.append(before)
        before = max(0, before - face.demand[t])
    first = period
    while first > 0 and stock[first - 1] + int(quantity[period]) <= face.source.max_pieces:
        first -= 1
    return instance.periods[first - 1].gone_s if first > 0 else 0.0


def schedule(instance: Instance, jobs: Sequence[Job]) -> list[Timed]:
    """Earliest due first among what has room, as workers come free."""
    waiting = sorted(range(len(jobs)), key=lambda i: (jobs[i].release_s, jobs[i].due_s, jobs[i].face, i))
    free = [(0.0, worker) for worker in range(instance.source.workers)]
    heapq.heapify(free)
    ready: list[tuple[float, int, int, int]] = []
    done: list[Timed] = []
    at = 0
    while at < len(waiting) or ready:
        now, worker = heapq.heappop(free)
        while at < len(waiting) and jobs[waiting[at]].release_s <= now:
            job = jobs[waiting[at]]
            heapq.heappush(ready, (job.due_s, job.period, job.face, waiting[at]))
            at += 1
        if not ready:
            heapq.heappush(free, (jobs[waiting[at]].release_s, worker))
            continue
        job = jobs[heapq.heappop(ready)[3]]
        done.append(Timed(job, worker, now, now + job.seconds))
        heapq.heappush(free, (now + job.seconds, worker))
    return sorted(done, key=lambda one: (one.start_s, one.worker))
