"""Slotting: from an instance to the best plan that the budget allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from containers.optimizer.family import Answer, Run
from containers.optimizer.slotting.answer import answer_of
from containers.optimizer.slotting.bound import SINGLE, nowhere_price, timely
from containers.optimizer.slotting.check import check
from containers.optimizer.slotting.costs import costs_of
from containers.optimizer.slotting.pins import pin, warm_places
from containers.optimizer.slotting.problem import Instance
from containers.optimizer.slotting.search import search
from contracts.optimize import Bound

Ints = npt.NDArray[np.int64]


# Times what writing and checking the first answer took: so long the last one will take, on a busy machine a little more.
KEPT_BACK = 1.4


def solve(instance: Instance, run: Run) -> Answer:
    """A slot for every article that fits one; locked articles stay, an earlier plan is where the search starts."""
    instance = pin(instance, run.locks)
    warm = warm_places(instance, run.warm_start)
    proven: list[Bound] = []

    def after_first(place: Ints) -> None:
        if run.should_stop():
            return
        begun = run.elapsed_s
        check(instance, answer_of(instance, place).solution, run.locks)
        run.keep_back(KEPT_BACK * (run.elapsed_s - begun))
        if instance.objective != "frequency" or (instance.places.max_skus > 1).any():
            proven.append(timely(instance, run))

    found = search(instance, costs_of(instance), run, warm, after_first, lambda place: answer_of(instance, place))
    answer = answer_of(instance, found.place)
    bound = proven[0] if proven else None
    if found.bound is not None:
        value = answer.objective.value if found.proven else found.bound + nowhere_price(instance)
        if bound is None or bound.value is None or found.proven or value > bound.value:
            bound = Bound(value=value, method=SINGLE)
    return replace(
        answer,
        iterations=found.moves,
        stopped_by="optimal" if found.proven else run.stop_reason or "complete",
        status="optimal" if found.proven else "feasible",
        bound=bound or timely(instance, run),
    )
