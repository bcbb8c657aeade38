"""Scenarios: improvements chained on one warehouse, the same orders replayed after each, the outcome simulated."""

from __future__ import annotations

from containers.optimizer.family import Answer, Family, Run
from containers.optimizer.scenario.problem import Scenario, read
from contracts.optimize import Bound, Reference


def _solve(scenario: Scenario, run: Run) -> Answer:
    from containers.optimizer.scenario.solve import solve

    return solve(scenario, run)


def _check(scenario, solution, locks):  # type: ignore[no-untyped-def]
    from containers.optimizer.scenario.check import check

    return check(scenario, solution, locks)


def _baseline(scenario: Scenario) -> Reference:
    """Today's work: orders as they come, S-shape walks, each tour to whoever is free first."""
    from containers.optimizer.scenario.stages import stage

    state = scenario.as_today
    return Reference(value=stage(scenario.source, state, None).seconds, method=state.method)


def _warm() -> None:
    from containers.optimizer.batching import FAMILY as BATCHING
    from containers.optimizer.labour import FAMILY as LABOUR
    from containers.optimizer.reslotting import FAMILY as RESLOTTING

    BATCHING.warm()
    LABOUR.warm()
    RESLOTTING.warm()


FAMILY: Family[Scenario] = Family(
    name="scenario",
    version="2",
    read=read,
    solve=_solve,
    check=_check,
    baseline=_baseline,
    bound=lambda _scenario, _answer: Bound(reason="a chain of steps has no bound of its own: see each family's"),
    warm=_warm,
)
