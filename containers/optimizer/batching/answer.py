"""From lists of parts to the plan that people and machines read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from containers.optimizer.batching.baseline import baseline_distance
from containers.optimizer.batching.disturbance import disturbance
from containers.optimizer.batching.problem import Instance, Part
from containers.optimizer.batching.schedule import lateness, schedule, seconds_of
from containers.optimizer.family import Answer, Run
from containers.optimizer.routing import rules
from contracts.optimize import Objective
from contracts.problems.batching import Batch, BatchingSolution, Disturbance, PickStop

# So many batches of the first plan are written to see how long all of them take; then the check reads them.
SAMPLED, FINISH_OF_WRITING = 50, 2.5


def answer_of(instance: Instance, batches: Sequence[Sequence[int]], replanned_m: float | None = None) -> Answer:
    """The plan in which each list of part numbers is one tour on its shortest walk.

    replanned_m: metres of a plan made anew, for what an extended plan tells of its disturbance; its own when not known.
    """
    plans = [
        _batch(instance, f"B{number + 1:03d}", [instance.parts[i] for i in batch])
        for number, batch in enumerate(sorted(b for b in (sorted(batch) for batch in batches) if b))
    ]
    late, source = 0.0, instance.source
    if source.due != "ignore":
        plans, late = _scheduled(instance, plans)
    metres = sum(plan.distance_m for plan in plans)
    seconds = sum(plan.seconds for plan in plans)
    before = baseline_distance(instance)
    solution = BatchingSolution(
        batches=tuple(plans),
        distance_m=round(metres, 6),
        seconds=round(seconds, 6),
        baseline_distance_m=round(before, 6),
        saved_m=round(before - metres, 6),
        saved_share=round((before - metres) / before, 6) if before else 0.0,
        rules_m=_rules_metres(instance, batches),
        disturbance=None if source.extend is None else disturbance(source.extend, plans, metres, replanned_m),
    )
    return Answer(
        objective=_objective(instance, plans, late, solution.disturbance),
        solution=solution.model_dump(mode="json"),
        unassigned=instance.left_out,
    )


def keep_back(instance: Instance, run: Run, first: Callable[[], Sequence[Sequence[int]]]) -> None:
    """Learn from the first plan how long the last one will take to be written and checked, and keep that much back.

    first: chooses what of the first plan is kept; that is done again at the end, and counts.
    """
    begun = run.elapsed_s
    batches = first()
    chosen = run.elapsed_s
    step = max(1, -(-len(batches) // SAMPLED))
    for batch in batches[::step]:
        _batch(instance, "", [instance.parts[number] for number in batch]).model_dump(mode="json")
    _rules_metres(instance, batches[::step])
    run.finishing(chosen - begun + FINISH_OF_WRITING * step * (run.elapsed_s - chosen))


def _rules_metres(instance: Instance, batches: Sequence[Sequence[int]]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for batch in batches:
        positions = {pick.position for number in batch for pick in instance.parts[number].picks}
        for rule, metres in rules.metres_on(instance.floor, positions).items():
            totals[rule] = totals.get(rule, 0.0) + metres
    return {rule: round(metres, 6) for rule, metres in totals.items()}


def _objective(instance: Instance, plans: Sequence[Batch], late_s: float, moved: Disturbance | None) -> Objective:
    source = instance.source
    metres = sum(plan.distance_m for plan in plans)
    if source.objective == "distance":
        parts = {"walking": metres}
    else:
        walking = metres / source.pace.walk_m_per_s
        parts = {"walking": walking, "handling": sum(plan.seconds for plan in plans) - walking}
    if source.due == "soft":
        parts["lateness"] = late_s * source.tardiness_weight
    if moved is not None and source.extend is not None:
        parts["disturbance"] = source.extend.moved_order_cost * len(moved.moved_orders)
    unit = "m" if source.objective == "distance" else "s"
    return Objective(value=sum(parts.values()), unit=unit, parts=parts)


def due_times(instance: Instance) -> dict[str, float]:
    """Seconds after the start by which each order is due; infinity without a deadline."""
    return {part.order.id: part.due_s for part in instance.parts}


def picking(instance: Instance) -> float:
    """The part of the objective that no plan changes: seconds for the pieces themselves."""
    if instance.source.objective == "distance":
        return 0.0
    return sum(part.demand[0] for part in instance.parts) * instance.source.pace.piece_s


def _scheduled(instance: Instance, plans: Sequence[Batch]) -> tuple[list[Batch], float]:
    """Plans with picker, start and finish; and the seconds late, summed over orders."""
    due = due_times(instance)
    due_of = [[due[order] for order in plan.orders] for plan in plans]
    slots = schedule([plan.seconds for plan in plans], [min(one) for one in due_of], instance.source.pickers)
    late = sum(map(sum, lateness(slots, due_of)))
    timed = [
        plan.model_copy(update={"picker": slot.picker, "start_s": slot.start_s, "finish_s": slot.finish_s})
        for plan, slot in zip(plans, slots, strict=True)
    ]
    return timed, late


def _batch(instance: Instance, name: str, parts: list[Part]) -> Batch:
    floor = instance.floor
    at: dict[int, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for part in parts:
        for pick in part.picks:
            at[pick.position][(pick.location, pick.sku)] += pick.quantity
    walk = floor.tour(at)
    stops = []
    for position in walk.order:
        x_m, y_m = floor.xy(position)
        for (location, sku), quantity in sorted(at[position].items()):
            stops.append(PickStop(location=location, sku=sku, quantity=quantity, x_m=x_m, y_m=y_m))
    pieces, volume, weight, _, totes = (sum(column) for column in zip(*(part.demand for part in parts), strict=True))
    cart = instance.source.cart
    return Batch(
        id=name,
        orders=tuple(part.order.id for part in parts),
        zone=parts[0].zone,
        stops=tuple(stops),
        path=walk.path,
        nodes=walk.nodes,
        distance_m=walk.length_m,
        seconds=seconds_of(instance, walk.length_m, len(at), pieces),
        items=pieces,
        totes=totes,
        volume_mm3=volume if cart.volume_mm3 else None,
        weight_g=weight if cart.weight_g else None,
    )
