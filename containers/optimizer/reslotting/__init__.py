"""Re-slotting: the moves from today's slots that pay, in a safe order."""

from __future__ import annotations

from containers.optimizer.family import Answer, Family, Run
from containers.optimizer.reslotting.baseline import baseline
from containers.optimizer.reslotting.bound import bound
from containers.optimizer.reslotting.check import check
from containers.optimizer.reslotting.problem import Instance, read


def _solve(instance: Instance, run: Run) -> Answer:
    from containers.optimizer.reslotting.solve import solve

    return solve(instance, run)


def _warm() -> None:
    from containers.optimizer.reslotting.warm import warm

    warm()


FAMILY: Family[Instance] = Family(
    name="reslotting", version="2", read=read, solve=_solve, check=check, baseline=baseline, bound=bound, warm=_warm
)
