"""Slotting: from an instance to the best plan that the budget allows."""

from __future__ import annotations

from dataclasses import replace

from containers.optimizer.family import Answer, Run
from containers.optimizer.slotting.answer import answer_of
from containers.optimizer.slotting.bound import SINGLE, nowhere_price
from containers.optimizer.slotting.costs import costs_of
from containers.optimizer.slotting.pins import pin, warm_places
from containers.optimizer.slotting.problem import Instance
from containers.optimizer.slotting.search import search
from contracts.optimize import Bound


def solve(instance: Instance, run: Run) -> Answer:
    """A slot for every article that fits one; locked articles stay, an earlier plan is where the search starts."""
    instance = pin(instance, run.locks)
    warm = warm_places(instance, run.warm_start)
    found = search(instance, costs_of(instance), run, warm)
    answer = answer_of(instance, found.place)
    bound = None
    if found.bound is not None and not run.locks:
        value = answer.objective.value if found.proven else found.bound + nowhere_price(instance)
        bound = Bound(value=value, method=SINGLE)
    return replace(
        answer,
        iterations=found.moves,
        stopped_by="optimal" if found.proven else run.stop_reason or "complete",
        status="optimal" if found.proven else "feasible",
        bound=bound,
    )
