"""Who may start, who takes the next request, when the pool grows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from durable_objects.fleet.agents import AGENTS, AgentType, session_of
from durable_objects.fleet.directory import PERMIT_SECONDS, RECLAIM_IDLE_SECONDS, SILENCE_SECONDS, Directory
from tests.durable_objects.container.play import memory

AGENT = AgentType("t", "T", 1, "1m", max_instances=3, busy_at=2, memory_mb=1, internet=False, parallel_starts=2)


def directory(agent: AgentType = AGENT) -> Directory:
    return Directory(memory(), agent)


def news(status: str, at: float, **more: Any) -> dict[str, Any]:
    return {"status": status, "at": at, "incarnation": "i", "load": 0, "active": at, **more}


def run(kept: Directory, session: str, at: float, load: int = 0) -> None:
    assert kept.admit(session, at).granted
    kept.report(session, news("healthy", at, load=load), at)


def test_starts_are_rationed() -> None:
    kept = directory()
    assert kept.admit("a", 0).granted
    assert kept.admit("b", 0).granted
    refused = kept.admit("c", 0)
    assert (refused.granted, refused.reason) == (False, "rationed")
    kept.report("a", news("healthy", 1), 1)
    assert kept.admit("c", 1).granted


def test_beyond_the_limit_nobody_is_admitted_until_one_has_stopped() -> None:
    kept = directory()
    for session in "abc":
        run(kept, session, 0)
    refused = kept.admit("d", 1)
    assert (refused.reason, refused.occupied) == ("full", 3)
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


def test_a_full_fleet_names_the_longest_idle_instance_to_make_room() -> None:
    kept = directory()
    run(kept, "busy", 0, load=1)
    run(kept, "idle", 1)
    run(kept, "fresh", RECLAIM_IDLE_SECONDS)
    assert kept.admit("d", RECLAIM_IDLE_SECONDS + 2).reclaim == "idle"


def test_the_first_request_without_a_session_starts_the_first_pool_instance() -> None:
    kept = directory()
    run(kept, "tenant.session", 0)
    choice = kept.pick(1, lambda: 0.0)
    assert choice is not None
    assert (choice.session, choice.new) == ("pool-0", True)


def test_of_two_drawn_instances_the_less_loaded_takes_the_request() -> None:
    kept = directory()
    run(kept, "pool-0", 0, load=1)
    run(kept, "pool-1", 0, load=0)
    draws = iter([0.0, 0.9])
    assert kept.pick(1, lambda: next(draws)).session == "pool-1"  # type: ignore[union-attr]


def test_the_two_that_are_drawn_are_different_ones() -> None:
    """Three instances, whatever is drawn: the idle one of a pair is never missed because the busy one was drawn twice."""
    for first in (0.0, 0.4, 0.9):
        for second in (0.0, 0.99):
            kept = directory()
            for number, load in enumerate((1, 1, 0)):
                run(kept, f"pool-{number}", 0, load=load)
            drawn = iter([first, second])
            chosen = kept.pick(1, lambda drawn=drawn: next(drawn))  # type: ignore[misc]
            pair = {int(first * 3), (int(first * 3) + 1 + int(second * 2)) % 3}
            assert len(pair) == 2
            assert chosen is not None
            assert (chosen.session == "pool-2") is (2 in pair)


def test_an_idle_instance_is_not_stopped_for_another_when_the_minimum_needs_it() -> None:
    kept = directory(replace(AGENT, max_instances=1, min_instances=1))
    run(kept, "idle", 0)
    assert kept.reclaimable(RECLAIM_IDLE_SECONDS + 1) == ""
    assert kept.admit("d", RECLAIM_IDLE_SECONDS + 1).reclaim == ""


def test_picks_count_as_load_until_the_instance_reports_its_own() -> None:
    kept = directory()
    run(kept, "pool-0", 0)
    assert [kept.pick(1, lambda: 0.0).session for _ in range(3)] == ["pool-0", "pool-0", "pool-1"]  # type: ignore[union-attr]


def test_a_busy_pool_without_room_still_serves() -> None:
    kept = directory()
    for number in range(3):
        run(kept, f"pool-{number}", 0, load=9)
    assert kept.pick(1, lambda: 0.0) is not None


def test_without_a_pool_instance_and_without_room_there_is_no_choice() -> None:
    kept = directory()
    for session in "abc":
        run(kept, session, 0)
    assert kept.pick(1, lambda: 0.0) is None


def test_work_that_waits_starts_as_many_as_wait_as_are_rationed_and_as_have_room() -> None:
    kept = directory()
    assert kept.to_start(waiting=5, oldest_age=0.5, now=0) == []
    assert kept.to_start(waiting=5, oldest_age=2, now=0) == ["pool-0", "pool-1"]
    run(kept, "pool-0", 0)
    run(kept, "tenant.a", 0)
    assert kept.to_start(waiting=5, oldest_age=2, now=1) == ["pool-1"]
    assert kept.to_start(waiting=0, oldest_age=9, now=1) == []


def test_an_environment_may_set_minimum_maximum_and_sleep() -> None:
    variables = {"OPTIMIZER_MIN_INSTANCES": "2", "OPTIMIZER_MAX_INSTANCES": "4", "OPTIMIZER_SLEEP_AFTER": "3s"}
    agent = AGENTS["optimizer"].as_set(lambda name: variables.get(name, ""))
    assert (agent.min_instances, agent.max_instances, agent.sleep_after) == (2, 4, "3s")
    assert directory(agent).to_keep_warm() == ["pool-0", "pool-1"]
    assert AGENTS["optimizer"].as_set(lambda name: "") == AGENTS["optimizer"]
    assert AGENTS["sync"].as_set(lambda name: variables.get(name, "")) == AGENTS["sync"]


def test_sessions_of_two_tenants_never_share_a_name() -> None:
    assert session_of("acme", "default") != session_of("other", "default")


def test_the_agents_are_as_promised() -> None:
    table = {agent.name: (agent.port, agent.sleep_after, agent.max_instances) for agent in AGENTS.values()}
    assert table == {
        "optimizer": (8000, "10m", 5),
        "sync": (8001, "20m", 3),
        "warehouse-manager": (8002, "30m", 2),
    }
