"""Reactive min/max: a face that has fallen below its min is filled up to its max, before the next period or while one is picked."""

from __future__ import annotations

from containers.optimizer.replenishment.plan import jobs_of, schedule
from containers.optimizer.replenishment.problem import Instance
from containers.optimizer.replenishment.sizing import reactive
from containers.optimizer.replenishment.worth import objective_of
from contracts.optimize import Reference

METHOD = "reactive min/max: fill up below min, between waves and, when the face will run short, during them"


def baseline(instance: Instance) -> Reference:
    """Seconds by the objective's own measure."""
    trips = [reactive(instance, face) for face in instance.faces]
    tasks = schedule(instance, jobs_of(instance, trips))
    return Reference(value=round(objective_of(instance, trips, tasks).value, 6), method=METHOD)
