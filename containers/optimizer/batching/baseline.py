"""What a warehouse does today: orders onto carts as they come, S-shape routes."""

from __future__ import annotations

from functools import lru_cache

from containers.optimizer.batching.problem import Instance, fits
from containers.optimizer.routing import rules
from contracts.optimize import Reference

METHOD = "first come, first served; S-shape routes"


def first_come(instance: Instance) -> list[list[int]]:
    """Parts in the order of arrival; a new cart when the next part does not fit (per zone, where zones are kept)."""
    open_batches: dict[str | None, list[int]] = {}
    batches: list[list[int]] = []
    for number, part in enumerate(instance.parts):
        current = open_batches.get(part.zone)
        if current is None or not fits(instance, [*(instance.parts[i] for i in current), part]):
            current = []
            batches.append(current)
            open_batches[part.zone] = current
        current.append(number)
    return batches


@lru_cache(maxsize=1)
def baseline_distance(instance: Instance) -> float:
    """Metres of the baseline plan: asked for by every answer, the baseline and the check, and worked out once."""
    return sum(_s_shape_metres(instance, batch) for batch in first_come(instance))


def _s_shape_metres(instance: Instance, batch: list[int]) -> float:
    positions = {pick.position for number in batch for pick in instance.parts[number].picks}
    walked = rules.metres_on(instance.floor, positions, (rules.S_SHAPE,))
    return walked[rules.S_SHAPE] if walked else instance.floor.tour_length(positions)


def baseline(instance: Instance) -> Reference:
    """The objective of the baseline plan, by the same rules as the plan's own."""
    batches = first_come(instance)
    metres = baseline_distance(instance)
    if instance.source.objective == "distance":
        return Reference(value=round(metres, 6), method=METHOD)
    pace = instance.source.pace
    seconds = metres / pace.walk_m_per_s + pace.setup_s * len(batches)
    for batch in batches:
        halts = {pick.position for number in batch for pick in instance.parts[number].picks}
        pieces = sum(instance.parts[number].demand[0] for number in batch)
        seconds += len(halts) * pace.stop_s + pieces * pace.piece_s
    return Reference(value=round(seconds, 6), method=METHOD)
