from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.jobs import FINAL_STATES
from durable_objects.job.machine import Life, backoff_seconds

EVENTS = st.sampled_from(["start", "retry", "succeed", "fail", "cancel"])


@given(st.lists(EVENTS, max_size=30))
def test_a_job_that_is_over_stays_as_it_is(events: list[str]) -> None:
    life = Life()
    for event in events:
        following = life.after(event)  # type: ignore[arg-type]
        if life.over:
            assert following is life
        life = following


@given(st.lists(EVENTS, max_size=30))
def test_attempts_count_the_starts_and_nothing_else(events: list[str]) -> None:
    life, starts = Life(), 0
    for event in events:
        starts += event == "start" and life.state == "queued"
        life = life.after(event)  # type: ignore[arg-type]
    assert life.attempt == starts


def test_a_lost_container_leads_back_to_the_queue_and_to_a_second_attempt() -> None:
    life = Life().after("start").after("retry").after("start")
    assert life == Life("running", 2)


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_a_late_answer_after_the_end_is_ignored(state: str) -> None:
    life = Life(state, 1)  # type: ignore[arg-type]
    assert life.after("succeed") is life


def test_backoff_doubles_up_to_its_cap_and_jitter_takes_from_the_whole_of_it() -> None:
    # base 0.5 s: attempt 1 → up to 0.5, 2 → 1, 3 → 2, …, capped at 30
    assert [backoff_seconds(n, draw=1.0) for n in (1, 2, 3, 10)] == [0.5, 1.0, 2.0, 30.0]
    assert backoff_seconds(5, draw=0.0) == 0.0
