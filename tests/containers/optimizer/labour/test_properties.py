"""What holds for labour whatever the tasks: one person more never hurts, and the order of the lists does not matter."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.containers.optimizer.labour.test_labour import people, plan

FEW = settings(max_examples=15, deadline=None, derandomize=True)
ROWS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=6)
MOVES = 3_000  # plans of six tasks are the best there is after far fewer


def tasks_of(rows: list[tuple[int, int, int]]) -> list[dict[str, Any]]:
    return [
        {"id": f"t{n}", "seconds": seconds, "due_s": due, "release_s": release}
        for n, (seconds, due, release) in enumerate(rows)
    ]


@FEW
@given(ROWS)
def test_one_person_more_never_hurts(rows: list[tuple[int, int, int]]) -> None:
    tasks = tasks_of(rows)
    two = plan({"workers": people("ann", "bob"), "tasks": tasks}, iterations=MOVES)
    three = plan({"workers": people("ann", "bob", "cyd"), "tasks": tasks}, iterations=MOVES)
    assert three.objective.value <= two.objective.value + 1e-6


@FEW
@given(ROWS, st.integers(1, 100))
def test_a_later_cutoff_costs_at_most_what_the_earlier_did(rows: list[tuple[int, int, int]], later: int) -> None:
    tasks = tasks_of(rows)
    eased = [task | {"due_s": task["due_s"] + later} for task in tasks]
    before = plan({"workers": people("ann", "bob"), "tasks": tasks}, iterations=MOVES)
    after = plan({"workers": people("ann", "bob"), "tasks": eased}, iterations=MOVES)
    assert after.objective.value <= before.objective.value + 1e-6


@FEW
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_tasks_and_people_changes_nothing_that_matters(
    rows: list[tuple[int, int, int]], shuffler: random.Random
) -> None:
    tasks, workers = tasks_of(rows), people("ann", "bob")
    other = {"workers": workers[::-1], "tasks": shuffler.sample(tasks, len(tasks))}
    before = plan({"workers": workers, "tasks": tasks}, iterations=MOVES)
    after = plan(other, iterations=MOVES)
    assert after.objective.value == pytest.approx(before.objective.value)
    assert after.objective.parts["late"] == pytest.approx(before.objective.parts["late"])
