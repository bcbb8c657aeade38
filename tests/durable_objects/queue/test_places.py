"""Places among the running jobs: a limit, fair turns, and nothing lost when a job or the queue falls silent."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from durable_objects.queue import leases, places, tally, timing
from local.sqlite import LocalSql
from tests.durable_objects.queue.queues import NOW, check_books, new_queue

_numbers = itertools.count()


def enter(sql: LocalSql, job: str, tenant: str = "t", cost: float = 5.0, now: int = NOW) -> None:
    places.enter(sql, {"id": job, "tenant": tenant, "cost": cost}, now)


def grant(sql: LocalSql, limit: int, now: int = NOW) -> dict[str, str]:
    found: list[dict[str, Any]] = places.grant(sql, limit, lambda: f"L{next(_numbers)}", now)
    return {place["id"]: place["lease"] for place in found}


def test_no_more_run_than_there_are_places_and_a_place_that_is_left_goes_to_the_next() -> None:
    sql = new_queue()
    for n in range(5):
        enter(sql, f"j{n}")
    assert list(grant(sql, 2)) == ["j0", "j1"]
    assert grant(sql, 2) == {}
    assert [places.position(sql, f"j{n}") for n in range(5)] == [None, None, 0, 1, 2]
    places.leave(sql, "j0", NOW)
    places.leave(sql, "j0", NOW)
    assert list(grant(sql, 2)) == ["j2"]
    check_books(sql)


def test_tenants_take_turns_by_the_time_that_they_use() -> None:
    sql = new_queue()
    for n in range(6):
        enter(sql, f"a{n}", "A", cost=30)
    for n in range(12):
        enter(sql, f"b{n}", "B", cost=10)
    order = []
    while found := grant(sql, 1):
        (job,) = found
        order.append(job)
        places.leave(sql, job, NOW)
    # up to any moment, the two have used about the same: 30 + 30 seconds of A beside six times 10 of B
    assert Counter(job[0] for job in order[:8]) == {"a": 2, "b": 6}


def test_the_position_is_the_order_in_which_places_are_given() -> None:
    sql = new_queue()
    for n, (tenant, cost) in enumerate([("A", 9), ("A", 2), ("B", 4), ("C", 1), ("B", 3), ("A", 1), ("C", 8)]):
        enter(sql, f"{tenant}{n}", tenant, cost)
    jobs = [row[0] for row in sql.rows("SELECT id FROM task")]
    told = sorted(jobs, key=lambda job: places.position(sql, job) or 0)
    given = []
    while found := grant(sql, 1):
        given += list(found)
        places.leave(sql, given[-1], NOW)
    assert given == told


def test_a_job_that_asks_again_is_told_of_its_place_and_never_queues_twice() -> None:
    sql = new_queue()
    enter(sql, "j")
    lease = grant(sql, 1)["j"]
    enter(sql, "j")
    assert places.place(sql, "j") == {"lease": lease}
    assert tally.counts(sql)["leased"] == 1


def test_a_silent_job_loses_its_place_and_gets_it_again_when_its_turn_comes() -> None:
    sql = new_queue()
    enter(sql, "silent")
    enter(sql, "next")
    lease = grant(sql, 1)["silent"]
    late = NOW + int(places.LEASE_SECONDS * 1000)
    timing.advance(sql, late)
    granted = grant(sql, 1, late)
    assert list(granted) == ["silent"]  # it came first, and still does
    assert granted["silent"] != lease
    leases.heartbeat(sql, "silent", granted["silent"], places.LEASE_SECONDS, late)


def test_a_job_that_pauses_gives_its_place_to_others_and_comes_back() -> None:
    sql = new_queue()
    enter(sql, "j0")
    enter(sql, "j1")
    lease = grant(sql, 1)["j0"]
    places.pause(sql, "j0", lease, 5.0, NOW)
    places.pause(sql, "j0", lease, 5.0, NOW)  # the same again changes nothing
    assert places.place(sql, "j0") == {"lease": None, "position": None, "waiting": 1}
    assert list(grant(sql, 1)) == ["j1"]
    timing.advance(sql, NOW + 5000)
    assert places.position(sql, "j0") == 0
    check_books(sql)


def test_a_job_that_left_and_comes_again_queues_anew() -> None:
    sql = new_queue()
    enter(sql, "j")
    places.leave(sql, "j", NOW)
    enter(sql, "j")
    assert list(grant(sql, 1)) == ["j"]
    check_books(sql)


def test_leaving_from_the_queue_needs_no_place() -> None:
    sql = new_queue()
    enter(sql, "j0")
    enter(sql, "j1")
    places.leave(sql, "j0", NOW)
    places.leave(sql, "nobody", NOW)
    assert list(grant(sql, 5)) == ["j1"]
    check_books(sql)
