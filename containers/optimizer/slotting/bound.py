"""Proven limits on any slotting plan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from containers.optimizer.family import Answer, Run
from containers.optimizer.slotting.costs import leave_costs
from containers.optimizer.slotting.exact import MAX_ARCS, assign
from containers.optimizer.slotting.pair_bound import METHOD as PAIRS
from containers.optimizer.slotting.pair_bound import gilmore_lawler
from containers.optimizer.slotting.problem import Instance
from containers.optimizer.slotting.shared_bound import METHOD as SHARED
from containers.optimizer.slotting.shared_bound import lagrangean
from contracts.optimize import Bound

Floats = npt.NDArray[np.float64]

# With less time left than this there is no bound, and the network may have so many arcs per second left: a tenth of it.
SHORTEST_S, LEAST_LEFT = 1.0, 0.4
ARCS_PER_S = 200_000

SINGLE = "assignment of units to slots without the rules that join articles (minimum-cost flow)"


def timely(instance: Instance, run: Run) -> Bound:
    """The bound, unless the time that is left is too short for it."""
    if run.budget.iterations is not None:
        return _bound(instance, MAX_ARCS)
    if run.remaining_s < max(SHORTEST_S, LEAST_LEFT * run.budget.seconds):
        needed = f"{SHORTEST_S:g} s and {LEAST_LEFT:.0%} of it after the first plan"
        return Bound(reason=f"the time budget is too short for a bound, which needs {needed}")
    return _bound(instance, int(min(MAX_ARCS, ARCS_PER_S * run.remaining_s)))


def bound(instance: Instance, _answer: Answer) -> Bound:
    """The bound, however long it takes."""
    return _bound(instance, MAX_ARCS)


def _bound(instance: Instance, most_arcs: int) -> Bound:
    """No plan costs less. What fits nowhere is left out of every plan, so its price is part of the bound."""
    linear = instance.visits
    method = SINGLE
    if instance.objective == "affinity":
        linear = instance.depot_weight * instance.visits
        method += "; metres between articles count as none"
    elif instance.objective == "pick_distance":
        linear = fair_shares(instance)
        method += "; a tour is at least as long as the mean of the tours to each of its slots alone"
    pairs = None
    if instance.objective == "affinity":
        pairs = gilmore_lawler(instance)
    nobody = np.full(instance.units.count, -1, dtype=np.int64)
    found = assign(instance, linear, leave_costs(instance), nobody, share=True, most_arcs=most_arcs)
    limits = [(0.0 if found is None else found.bound, method)]
    limits += [(pairs, PAIRS)] if pairs is not None else []
    shared = lagrangean(instance, linear)
    limits += [(shared, SHARED + method.removeprefix(SINGLE))] if shared is not None else []
    value, method = max(limits, key=lambda one: one[0])
    if value <= 0.0 and found is None:
        return Bound(reason="too many different articles and slots for the assignment that would give one")
    return Bound(value=max(0.0, value) + nowhere_price(instance), method=method)


def fair_shares(instance: Instance) -> Floats:
    """Per unit: its share of the visits, each tour's weight divided among the units that it visits."""
    history = instance.history
    size = np.diff(history.offsets)
    each = np.repeat(history.weight / np.maximum(1, size), size)
    found: Floats = np.bincount(history.units, weights=each, minlength=instance.units.count).astype(np.float64)
    return found


def nowhere_price(instance: Instance) -> float:
    """What the articles that fit nowhere add to every plan's objective."""
    from containers.optimizer.slotting.costs import leave_rate

    demand = instance.demand
    return sum(
        (max(demand.picks.get(one.id, 0.0), demand.counted.get(one.id, 0)) + 1.0) * leave_rate(instance)
        for one in instance.left_out
    )
