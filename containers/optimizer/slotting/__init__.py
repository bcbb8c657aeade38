"""Slotting: where each article should live. The family, and what re-slotting shares with it."""

from __future__ import annotations

from containers.optimizer.family import Answer, Family, Run
from containers.optimizer.slotting.baseline import baseline
from containers.optimizer.slotting.bound import bound
from containers.optimizer.slotting.check import check
from containers.optimizer.slotting.problem import Instance, read


def _solve(instance: Instance, run: Run) -> Answer:
    from containers.optimizer.slotting.solve import solve

    return solve(instance, run)


def _warm() -> None:
    from containers.optimizer.slotting.warm import warm

    warm()


FAMILY: Family[Instance] = Family(
    name="slotting", version="2", read=read, solve=_solve, check=check, baseline=baseline, bound=bound, warm=_warm
)
