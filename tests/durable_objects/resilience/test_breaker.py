"""The circuit breaker, in virtual time."""

from __future__ import annotations

import random

from durable_objects.resilience.breaker import Breaker, BreakerPolicy

POLICY = BreakerPolicy(window=10.0, minimum=10, failure_rate=0.5, pause=2.0, max_pause=10.0, probe_timeout=30.0)


def after(outcomes: str, at: float = 100.0) -> Breaker:
    """A breaker that has seen these calls at one instant: + succeeded, - failed, . said nothing."""
    breaker = Breaker(POLICY)
    for outcome in outcomes:
        assert breaker.admit(at)
        breaker.record({"+": "ok", "-": "failed", ".": "neutral"}[outcome], at)  # type: ignore[arg-type]
    return breaker


def test_fewer_calls_than_the_minimum_open_nothing() -> None:
    assert after("-" * 9).state(100.0) == "closed"
    assert after("-" * 10).state(100.0) == "open"


def test_it_opens_when_half_of_the_calls_within_the_window_failed() -> None:
    assert after("+" * 6 + "-" * 5).state(100.0) == "closed"  # 5 of 11
    assert after("+" * 5 + "-" * 5).state(100.0) == "open"  # 5 of 10


def test_what_is_older_than_the_window_no_longer_counts() -> None:
    breaker = after("-" * 9)
    assert breaker.failure_rate(109.0) == 1.0
    assert breaker.failure_rate(111.0) == 0.0
    breaker.record("failed", 111.0)
    assert breaker.state(111.0) == "closed"


def test_calls_that_say_nothing_about_the_upstream_are_not_counted() -> None:
    assert after("." * 50 + "-" * 9).state(100.0) == "closed"


def test_while_open_nothing_passes_and_after_the_pause_one_probe() -> None:
    breaker = after("-" * 10)
    assert not breaker.admit(101.9)
    assert breaker.wait(101.0) == 1.0
    assert breaker.admit(102.0)
    assert [breaker.admit(102.0 + n / 10) for n in range(20)] == [False] * 20
    assert breaker.state(102.0) == "half-open"


def test_a_probe_that_succeeds_closes_and_one_that_fails_doubles_the_pause_up_to_its_limit() -> None:
    breaker, now = after("-" * 10), 100.0
    for pause in (2.0, 4.0, 8.0, 10.0, 10.0):  # 2 · 2^n, at most 10
        assert breaker.wait(now) == pause
        now += pause
        assert breaker.admit(now)
        assert breaker.record("failed", now)
    now += 10.0
    assert breaker.admit(now)
    assert breaker.record("ok", now)
    assert breaker.state(now) == "closed"
    assert breaker.admit(now)
    assert breaker.openings == 0


def test_a_probe_whose_caller_left_makes_room_for_another() -> None:
    breaker = after("-" * 10)
    assert breaker.admit(102.0)
    breaker.record("neutral", 102.5)
    assert breaker.admit(102.5)
    assert not breaker.admit(103.0)
    assert breaker.admit(102.5 + POLICY.probe_timeout)  # and one that nobody ever reported does too


def test_the_late_outcome_of_a_call_from_before_the_opening_changes_nothing() -> None:
    breaker = after("-" * 10)
    assert not breaker.record("ok", 100.5)
    assert breaker.state(100.5) == "open"


def test_at_most_one_probe_is_out_whatever_happens() -> None:
    seed = 11
    draw = random.Random(seed)
    breaker, now, out = after("-" * 10), 100.0, 0
    for step in range(3000):
        now += draw.random() * 0.2
        if out and draw.random() < 0.3:
            breaker.record(draw.choice(["failed", "neutral"]), now)  # type: ignore[arg-type]
            out -= 1
        elif breaker.admit(now):
            out += 1
        assert out <= 1, (seed, step)
