"""Replenishment: what to bring down from reserve, how much and when, so that every wave finds its goods."""

from __future__ import annotations

from containers.optimizer.family import Answer, Family, Run
from containers.optimizer.replenishment.baseline import baseline
from containers.optimizer.replenishment.check import check
from containers.optimizer.replenishment.problem import Instance, read


def _solve(instance: Instance, run: Run) -> Answer:
    from containers.optimizer.replenishment.solve import solve

    return solve(instance, run)


def _warm() -> None:
    from containers.optimizer.replenishment.warm import warm

    warm()


FAMILY: Family[Instance] = Family(
    name="replenishment", version="3", read=read, solve=_solve, check=check, baseline=baseline, warm=_warm
)
