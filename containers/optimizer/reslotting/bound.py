"""No plan walks less than the best slots would, were moving free."""

from __future__ import annotations

from containers.optimizer.family import Answer, Run
from containers.optimizer.reslotting.problem import Instance
from containers.optimizer.slotting.bound import timely as slotting_bound
from contracts.optimize import Bound, Budget


def bound(instance: Instance, _answer: Answer) -> Bound:
    """Slotting's bound by the day, however long it takes."""
    return limit(instance)


def limit(instance: Instance) -> Bound:
    """The same, of an instance whose locked articles stay."""
    return timely(instance, Run(Budget(iterations=1)))


def timely(instance: Instance, run: Run) -> Bound:
    """Slotting's bound by the day. Where today's slots break a rule, staying there may beat it: then there is none."""
    if instance.broken_today:
        return Bound(reason="today's slots break rules, and an article that stays may lie better than rules allow")
    found = slotting_bound(instance.building, run)
    if found.value is None:
        return found
    return Bound(value=found.value / instance.days, method=f"{found.method}; moves cost nothing")
