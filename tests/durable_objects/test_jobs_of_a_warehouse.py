"""The list of a warehouse's jobs, as their objects tell it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import ProblemError
from durable_objects.state import hub, jobs
from tests.durable_objects.warehouses import NOW, new_warehouse


def status(job: str, minute: int, version: int = 1, state: str = "queued") -> dict[str, Any]:
    created = f"2026-01-01T00:{minute:02d}:00Z"
    return {"id": job, "problem": "batching", "state": state, "version": version, "created_at": created}


def test_jobs_are_listed_newest_first_in_pages_that_leave_none_out() -> None:
    sql = new_warehouse()
    for minute, job in enumerate(("c", "a", "d", "b")):
        jobs.put(sql, status(job, minute), NOW)
    jobs.put(sql, status("e", 3), NOW)  # created in the same instant as b
    first = jobs.page(sql, 2, "")
    second = jobs.page(sql, 2, first["next"])
    third = jobs.page(sql, 2, second["next"])
    assert [job["id"] for found in (first, second, third) for job in found["jobs"]] == ["e", "b", "d", "a", "c"]
    assert third["next"] is None


def test_a_late_delivery_does_not_undo_a_newer_state_nor_tell_it_twice() -> None:
    sql = new_warehouse()
    jobs.put(sql, status("a", 0, version=5, state="succeeded"), NOW)
    before = hub.head(sql)
    jobs.put(sql, status("a", 0, version=5, state="succeeded"), NOW)
    jobs.put(sql, status("a", 0, version=2, state="running"), NOW)
    assert jobs.page(sql, 10, "")["jobs"][0]["state"] == "succeeded"
    assert hub.head(sql) == before


def test_a_foreign_cursor_is_refused() -> None:
    with pytest.raises(ProblemError, match="not a cursor"):
        jobs.page(new_warehouse(), 2, "nonsense")
