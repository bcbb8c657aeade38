"""What happens when the program misbehaves, in real workerd: each case ends in the documented state and answer."""

from __future__ import annotations

import time

import pytest

from tests.edge.container.world import World


def test_a_port_that_opens_late_is_waited_for_within_the_budget(world: World) -> None:
    """The program listens after 1.5 s; the budget is 20 s. A slow start is not a crash."""
    box = world.box("late")
    before = time.monotonic()
    answer = box.get("/")
    assert answer.status_code == 200
    assert 1.4 < time.monotonic() - before < 8
    assert box.journal == ["start"]


def test_a_budget_that_passes_says_what_was_waited_for_and_the_start_goes_on(world: World) -> None:
    """The program listens after 4 s; the budget is 1.5 s. The first answer is 500, and a later one is 200."""
    box = world.box("too-late")
    answer = box.get("/")
    assert answer.status_code == 500
    assert "not ready after 1." in answer.text
    assert "port 8080 is not open" in answer.text
    assert answer.headers["retry-after"] == "2"
    first = box.state
    assert first["status"] == "running"
    box.wait(lambda: box.get("/").status_code == 200, seconds=12)
    assert box.state["incarnation"] == first["incarnation"]
    assert "start" in box.journal


def test_a_program_that_never_listens_is_not_ready(world: World) -> None:
    box = world.box("never")
    answer = box.get("/")
    assert answer.status_code == 500
    assert "port 8080 is not open" in answer.text
    assert box.state["status"] == "running"
    assert any(entry.startswith("error NotReady") for entry in box.journal)
    box.call("destroy")
    assert box.state["status"] == "stopped"


def test_a_program_that_exits_at_once_is_restarted_with_pauses_until_the_breaker_opens(world: World) -> None:
    """Three crashes open the breaker of this class; the answer tells the exit code and the end of its log."""
    box = world.box("exits")
    answer = box.get("/")
    assert answer.status_code == 503
    assert "crash loop: 3 crashes, last with exit code 1" in answer.text
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert [entry for entry in box.journal if entry.startswith("stop")] == ["stop 1 exit"] * 3
    state = box.state
    assert (state["status"], state["exit_code"], state["failures"], state["breaker"]) == ("stopped", 1, 3, "open")


def test_a_crash_loop_tells_the_last_lines_of_the_programs_log(world: World) -> None:
    answer = world.box("speaking").get("/")
    assert answer.status_code == 503
    assert "crash loop: 3 crashes, last with exit code 1" in answer.text
    assert "Its last words:\nreading the configuration\nFATAL: the licence file is missing" in answer.text


def test_an_open_breaker_answers_at_once_and_starts_nothing(world: World) -> None:
    box = world.box("exits")
    box.get("/")
    starts = len(box.journal)
    before = time.monotonic()
    assert box.get("/").status_code == 503
    assert time.monotonic() - before < 0.5
    assert len(box.journal) == starts


@pytest.mark.parametrize(("kind", "status"), [("no-room", 503), ("too-many-starts", 429)])
def test_no_room_on_the_platform_is_asked_for_again_and_then_told_with_when_to_come_back(
    world: World, kind: str, status: int
) -> None:
    """The budget for the machine is 1 s here. Nothing ran, so nothing stopped and nothing crashed."""
    box = world.box(kind)
    before = time.monotonic()
    answer = box.get("/")
    assert time.monotonic() - before < 4
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) >= 1
    assert ("no container instance" in answer.text) is (status == 503), answer.text
    state = box.state
    assert (state["status"], state["failures"], state["breaker"]) == ("stopped", 0, "closed")
    assert [entry for entry in box.journal if entry.startswith(("start", "stop"))] == []


def test_room_that_comes_within_the_budget_is_taken(world: World) -> None:
    """The platform refuses two starts and has a machine for the third."""
    box = world.box("room-soon")
    assert box.get("/").status_code == 200
    assert box.state["status"] == "healthy"
    assert [entry for entry in box.journal if entry.startswith(("start", "stop"))] == ["start"]


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(world: World) -> None:
    """The grace of this class is 1 s. 137 = 128 + SIGKILL."""
    box = world.box("stubborn")
    box.get("/")
    before = time.monotonic()
    box.call("stop")
    assert box.state["status"] == "stopping"
    box.wait_status("stopped", seconds=6)
    assert 0.8 < time.monotonic() - before < 5
    assert box.journal[-1].startswith("stop ")
    assert box.get("/").status_code == 200


def test_a_program_that_no_longer_says_it_is_alive_is_killed_and_the_next_request_gets_a_new_one(world: World) -> None:
    box = world.box("greedy")
    first = box.get("/").json()["incarnation"]
    for _ in range(5):
        box.get("/eat")
    box.wait(lambda: any("not alive" in entry for entry in box.journal), seconds=10)
    box.wait_status("stopped")
    assert box.get("/").json()["incarnation"] != first


def test_a_killed_program_is_noticed_without_a_request(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    world.http.post(f"/fetch/{box.name}/die", content=b"x")
    box.wait_status("stopped")
    assert box.state["exit_code"] == 137
    assert box.journal == ["start", "stop 137 exit"]


def test_a_program_that_has_served_and_dies_starts_again_without_a_pause(world: World) -> None:
    """A death after real work is no sign of a crash loop: nine of them leave the breaker closed."""
    box = world.box("echo")
    for _ in range(9):
        assert box.get("/").status_code == 200
        assert world.http.post(f"/fetch/{box.name}/die", content=b"x").status_code == 500
    assert box.state["breaker"] == "closed"
    before = time.monotonic()
    assert box.get("/").status_code == 200
    assert time.monotonic() - before < 3


def test_a_clean_exit_after_work_is_no_crash(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    box.http.post(f"/fetch/{box.name}/x", content=b"")
    box.get("/exit?code=0")
    box.wait_status("stopped", "healthy")
    assert box.state["failures"] == 0
