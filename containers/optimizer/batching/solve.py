"""Batching joint with routing: from an instance to the best plan that the budget allows."""

from __future__ import annotations

from containers.optimizer.batching.answer import answer_of, keep_back, picking
from containers.optimizer.batching.baseline import first_come
from containers.optimizer.batching.extend import extend
from containers.optimizer.batching.pins import (
    feasible_start,
    groups_of,
    orders_of,
    read_locks,
    refuse_late,
    warm_batches,
)
from containers.optimizer.batching.problem import Instance
from containers.optimizer.batching.schedule import kept
from containers.optimizer.batching.search import search
from containers.optimizer.batching.units import IntArray, units_of
from containers.optimizer.family import Answer, Run
from contracts.optimize import Bound

# To write and check a plan takes so many times as long as to read the problem, until the first plan tells better.
FINISH_OF_READING = 4.0
METHOD = "set partitioning over every batch that fits on the cart (linear program or branch and bound, HiGHS)"


def solve(instance: Instance, run: Run) -> Answer:
    """A plan for every part that can be picked; locked groups stay, an earlier plan is where the search starts."""
    run.keep_back(FINISH_OF_READING * run.reading_s)
    pinned = read_locks(instance, run.locks)
    if instance.source.extend is not None:
        return extend(instance, pinned, run)
    groups, sealed = groups_of(instance, pinned)
    warm = warm_batches(instance, run.warm_start)
    moves = 0
    bound = Bound(reason="too many batches fit on the cart to list them all, or deadlines count: nothing is proven")
    batches = sealed
    locked, shut = orders_of(pinned), frozenset(part for batch in sealed for part in batch)
    if groups:
        units = units_of(instance, groups)
        start = None if warm is None else feasible_start(instance, units.batches(units.assignment(warm)), groups)
        if start is None and not pinned.together and not pinned.sealed:
            start = first_come(instance)

        def planned(assignment: IntArray) -> list[list[int]]:
            return kept(instance, sealed + units.batches(assignment), locked, shut)[0]

        def show(assignment: IntArray) -> Answer:
            return answer_of(instance, planned(assignment))

        run.constant, run.show = _unmoved(instance, sealed), show
        earlier = None if start is None else units.assignment(start)

        def first(assignment: IntArray) -> None:
            keep_back(instance, run, lambda: planned(assignment))

        found = search(instance.floor, units, earlier, run, instance.source.pickers, first)
        batches = batches + units.batches(found.assignment)
        moves = found.moves
        if found.bound is not None and not sealed and instance.floor.exact:
            bound = Bound(value=found.bound + picking(instance), method=METHOD)
    batches, unassigned = kept(instance, batches, locked, shut)
    refuse_late(pinned, unassigned)
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


def _unmoved(instance: Instance, sealed: list[list[int]]) -> float:
    """What the search leaves out of the objective: the pieces themselves, and the batches that stay as they are."""
    if not sealed:
        return picking(instance)
    kept = {part for batch in sealed for part in batch}
    theirs = sum(instance.parts[part].demand[0] for part in kept) * instance.source.pace.piece_s
    own = answer_of(instance, sealed).objective.parts
    distance = instance.source.objective == "distance"
    return own["walking"] if distance else own["walking"] + own["handling"] + picking(instance) - theirs
