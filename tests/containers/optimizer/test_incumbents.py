"""Incumbents: how often they go out, and that the plans that they carry are plans."""

from __future__ import annotations

from typing import Any

import pytest

from containers.optimizer import batching, family, labour, slotting
from containers.optimizer.family import Answer, Family, Run
from contracts.optimize import Budget, Incumbent, Objective
from tests.containers.optimizer.slotting.helpers import slotting_data
from tests.containers.optimizer.warehouses import batching_data


class Clock(Run):
    """A run whose time only passes when somebody says so."""

    def pass_seconds(self, seconds: float) -> None:
        self.started -= seconds


def made(sent: list[Incumbent]) -> Clock:
    return Clock(Budget(seconds=600), on_incumbent=sent.append)


def plan(value: float, **solution: Any) -> Answer:
    return Answer(Objective(value=value, unit="m"), solution)


def test_a_plan_goes_out_with_the_first_incumbent_after_a_second_and_then_once_a_second() -> None:
    sent: list[Incumbent] = []
    run = made(sent)
    for tenth in range(31):  # 0 to 3 s, a better plan every 0.1 s
        run.report(100 - tenth, plan=lambda tenth=tenth: plan(100 - tenth, tenth=tenth))  # type: ignore[misc]
        run.pass_seconds(0.1)
    carried = [one for one in sent if one.solution is not None]
    assert len(sent) == 31
    assert len(carried) == 2 + 1  # at about 1, 2 and 3 s
    assert all(one.objective == 100 - one.solution["tenth"] for one in carried if one.solution)
    assert [one.sequence for one in sent] == list(range(31))


def test_a_plan_that_nothing_better_follows_goes_out_when_it_is_due() -> None:
    sent: list[Incumbent] = []
    run = made(sent)
    run.report(50, bound=40, plan=lambda: plan(50, name="first"))
    assert not run.should_stop()
    assert [one.solution for one in sent] == [None]
    run.pass_seconds(1)
    assert not run.should_stop()
    assert not run.should_stop()
    assert [(one.sequence, one.objective, one.bound, one.solution) for one in sent] == [
        (0, 50, 40, None),
        (1, 50, 40, {"name": "first"}),
    ]


def test_a_plan_that_is_dear_to_make_is_made_less_often() -> None:
    sent: list[Incumbent] = []
    run = made(sent)

    def make() -> Answer:
        run.pass_seconds(0.5)
        return plan(1)

    run.pass_seconds(1)
    run.report(1, plan=make)
    for _ in range(90):  # 9 s; half a second may be spent on plans in 10
        run.pass_seconds(0.1)
        run.report(1, plan=make)
    assert sum(one.solution is not None for one in sent) == 1
    run.pass_seconds(2)
    run.report(1, plan=make)
    assert sum(one.solution is not None for one in sent) == 2


def test_a_plan_too_long_to_be_sent_on_the_way_is_made_once_and_kept_back() -> None:
    sent: list[Incumbent] = []
    run = made(sent)
    times: list[int] = []

    def make() -> Answer:
        times.append(1)
        return plan(1, text="x" * family.MAX_PLAN_BYTES)

    for _ in range(5):
        run.pass_seconds(2)
        run.report(1, plan=make)
    assert [one.solution for one in sent] == [None] * 5
    assert len(times) == 1


PEOPLE = [{"id": name, "shifts": [{"start_s": 0, "end_s": 28_800}]} for name in ("ann", "bob")]
WORK = {
    "workers": PEOPLE,
    "tasks": [{"id": f"t{n}", "seconds": 100 + 37 * n % 90, "due_s": 300 * n} for n in range(14)],
}
# Three jobs on three stations, of which no plan reaches the bound.
STATIONS = {
    "workers": [{"id": one, "skills": [one], "shifts": [{"start_s": 0, "end_s": 28_800}]} for one in "abc"],
    "tasks": [
        {"id": f"{job}{n}", "seconds": int(step[1]), "skill": step[0], "after": [f"{job}{n - 1}"] if n else []}
        for job, steps in (("x", ("a3", "b2", "c3")), ("y", ("b2", "a1", "c3")), ("z", ("b1", "c2", "a2")))
        for n, step in enumerate(steps)
    ],
}
PACE = {"piece_s": 5, "stop_s": 2, "walk_m_per_s": 1.2}
CASES: list[tuple[str, Family[Any], Any, dict[str, Any] | None]] = [
    ("batching, metres", batching.FAMILY, batching_data(2, orders=14), None),
    ("batching, seconds", batching.FAMILY, batching_data(2, orders=14, objective="time", pace=PACE), None),
    (
        "batching, a batch that stays",
        batching.FAMILY,
        batching_data(5, orders=12, objective="time", pace=PACE),
        {"sealed": [["O1"]]},
    ),
    ("slotting", slotting.FAMILY, slotting_data(3), None),
    ("labour", labour.FAMILY, WORK, None),
    ("labour, stations", labour.FAMILY, STATIONS, None),
]


@pytest.mark.parametrize(("chosen", "data", "locks"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_plans_on_the_way_keep_every_rule_and_are_worth_what_is_said(
    monkeypatch: pytest.MonkeyPatch, chosen: Family[Any], data: Any, locks: dict[str, Any] | None
) -> None:
    monkeypatch.setattr(family, "PLAN_INTERVAL_S", 0.0)
    monkeypatch.setattr(family, "PLAN_SHARE", 1.0)
    monkeypatch.setattr(family, "INCUMBENT_INTERVAL_S", 0.0)
    sent: list[Incumbent] = []
    chosen.warm()
    problem = chosen.read(data)
    run = Run(Budget(seconds=60, iterations=20_000), locks=locks, on_incumbent=sent.append, _plan_due=0.0)
    answer = chosen.solve(problem, run)
    run.flush()
    carried = [one for one in sent if one.solution is not None]
    assert carried, "no plan on the way"
    for one in carried:
        assert one.solution is not None
        report = chosen.check(problem, one.solution, locks)
        assert report.violations == ()
        assert one.objective == pytest.approx(report.objective.value)
    assert sent[-1].objective == pytest.approx(answer.objective.value)
    # what is reported without a plan is measured in the same way
    objectives = [one.objective for one in sent]
    assert objectives == sorted(objectives, reverse=True)
