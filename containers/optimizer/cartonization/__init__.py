"""Cartonization and loading: which cartons, and where each piece lies, in one, two and three dimensions."""

from __future__ import annotations

from containers.optimizer.cartonization.baseline import baseline
from containers.optimizer.cartonization.bound import lower_bound
from containers.optimizer.cartonization.check import check
from containers.optimizer.cartonization.problem import PackingProblem, parse
from containers.optimizer.cartonization.solve import solve
from containers.optimizer.cartonization.warm import warm
from containers.optimizer.family import Family

FAMILY: Family[PackingProblem] = Family(
    name="cartonization",
    version="4",
    read=parse,
    solve=solve,
    check=check,
    baseline=baseline,
    bound=lambda problem, _answer: lower_bound(problem),
    warm=warm,
)
