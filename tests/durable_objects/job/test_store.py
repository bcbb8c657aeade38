from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from durable_objects.job import store as module
from durable_objects.job.machine import Life
from durable_objects.job.store import JobStore


@pytest.fixture
def store() -> JobStore:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row

    def execute(statement: str, *parameters: Any) -> list[dict[str, Any]]:
        if statement.count(";") > 1:
            connection.executescript(statement)
            return []
        return [dict(row) for row in connection.execute(statement, parameters)]

    made = JobStore(execute)
    made.migrate()
    made.create(
        {
            "id": "j1",
            "tenant": "t",
            "warehouse": "w",
            "request": "{}",
            "state": "queued",
            "attempt": 0,
            "created_at": "2026-01-01T00:00:00Z",
            "deadline_at": 0.0,
            "agent": "optimizer:t.default",
            "report": "off",
        }
    )
    return made


def test_migrating_twice_changes_nothing(store: JobStore) -> None:
    store.migrate()
    assert store.row() is not None


def test_every_change_counts_the_version_up(store: JobStore) -> None:
    store.live(Life("running", 1))
    store.change(incarnation="abc")
    row = store.row()
    assert row is not None
    assert (row["version"], row["state"], row["incarnation"]) == (3, "running", "abc")


def test_events_are_numbered_without_a_gap_and_replayed_from_a_cursor(store: JobStore) -> None:
    for _ in range(3):
        store.append({"type": "state"})
    assert [event["sequence"] for event in store.events_after(1)] == [2, 3]


def test_old_incumbents_give_way_but_states_stay(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EVENTS", 3)
    store.append({"type": "state"})
    for _ in range(5):
        store.append({"type": "incumbent"})
    # 6 events; those numbered up to 6 - 3 = 3 go, unless they tell a state
    assert [event["sequence"] for event in store.events_after(0)] == [1, 4, 5, 6]


def test_a_text_longer_than_a_row_comes_back_whole(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_CHARACTERS", 4)
    store.put_text("data", "äbcdefghij")
    assert store.text("data") == "äbcdefghij"
    store.put_text("data", "x")
    assert store.text("data") == "x"
    store.drop_text("data")
    assert store.text("data") is None


def test_a_job_of_the_first_release_is_brought_forward_with_all_that_it_holds() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row

    def execute(statement: str, *parameters: Any) -> list[dict[str, Any]]:
        if statement.count(";") > 1:
            connection.executescript(statement)
            return []
        return [dict(row) for row in connection.execute(statement, parameters)]

    connection.executescript(module.MIGRATIONS[0])
    execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
    execute("INSERT INTO schema_version VALUES (1)")
    old = JobStore(execute)
    values = {"id": "j", "tenant": "t", "warehouse": "w", "request": "{}", "state": "running", "attempt": 2}
    old.create({**values, "created_at": "2026-01-01T00:00:00Z", "deadline_at": 1.0, "agent": "a", "report": "off"})
    old.put_text("data", "abc")
    JobStore(execute).migrate()
    row = JobStore(execute).row()
    assert row is not None
    assert (row["state"], row["attempt"], row["lease"], row["losses"]) == ("running", 2, "", 0)
    assert JobStore(execute).text("data") == "abc"
