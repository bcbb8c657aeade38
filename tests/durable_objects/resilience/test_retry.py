"""Retries: how long, how often, and when not."""

from __future__ import annotations

import random

import pytest

from durable_objects.resilience.retry import RetryBudget, RetryPolicy, next_pause

POLICY = RetryPolicy(attempts=4, base=0.1, cap=0.25)


def ask(failures: int, **changes: object) -> float | None:
    known = {"policy": POLICY, "budget": RetryBudget(), "deadline": None, "now": 0.0, "draw": 1.0}
    return next_pause(failures, **{**known, **changes})  # type: ignore[arg-type]


def test_the_ceiling_of_the_pause_doubles_up_to_the_cap_and_attempts_end() -> None:
    # 0.1, 0.2, then 0.4 cut to 0.25; the fourth attempt was the last
    assert [ask(n) for n in (1, 2, 3, 4)] == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.25), None]


def test_the_pause_is_spread_evenly_below_its_ceiling() -> None:
    draw = random.Random(3)
    pauses = [POLICY.pause(1, draw.random()) for _ in range(4000)]
    assert min(pauses) < 0.001 and max(pauses) < 0.1
    assert sum(pauses) / len(pauses) == pytest.approx(0.05, abs=0.002)  # the middle of [0, 0.1)


def test_no_attempt_is_begun_after_the_deadline() -> None:
    assert ask(1, now=9.85, deadline=10.0) == pytest.approx(0.1)
    assert ask(1, now=9.95, deadline=10.0) is None


def test_an_upstream_that_asks_for_patience_gets_it_and_a_long_wait_is_left_to_the_client() -> None:
    assert ask(1, asked=0.2) == 0.2
    assert ask(1, asked=5.0) is None


def test_the_budget_keeps_repeats_a_tenth_of_the_calls() -> None:
    budget, repeats = RetryBudget(ratio=0.1, capacity=10.0, tokens=10.0), 0
    for _ in range(1000):  # every call fails and would be repeated three times
        budget.called()
        for failures in (1, 2, 3):
            repeats += ask(failures, budget=budget) is not None
    # 10 tokens at the start and 0.1 for each of 1,000 calls
    assert 100 <= repeats <= 110
