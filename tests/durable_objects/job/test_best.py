"""What counts as better, and which plan can be read."""

from __future__ import annotations

from typing import Any

from durable_objects.job import best, view

RESULT: dict[str, Any] = {
    "problem": "cartonization",
    "objective": {"value": 90.0, "unit": "value", "sense": "max"},
    "baseline": {"value": 70.0},
    "bound": {"value": 95.0, "gap": 0.05},
    "elapsed_s": 2.0,
    "solution": {"cartons": []},
}


def incumbents(sense: str, *objectives: float) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for objective in objectives:
        known = best.after_incumbent(known, {"objective": objective, "sense": sense})
    return known


def test_of_a_minimised_objective_the_smallest_is_best() -> None:
    assert incumbents("min", 30.0, 20.0, 25.0)["objective"] == 20.0


def test_of_a_maximised_objective_the_largest_is_best() -> None:
    known = incumbents("max", 30.0, 20.0, 45.0, 40.0)
    assert (known["objective"], known["sense"], known["incumbents"]) == (45.0, "max", 4)


def test_an_agent_of_an_older_image_names_no_sense_and_minimises() -> None:
    assert best.after_incumbent({"objective": 5.0}, {"objective": 4.0})["objective"] == 4.0


def test_a_result_replaces_what_incumbents_told_and_keeps_their_number() -> None:
    known = best.after_result(incumbents("max", 80.0, 85.0), RESULT)
    assert (known["objective"], known["baseline"], known["gap"], known["incumbents"]) == (90.0, 70.0, 0.05, 2)
    plan = best.plan_of_result(RESULT, 3, final=True)
    assert (plan["objective"], plan["sense"], plan["attempt"], plan["solution"]) == (90.0, "max", 3, {"cartons": []})


def row(**more: Any) -> dict[str, Any]:
    base = {
        "id": "j",
        "warehouse": "w",
        "request": '{"problem": "batching", "label": ""}',
        "state": "queued",
        "attempt": 0,
        "created_at": "2026-01-01T00:00:00.000Z",
        "started_at": None,
        "finished_at": None,
        "best": None,
        "agent": "",
        "incarnation": "",
        "error": None,
        "report": "off",
        "version": 1,
    }
    return {**base, **more}


def test_a_link_leads_to_the_best_plan_only_when_there_is_one() -> None:
    assert "best" not in view.status(row(best='{"objective": 1.0}'))["links"]
    assert view.status(row(best='{"objective": 1.0, "plan": true}'))["links"]["best"].endswith("/jobs/j/best")


def test_a_queued_job_says_how_many_come_first_and_how_long_it_has_waited() -> None:
    at = 1767225600.0 + 12.5  # 2026-01-01T00:00:12.5Z
    place = {"lease": None, "position": 3, "waiting": 7}
    assert view.queue(row(), place, at) == {"position": 3, "waiting": 7, "age_s": 12.5}
    assert view.queue(row(), {"lease": "x"}, at) is None
