"""Order batching joint with picker routing, as a family of the optimizer."""

from __future__ import annotations

from containers.optimizer.batching.baseline import baseline
from containers.optimizer.batching.check import check
from containers.optimizer.batching.problem import Instance, read
from containers.optimizer.family import Answer, Family, Run


def _solve(instance: Instance, run: Run) -> Answer:
    from containers.optimizer.batching.solve import solve

    return solve(instance, run)


def _warm() -> None:
    from containers.optimizer.batching.warm import warm

    warm()


FAMILY: Family[Instance] = Family(
    name="batching", version="6", read=read, solve=_solve, check=check, baseline=baseline, warm=_warm
)
