"""Waves and labour: who does which task when, with projected finishes and the people that a late wave lacks."""

from __future__ import annotations

from containers.optimizer.family import Family
from containers.optimizer.labour.baseline import baseline
from containers.optimizer.labour.bound import lower_bound
from containers.optimizer.labour.check import check
from containers.optimizer.labour.problem import Plan, read
from containers.optimizer.labour.solve import solve
from containers.optimizer.labour.warm import warm

FAMILY: Family[Plan] = Family(
    name="labour",
    version="2",
    read=read,
    solve=solve,
    check=check,
    baseline=baseline,
    bound=lambda plan, _answer: lower_bound(plan),
    warm=warm,
)
