"""Picker routing: the shortest walk through each pick list, as a family of the optimizer."""

from __future__ import annotations

from containers.optimizer.family import Answer, Family, Run
from containers.optimizer.routing.baseline import baseline
from containers.optimizer.routing.check import check
from containers.optimizer.routing.problem import Instance, read


def _solve(instance: Instance, run: Run) -> Answer:
    from containers.optimizer.routing.solve import solve

    return solve(instance, run)


def _warm() -> None:
    from containers.optimizer.routing.warm import warm

    warm()


FAMILY: Family[Instance] = Family(
    name="routing", version="7", read=read, solve=_solve, check=check, baseline=baseline, warm=_warm
)
