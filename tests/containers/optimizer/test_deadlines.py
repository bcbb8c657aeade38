"""Budgets are kept: everything counts against one clock, and no family looks at it much longer once the time is over.

Nothing here is timed: clocks pass when they are looked at, or when a stub says so.
"""

from __future__ import annotations

from typing import Any

import pytest

from containers.optimizer import execute as execution
from containers.optimizer.family import Answer, CheckReport, Family, Run
from containers.optimizer.registry import FAMILIES, family
from contracts.errors import ProblemError
from contracts.optimize import Bound, Budget, Incumbent, Objective, OptimizeRequest, Reference
from tests.fuzz.problems import requests


class Clock(Run):
    """A run whose time only passes when somebody says so."""

    now = 0.0

    @property
    def elapsed_s(self) -> float:
        return Clock.now


def _stub(told: list[str], reports: int, reading: float = 1.0) -> Family[None]:
    """Reading takes 1 s unless said otherwise, the first plan 2 s, the baseline 4 s."""
    value = Objective(value=5.0, unit="m")

    def passing(word: str, seconds: float) -> None:
        told.append(word)
        Clock.now += seconds

    def read(_data: Any) -> None:
        passing("read", reading)

    def solve(_problem: None, run: Run) -> Answer:
        passing("solve", 2.0)
        for _ in range(reports):
            run.report(5.0)
        told.append(f"{run.remaining_s:g} s left")
        return Answer(value, {}, bound=Bound(value=1.0))

    def baseline(_problem: None) -> Reference:
        passing("baseline", 4.0)
        return Reference(value=9.0, method="by hand")

    return Family("stub", "1", read, solve, lambda *_: CheckReport(value), baseline)


@pytest.mark.parametrize(
    ("reports", "order"),
    [
        # 20 s; 1.5 times the second of reading are kept back: 20 - 1.5 - 1 - 2 - 4 are left after the baseline
        (3, ["read", "solve", "incumbent", "baseline", "11.5 s left"]),
        (0, ["read", "solve", "15.5 s left", "baseline"]),
    ],
)
def test_the_baseline_waits_for_the_first_plan_and_counts_against_the_same_clock(
    monkeypatch: pytest.MonkeyPatch, reports: int, order: list[str]
) -> None:
    told: list[str] = []

    def hear(_one: Incumbent) -> None:
        if "incumbent" not in told:
            told.append("incumbent")

    monkeypatch.setattr(Clock, "now", 0.0)
    monkeypatch.setattr(execution, "family", lambda _name: _stub(told, reports))
    budget = Budget(seconds=20)
    result = execution.execute(
        OptimizeRequest(problem="stub", data={}, budget=budget), Clock(budget, on_incumbent=hear)
    )
    assert told == order
    assert result.baseline.value == 9.0
    assert result.elapsed_s == 7.0


@pytest.mark.parametrize(
    ("seconds", "refused", "why"),
    [
        (9.9, True, "8 s of reading and 12 s of finishing are more than 9.9 s and ten more"),
        (10.1, False, "20 s are less than 10.1 s and ten more: late is better than nothing"),
        (13.4, False, "20 s are less than 1.5 x 13.4 s"),
    ],
)
def test_a_budget_that_hardly_suffices_for_reading_is_refused_and_told_what_would_do(
    monkeypatch: pytest.MonkeyPatch, seconds: float, refused: bool, why: str
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Clock, "now", 0.0)
    monkeypatch.setattr(execution, "family", lambda _name: _stub(told, 0, reading=8.0))
    budget = Budget(seconds=seconds)
    request = OptimizeRequest(problem="stub", data={}, budget=budget)
    if not refused:
        assert execution.execute(request, Clock(budget)).objective.value == 5.0, why
        return
    with pytest.raises(ProblemError) as caught:
        execution.execute(request, Clock(budget))
    assert (caught.value.code, caught.value.errors[0].pointer) == ("too-large-to-solve", "/budget/seconds"), why
    assert caught.value.extra == {"limit": 9.9, "enough": 40}  # twice the 20 s
    assert told == ["read"]


def test_a_part_of_a_run_moments_and_what_somebody_stopped_are_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "now", 10.5)
    part = Clock(Budget(seconds=1), may_refuse=False)
    part.finishing(2.0)
    moment = Clock(Budget(seconds=1))
    moment.finishing(0.5)
    stopped = Clock(Budget(seconds=1))
    stopped.stop("cancelled")
    stopped.finishing(2.0)
    with pytest.raises(ProblemError):
        Clock(Budget(seconds=1)).finishing(0.1, ahead=0.5)


class Ticking(Run):
    """A clock that passes a millisecond with every look at it."""

    looks = 0
    over = 0  # looks after the time was over

    @property
    def elapsed_s(self) -> float:
        Ticking.looks += 1
        Ticking.over += Ticking.looks > 1000 * self.budget.seconds
        return Ticking.looks / 1000


@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_when_the_time_is_over_every_family_ends_after_a_few_more_looks(
    monkeypatch: pytest.MonkeyPatch, name: str, seconds: float
) -> None:
    chosen = family(name)
    chosen.warm()
    for request in requests()[name]:
        monkeypatch.setattr(Ticking, "looks", 0)
        monkeypatch.setattr(Ticking, "over", 0)
        problem = chosen.read(request["data"])
        run = Ticking(Budget(seconds=seconds), locks=request.get("locks"))
        answer = chosen.solve(problem, run)
        assert chosen.check(problem, answer.solution, request.get("locks")).violations == ()
        assert Ticking.over <= 60, (Ticking.over, Ticking.looks)
