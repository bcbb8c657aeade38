"""Reactive min/max: a face that has fallen below its min after a period is filled up to its max before the next."""

from __future__ import annotations

from containers.optimizer.replenishment.plan import jobs_of, schedule
from containers.optimizer.replenishment.problem import Instance
from contracts.optimize import Reference

METHOD = "reactive min/max: fill up below min, and an extra trip when a wave runs short"


def baseline(instance: Instance) -> Reference:
    """Seconds by the objective's own measure. Nobody looks ahead; when a wave runs short, what it lacks is fetched, late by
    the length of the trip."""
    source = instance.source
    quantities, value = [], 0.0
    for face in instance.faces:
        lying, left = face.begin, face.reserve
        quantity = []
        for wanted in face.demand:
            low = lying < max(1, face.source.min_pieces)
            room = max(0, face.source.max_pieces - lying) // face.multiple * face.multiple
            come = min(room, left // face.multiple * face.multiple) if low else 0
            lacking = wanted - lying - come
            if lacking > 0:
                extra = min(
                    -(-lacking // face.multiple) * face.multiple, (left - come) // face.multiple * face.multiple
                )
                extra = min(extra, max(0, face.source.max_pieces - lying - come) // face.multiple * face.multiple)
                if extra > 0:
                    # The wave waits for it.
                    come += extra
                    value += source.late_weight * (source.work.fixed_s + face.nearest / source.work.travel_m_per_s)
            quantity.append(come)
            left -= come
            lying = max(0, lying + come - wanted)
            value += source.holding_s * lying + source.below_min_s * max(0, face.source.min_pieces - lying)
        quantities.append(quantity)
    tasks = schedule(instance, jobs_of(instance, quantities))
    value += sum(one.job.seconds for one in tasks)
    value += source.late_weight * sum(max(0.0, one.finish_s - one.job.due_s) for one in tasks)
    return Reference(value=round(value, 6), method=METHOD)
