"""From trips to tasks: which reserve lots, which worker, when."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from containers.optimizer.replenishment.problem import Face, Instance, trip_seconds
from containers.optimizer.replenishment.sizing import Trip


@dataclass(frozen=True, slots=True)
class Job:
    """One lot's share of a trip to a face."""

    face: int
    trip: Trip
    location: str
    pieces: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Timed:
    job: Job
    worker: int
    start_s: float
    finish_s: float


def jobs_of(instance: Instance, trips: Sequence[Sequence[Trip]]) -> list[Job]:
    """trips[face] in their order, taken from the lots in the policy's order."""
    jobs: list[Job] = []
    for f, face in enumerate(instance.faces):
        there = [lot.pieces for lot in face.lots]
        for trip in trips[f]:
            left = trip.pieces
            for i, lot in enumerate(face.lots):
                take = min(left, there[i])
                if take > 0:
                    there[i] -= take
                    left -= take
                    jobs.append(Job(f, trip, lot.location, take, task_seconds(instance, face, take, lot.metres)))
    return jobs


def task_seconds(instance: Instance, face: Face, pieces: int, metres: float) -> float:
    """Trips there and back, and handling."""
    work = instance.source.work
    trips = 1 if work.trip_pieces is None else -(-pieces // work.trip_pieces)
    return trips * trip_seconds(instance.source, metres) + work.case_s * -(-pieces // face.case)


def schedule(instance: Instance, jobs: Sequence[Job]) -> list[Timed]:
    """Earliest due first among what has room, as workers come free."""
    waiting = sorted(range(len(jobs)), key=lambda i: (jobs[i].trip.release_s, jobs[i].trip.due_s, jobs[i].face, i))
    free = [(0.0, worker) for worker in range(instance.source.workers)]
    heapq.heapify(free)
    ready: list[tuple[float, int, int, int]] = []
    done: list[Timed] = []
    at = 0
    while at < len(waiting) or ready:
        now, worker = heapq.heappop(free)
        while at < len(waiting) and jobs[waiting[at]].trip.release_s <= now:
            job = jobs[waiting[at]]
            heapq.heappush(ready, (job.trip.due_s, job.trip.period, job.face, waiting[at]))
            at += 1
        if not ready:
            heapq.heappush(free, (jobs[waiting[at]].trip.release_s, worker))
            continue
        job = jobs[heapq.heappop(ready)[3]]
        done.append(Timed(job, worker, now, now + job.seconds))
        heapq.heappush(free, (now + job.seconds, worker))
    return sorted(done, key=lambda one: (one.start_s, one.worker))
