"""Batching joint with routing: from an instance to the best plan that the budget allows."""

from __future__ import annotations

from containers.optimizer.batching.answer import answer_of, late_orders
from containers.optimizer.batching.baseline import first_come
from containers.optimizer.batching.pins import groups_of, read_locks, warm_batches
from containers.optimizer.batching.problem import Instance
from containers.optimizer.batching.search import search
from containers.optimizer.batching.units import IntArray, units_of
from containers.optimizer.family import Answer, Run
from contracts.optimize import Bound, Unassigned

METHOD = "set partitioning over every batch that fits on the cart (linear program or branch and bound, HiGHS)"

# To write the plan and to check it takes so many times as long as to read the problem (measured from 250 to 5,000 order
# lines), whatever the machine and its load; of a short budget at most so much is kept for it.
FINISH_OF_READING, MOST_FINISHING = 3.0, 0.3


def solve(instance: Instance, run: Run) -> Answer:
    """A plan for every part that can be picked; locked groups stay, an earlier plan is where the search starts."""
    run.finish_s = min(FINISH_OF_READING * run.elapsed_s, MOST_FINISHING * run.budget.seconds)
    pinned = read_locks(instance, run.locks)
    groups, sealed = groups_of(instance, pinned)
    warm = warm_batches(instance, run.warm_start)
    moves = 0
    bound = Bound(reason="too many batches fit on the cart to list them all, or deadlines count: nothing is proven")
    batches = sealed
    if groups:
        units = units_of(instance, groups)
        start = None if warm is None else _feasible_start(instance, units.batches(units.assignment(warm)), groups)
        if start is None and not pinned.together and not pinned.sealed:
            start = first_come(instance)

        def show(assignment: IntArray) -> Answer:
            return answer_of(instance, _kept(instance, sealed + units.batches(assignment))[0])

        run.constant, run.show = _unmoved(instance, sealed), show
        earlier = None if start is None else units.assignment(start)
        found = search(instance.floor, units, earlier, run, instance.source.pickers)
        batches = batches + units.batches(found.assignment)
        moves = found.moves
        if found.bound is not None and not sealed and instance.floor.exact:
            bound = Bound(value=found.bound + _picking(instance), method=METHOD)
    batches, unassigned = _kept(instance, batches)
    answer = answer_of(instance, batches)
    return Answer(
        objective=answer.objective,
        solution=answer.solution,
        unassigned=unassigned,
        iterations=moves,
        stopped_by=run.stop_reason or "complete",
        bound=bound,
        notes=answer.notes,
    )


def _picking(instance: Instance) -> float:
    """The part of the objective that no plan changes: seconds for the pieces themselves."""
    if instance.source.objective == "distance":
        return 0.0
    return sum(part.demand[0] for part in instance.parts) * instance.source.pace.piece_s


def _unmoved(instance: Instance, sealed: list[list[int]]) -> float:
    """What the search leaves out of the objective: the pieces themselves, and the batches that stay as they are."""
    if not sealed:
        return _picking(instance)
    kept = {part for batch in sealed for part in batch}
    theirs = sum(instance.parts[part].demand[0] for part in kept) * instance.source.pace.piece_s
    own = answer_of(instance, sealed).objective.parts
    distance = instance.source.objective == "distance"
    return own["walking"] if distance else own["walking"] + own["handling"] + _picking(instance) - theirs


def _kept(instance: Instance, batches: list[list[int]]) -> tuple[list[list[int]], tuple[Unassigned, ...]]:
    """Where deadlines are hard, leave out what would be late, the latest-due first of what is late, until nothing is."""
    if instance.source.due != "hard":
        return batches, instance.left_out
    left_out = list(instance.left_out)
    while late := late_orders(instance, batches):
        worst = instance.parts[
            max(late, key=lambda p: (instance.parts[p].order.priority, instance.parts[p].due_s))
        ].order
        left_out.append(
            Unassigned(
                id=worst.id,
                reason="deadline-missed",
                detail=f"no plan was found that finishes this order by {worst.due_at}",
                smallest_change="add a picker, start earlier, or move the order's due_at",
            )
        )
        kept = [[p for p in batch if instance.parts[p].order.id != worst.id] for batch in batches]
        batches = [batch for batch in kept if batch]
    return batches, tuple(left_out)


def _feasible_start(instance: Instance, batches: list[list[int]], groups: list[list[int]]) -> list[list[int]]:
    """A plan from yesterday may overfill today's cart: what no longer fits goes on carts of its own."""
    group_of = {part: number for number, group in enumerate(groups) for part in group}
    limits = instance.capacity.tolist()
    kept: list[list[int]] = []
    for batch in batches:
        current: list[int] = []
        for number in sorted({group_of[part] for part in batch if part in group_of}):
            trial = current + groups[number]
            parts = [instance.parts[i] for i in trial]
            loads = [sum(column) for column in zip(*(part.demand for part in parts), strict=True)]
            tags = 0
            for part in parts:
                tags |= part.tags
            same_zone = len({part.zone for part in parts}) == 1
            fits = all(load <= limit for load, limit in zip(loads, limits, strict=True))
            if current and not (fits and same_zone and not tags & instance.clash_of(tags)):
                kept.append(current)
                trial = list(groups[number])
            current = trial
        if current:
            kept.append(current)
    return kept
