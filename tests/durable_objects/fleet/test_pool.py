"""Who takes a request without a session, when the pool grows, and that it can shrink."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.durable_objects.fleet.fleets import AGENT, fleet, news, run


def test_the_first_request_without_a_session_starts_the_first_pool_instance() -> None:
    kept, pool = fleet()
    run(kept, "tenant.session", 0)
    choice = pool.pick(1, lambda: 0.0)
    assert choice is not None
    assert (choice.session, choice.new) == ("pool-0", True)


def test_of_two_drawn_instances_the_less_loaded_takes_the_request() -> None:
    kept, pool = fleet()
    run(kept, "pool-0", 0, load=1)
    run(kept, "pool-1", 0, load=0)
    draws = iter([0.0, 0.9])
    assert pool.pick(1, lambda: next(draws)).session == "pool-1"  # type: ignore[union-attr]


def test_the_two_that_are_drawn_are_different_ones() -> None:
    """Three instances, whatever is drawn: the idle one of a pair is never missed because the busy one was drawn twice."""
    for first in (0.0, 0.4, 0.9):
        for second in (0.0, 0.99):
            kept, pool = fleet()
            for number, load in enumerate((1, 1, 0)):
                run(kept, f"pool-{number}", 0, load=load)
            drawn = iter([first, second])
            chosen = pool.pick(1, lambda drawn=drawn: next(drawn))  # type: ignore[misc]
            pair = {int(first * 3), (int(first * 3) + 1 + int(second * 2)) % 3}
            assert len(pair) == 2
            assert chosen is not None
            assert (chosen.session == "pool-2") is (2 in pair)


def test_picks_count_as_load_until_the_instance_reports_its_own() -> None:
    kept, pool = fleet()
    run(kept, "pool-0", 0)
    assert [pool.pick(1, lambda: 0.0).session for _ in range(3)] == ["pool-0", "pool-0", "pool-1"]  # type: ignore[union-attr]
    kept.report("pool-0", news("healthy", 2, load=0), 2)
    assert pool.pick(2, lambda: 0.0).session == "pool-0"  # type: ignore[union-attr]


def test_requests_that_come_at_once_get_as_many_instances_as_they_need() -> None:
    """Busy at two: six requests need three instances; the seventh finds all busy and joins the least loaded it draws."""
    _, pool = fleet()
    chosen = [pool.pick(0, lambda: 0.0).session for _ in range(6)]  # type: ignore[union-attr]
    assert sorted(chosen) == ["pool-0", "pool-0", "pool-1", "pool-1", "pool-2", "pool-2"]
    assert pool.pick(0, lambda: 0.0) is not None


def test_instances_that_requests_were_sent_to_still_start_two_at_a_time() -> None:
    kept, pool = fleet()
    for _ in range(6):
        pool.pick(0, lambda: 0.0)
    assert [kept.admit(f"pool-{number}", 0.1).reason for number in range(3)] == ["granted", "granted", "rationed"]


def test_a_busy_pool_without_room_still_serves() -> None:
    kept, pool = fleet()
    for number in range(3):
        run(kept, f"pool-{number}", 0, load=9)
    assert pool.pick(1, lambda: 0.0) is not None


def test_an_instance_that_is_stopping_takes_nothing() -> None:
    kept, pool = fleet()
    run(kept, "pool-0", 0)
    kept.report("pool-0", news("stopping", 1), 1)
    assert pool.pick(1, lambda: 0.0).session == "pool-1"  # type: ignore[union-attr]


def test_without_a_pool_instance_and_without_room_there_is_no_choice() -> None:
    kept, pool = fleet()
    for session in "abc":
        run(kept, session, 0)
    assert pool.pick(1, lambda: 0.0) is None


def test_a_pool_without_room_takes_over_the_place_of_an_idle_session() -> None:
    kept, pool = fleet()
    run(kept, "pool-0", 0, load=AGENT.busy_at)
    for number, session in enumerate(("t.a", "t.b"), start=1):
        run(kept, session, number)
    choice = pool.pick(AGENT.reclaim_after + 5, lambda: 0.0)
    assert choice is not None
    assert (choice.session, choice.new, choice.reclaim) == ("pool-1", True, "t.a")
    assert kept.admit("pool-1", AGENT.reclaim_after + 5).reason == "reclaiming"


def test_a_trickle_of_requests_leaves_the_surplus_instances_idle_so_that_they_fall_asleep() -> None:
    """Five run; each request ends before the next comes. What one needs and one more are used, three are not."""
    kept, pool = fleet(replace(AGENT, max_instances=5, parallel_starts=5))
    for number in range(5):
        run(kept, f"pool-{number}", 0)
    draw = random.Random(20261124).random
    used = set()
    for second in range(1, 200):
        choice = pool.pick(second, draw)
        assert choice is not None
        used.add(choice.session)
        kept.report(choice.session, news("healthy", second), second)
    assert used == {"pool-0", "pool-1"}


def test_load_spreads_evenly_by_two_choices() -> None:
    """60 requests that stay, five instances busy at 12: nobody gets more than its share and a little (seed 7)."""
    kept, pool = fleet(replace(AGENT, max_instances=5, busy_at=12, parallel_starts=5))
    for number in range(5):
        run(kept, f"pool-{number}", 0)
    draw = random.Random(7).random
    sessions = [pool.pick(1, draw).session for _ in range(60)]  # type: ignore[union-attr]
    counts = [sessions.count(f"pool-{number}") for number in range(5)]
    assert sum(counts) == 60
    assert max(counts) <= 13


def test_work_that_waits_starts_as_many_as_wait_as_are_rationed_and_as_have_room() -> None:
    kept, pool = fleet()
    assert pool.to_start(waiting=5, oldest_age=0.5, now=0) == []
    assert pool.to_start(waiting=5, oldest_age=2, now=0) == ["pool-0", "pool-1"]
    run(kept, "pool-0", 0)
    run(kept, "tenant.a", 0)
    assert pool.to_start(waiting=5, oldest_age=2, now=1) == ["pool-1"]
    assert pool.to_start(waiting=0, oldest_age=9, now=1) == []


def test_the_minimum_is_kept_warm_whether_it_runs_or_not() -> None:
    kept, pool = fleet(replace(AGENT, min_instances=2))
    run(kept, "pool-0", 0)
    assert pool.to_keep_warm() == ["pool-0", "pool-1"]
