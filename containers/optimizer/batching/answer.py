"""From lists of parts to the plan that people and machines read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from containers.optimizer.batching.baseline import baseline_distance
from containers.optimizer.batching.disturbance import disturbance
from containers.optimizer.batching.problem import Instance, Part
from containers.optimizer.batching.schedule import lateness, schedule
from containers.optimizer.family import Answer
from containers.optimizer.routing import rules
from contracts.optimize import Objective, Unassigned
from contracts.problems.batching import Batch, BatchingSolution, Disturbance, PickStop


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


def written(instance: Instance, batches: Sequence[Sequence[int]]) -> None:
    """Write these batches as an answer has them, for nothing but the time that it takes."""
    for batch in batches:
        _batch(instance, "", [instance.parts[number] for number in batch]).model_dump(mode="json")
    _rules_metres(instance, batches)


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


def late_orders(instance: Instance, batches: Sequence[Sequence[int]]) -> list[int]:
    """The parts of orders that this plan finishes after their due time."""
    plans = [_batch(instance, str(i), [instance.parts[p] for p in batch]) for i, batch in enumerate(batches)]
    due = [[instance.parts[p].due_s for p in batch] for batch in batches]
    slots = schedule([plan.seconds for plan in plans], [min(one) for one in due], instance.source.pickers)
    late = lateness(slots, due)
    return [p for batch, seconds in zip(batches, late, strict=True) for p, s in zip(batch, seconds, strict=True) if s]


def kept(
    instance: Instance, batches: list[list[int]], locked: frozenset[str] = frozenset()
) -> tuple[list[list[int]], tuple[Unassigned, ...]]:
    """Where deadlines are hard, leave out what would be late, the latest-due first of what is late, until nothing is.

    locked: orders that are left out last.
    """
    if instance.source.due != "hard":
        return batches, instance.left_out
    left_out = list(instance.left_out)
    while late := late_orders(instance, batches):
        worst = max(
            (instance.parts[p] for p in late),
            key=lambda part: (part.order.id not in locked, part.order.priority, part.due_s),
        ).order
        left_out.append(
            Unassigned(
                id=worst.id,
                reason="deadline-missed",
                detail=f"no plan was found that finishes this order by {worst.due_at}",
                smallest_change="add a picker, start earlier, or move the order's due_at",
            )
        )
        rest = [[p for p in batch if instance.parts[p].order.id != worst.id] for batch in batches]
        batches = [batch for batch in rest if batch]
    return batches, tuple(left_out)


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
    floor, pace = instance.floor, instance.source.pace
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
        seconds=walk.length_m / pace.walk_m_per_s + pace.setup_s + len(at) * pace.stop_s + pieces * pace.piece_s,
        items=pieces,
        totes=totes,
        volume_mm3=volume if cart.volume_mm3 else None,
        weight_g=weight if cart.weight_g else None,
    )
