"""Who is there, who may start, who has to make room."""

from __future__ import annotations

from dataclasses import replace

from durable_objects.fleet.directory import PERMIT_SECONDS, RESERVATION_SECONDS, SILENCE_SECONDS
from tests.durable_objects.fleet.fleets import AGENT, directory, news, run


def test_starts_are_rationed() -> None:
    kept = directory()
    assert kept.admit("a", 0).granted
    assert kept.admit("b", 0).granted
    refused = kept.admit("c", 0)
    assert (refused.granted, refused.reason) == (False, "rationed")
    kept.report("a", news("healthy", 1), 1)
    assert kept.admit("c", 1).granted


def test_a_start_that_is_held_up_keeps_its_place() -> None:
    """c waits for its turn; d comes later and finds the three places taken."""
    kept = directory()
    assert [kept.admit(session, 0).reason for session in "abcd"] == ["granted", "granted", "rationed", "full"]
    kept.report("a", news("healthy", 1), 1)
    assert [kept.admit(session, 1).reason for session in "dc"] == ["full", "granted"]


def test_twenty_sessions_at_once_never_pass_the_limits() -> None:
    """Each asks again until it is admitted or told that there is no room; each start takes a second."""
    kept = directory(replace(AGENT, max_instances=5))
    waiting = {f"s{number}" for number in range(20)}
    started: dict[str, float] = {}
    full: set[str] = set()
    for quarter in range(20):
        now = quarter / 4
        for session, began in list(started.items()):
            if now - began >= 1:
                kept.report(session, news("healthy", now), now)
        for session in sorted(waiting):
            answer = kept.admit(session, now)
            if answer.granted:
                started[session] = now
            if answer.granted or answer.reason == "full":
                waiting.discard(session)
                full |= {session} - set(started)
        assert kept.starting(now) <= 2
        assert kept.occupied(now) <= 5
    assert (len(started), len(full), waiting) == (5, 15, set())


def test_beyond_the_limit_nobody_is_admitted_until_one_has_stopped() -> None:
    kept = directory()
    for session in "abc":
        run(kept, session, 0)
    refused = kept.admit("d", 1)
    assert (refused.reason, kept.occupied(1)) == ("full", 3)
    assert refused.retry_after > 0
    kept.report("a", news("stopped", 2), 2)
    assert kept.admit("d", 2).granted


def test_a_session_that_has_its_place_is_admitted_again() -> None:
    kept = directory()
    for session in "abc":
        run(kept, session, 0)
    assert kept.admit("a", 1).granted


def test_a_permit_that_is_not_used_gives_its_place_back() -> None:
    kept = directory()
    for session in ("a", "b"):
        kept.admit(session, 0)
    assert not kept.admit("c", PERMIT_SECONDS - 1).granted
    assert kept.admit("c", PERMIT_SECONDS + 1).granted


def test_a_reservation_that_nobody_comes_for_gives_its_place_back() -> None:
    kept = directory(replace(AGENT, max_instances=1))
    kept.reserve("a", 0)
    assert kept.admit("b", RESERVATION_SECONDS - 1).reason == "full"
    assert kept.admit("b", RESERVATION_SECONDS + 1).granted


def test_an_instance_that_has_not_been_heard_of_gives_its_place_back() -> None:
    kept = directory()
    for session in "abc":
        run(kept, session, 0)
    assert kept.silent(40, 30) == ["a", "b", "c"]
    assert kept.admit("d", SILENCE_SECONDS + 1).granted


def test_an_older_report_does_not_overwrite_a_newer_one() -> None:
    kept = directory()
    run(kept, "a", 10)
    assert kept.report("a", news("stopped", 20), 20)
    assert not kept.report("a", news("healthy", 15), 21)
    assert kept.listing(21)["instances"][0]["status"] == "stopped"


IDLE = AGENT.reclaim_after


def test_a_start_that_finds_no_place_takes_over_that_of_the_longest_idle_instance_when_it_has_ended() -> None:
    kept = directory()
    run(kept, "busy", 0, load=1)
    run(kept, "idle", 1)
    run(kept, "fresh", IDLE)
    now = IDLE + 2
    waits = kept.admit("d", now)
    assert (waits.granted, waits.reason, waits.reclaim) == (False, "reclaiming", "idle")
    again = kept.admit("d", now + 0.25)
    assert (again.reason, again.reclaim) == ("reclaiming", "")  # it is stopping: nobody is told twice
    assert kept.admit("e", now + 0.5).reason == "full"  # "fresh" was asked three seconds ago
    kept.report("idle", news("stopped", now + 1), now + 1)
    assert kept.admit("e", now + 1).reason == "full"  # the place is d's
    assert kept.admit("d", now + 1).granted


def test_each_of_several_starts_takes_over_another_place_and_never_more_than_the_maximum_run() -> None:
    kept = directory()
    for number, session in enumerate("abc"):
        run(kept, session, number)
    now = IDLE + 5
    assert [kept.admit(session, now).reclaim for session in "def"] == ["a", "b", "c"]
    assert kept.admit("g", now).reason == "full"
    kept.report("b", news("stopped", now + 1), now + 1)
    granted = [session for session in "def" if kept.admit(session, now + 1).granted]
    assert granted == ["d"]  # whoever asks first: the places are alike
    assert kept.listing(now + 1)["occupied"] == 3


def test_an_instance_that_was_asked_at_the_last_moment_keeps_its_place_and_another_makes_room() -> None:
    """a was named, but a request had just reached it: it says so, and the next look finds b."""
    kept = directory()
    for number, session in enumerate("abc"):
        run(kept, session, number)
    now = IDLE + 5
    assert kept.admit("d", now).reclaim == "a"
    kept.report("a", news("healthy", now, load=1), now)
    assert kept.admit("d", now + 0.25).reclaim == "b"
    kept.report("b", news("healthy", now, load=1), now)
    kept.report("c", news("healthy", now, load=1), now)
    refused = kept.admit("d", now + 0.5)
    assert (refused.reason, refused.reclaim) == ("full", "")
    assert kept.occupied(now + 0.5) == 3


def test_an_idle_instance_is_not_stopped_for_another_when_the_minimum_needs_it() -> None:
    kept = directory(replace(AGENT, max_instances=1, min_instances=1))
    run(kept, "idle", 0)
    assert kept.reclaimable(IDLE + 1) == ""
    assert kept.admit("d", IDLE + 1).reason == "full"


def test_instances_that_are_leaving_do_not_count_for_the_minimum() -> None:
    kept = directory(replace(AGENT, max_instances=2, min_instances=1))
    run(kept, "a", 0)
    run(kept, "b", 1)
    assert kept.admit("d", IDLE + 5).reclaim == "a"
    kept.reserve("d", 0)  # d does not come: of two one is leaving, and the other one is the minimum
    assert kept.reclaimable(IDLE + 5) == ""


def test_the_listing_tells_what_each_instance_said_of_itself_and_what_is_about_to_start() -> None:
    kept = directory()
    run(kept, "a", 1, load=2)
    kept.report("a", news("healthy", 2, load=3, breaker="closed"), 2)
    kept.admit("b", 3)
    kept.reserve("c", 3)
    listing = kept.listing(4)
    assert (listing["occupied"], listing["max_instances"]) == (3, 3)
    assert [(row["session"], row["status"], row["load"]) for row in listing["instances"]] == [
        ("a", "healthy", 3),
        ("b", "starting", 0),
        ("c", "starting", 0),
    ]
    assert (listing["instances"][0]["since"], listing["instances"][0]["breaker"]) == (1, "closed")


def test_stopped_sessions_are_forgotten_beyond_a_hundred() -> None:
    kept = directory()
    for number in range(120):
        run(kept, f"s{number:03d}", number)
        kept.report(f"s{number:03d}", news("stopped", number + 0.5), number + 0.5)
    sessions = [row["session"] for row in kept.listing(200)["instances"]]
    assert len(sessions) == 100
    assert sessions[-1] == "s119"
