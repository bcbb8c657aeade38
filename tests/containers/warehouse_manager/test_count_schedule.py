"""Cycle counts: what matters more is counted more often, within what a day can hold."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from containers.warehouse_manager.abc_classes import classify
from containers.warehouse_manager.count_schedule import count_schedule
from contracts.errors import ProblemError
from contracts.manage import CountPlan, CountSchedule
from contracts.tasks_plan import CountPayload

MONDAY = "2026-03-02"


def plan(**changes: Any) -> CountPlan:
    base: dict[str, Any] = {
        "action": "count_schedule",
        "first_day": MONDAY,
        "stock": [{"sku": s, "location": f"P-{s}", "quantity": 1} for s in "ABCD"],
        "usage": [{"sku": "A", "usage": 80}, {"sku": "B", "usage": 15}, {"sku": "C", "usage": 5}],
    }
    return count_schedule(CountSchedule.model_validate(base | changes))


def places(found: CountPlan) -> list[list[str]]:
    return [[t.payload.sku for t in day.tasks if isinstance(t.payload, CountPayload)] for day in found.days]


def test_classes_follow_cumulated_usage() -> None:
    """Of 100: A holds 80, before B lie 80 (not under 0.80), before C lie 95, D has none."""
    assert classify({"D": 0, "C": 5, "B": 15, "A": 80}, 0.80, 0.95) == {"A": "A", "B": "B", "C": "C", "D": "C"}
    assert classify({"X": 1, "Y": 1}, 0.5, 0.9) == {"X": "A", "Y": "B"}
    assert classify({}, 0.8, 0.95) == {}


def test_what_was_never_counted_is_due_at_once_in_order_of_class() -> None:
    found = plan(per_day=2, days=2)
    assert places(found) == [["A", "B"], ["C", "D"]]
    assert found.classes == {"A": 1, "B": 1, "C": 2}
    assert found.late == ()


def test_a_place_falls_due_its_classs_interval_after_its_last_count() -> None:
    """A every 30 days: counted 2026-02-02, due 03-04 (Wednesday). B every 90: not before May. C, D: 180."""
    last = [{"location": f"P-{s}", "sku": s, "on": "2026-02-02"} for s in "ABCD"]
    assert places(plan(last_counts=last)) == [[], [], ["A"], [], []]


def test_what_later_days_have_no_room_for_is_pulled_forward() -> None:
    """All four fall due on Thursday, at two a day: two on Wednesday, two on Thursday."""
    last = [{"location": f"P-{s}", "sku": s, "on": "2026-02-03"} for s in "ABCD"]
    policy = {"a_days": 30, "b_days": 30, "c_days": 30}
    assert places(plan(last_counts=last, per_day=2, policy=policy)) == [[], [], ["A", "B"], ["C", "D"], []]


def test_what_finds_no_room_is_listed_with_the_capacity_that_is_needed() -> None:
    found = plan(per_day=1, days=2)
    assert (found.scheduled, [late.sku for late in found.late]) == (2, ["C", "D"])
    assert "about 2 a day" in found.note


def test_no_count_falls_on_a_day_off() -> None:
    found = plan(days=7, per_day=1, working_days=[0, 5])
    assert [day.day for day in found.days] == [date(2026, 3, 2), date(2026, 3, 7)]
    with pytest.raises(ProblemError, match="no day of the span"):
        plan(days=2, working_days=[6])


def test_the_steady_load_is_what_the_intervals_ask_for() -> None:
    """1/30 + 1/90 + 2/180 = 0.05556 a day; on 5 of 7 days: 0.0778."""
    assert plan().per_day_needed == pytest.approx(0.08, abs=0.005)


def test_tasks_are_blind_and_their_ids_are_unique_and_stable() -> None:
    twins = [{"sku": s, "location": p, "quantity": 7} for s, p in (("C", "A.B"), ("B.C", "A"))]
    ids = [task.id for day in plan(stock=twins, usage=[]).days for task in day.tasks]
    assert len(ids) == len(set(ids)) == 2
    assert ids == [task.id for day in plan(stock=twins, usage=[]).days for task in day.tasks]
    assert "7" not in plan(stock=twins, usage=[]).days[0].tasks[0].payload.model_dump_json()
