"""Start, readiness, stop, sleep and waking, hooks and schedules, in real workerd."""

from __future__ import annotations

import concurrent.futures
import time

import pytest

from tests.edge.container.world import Refused, World


def test_a_container_that_was_never_started_is_stopped(world: World) -> None:
    state = world.box("echo").state
    assert (state["status"], state["incarnation"], state["exit_code"]) == ("stopped", "", None)


def test_start_launches_with_its_own_variables_and_does_not_wait_for_the_port(world: World) -> None:
    box = world.box("late")
    before = time.monotonic()
    box.call("start", env_vars={"MESSAGE": "from start", "LATE_SECONDS": "1.2"})
    assert time.monotonic() - before < 1.0
    assert box.state["status"] == "running"
    assert box.get("/").json()["message"] == "from start"
    assert box.state["status"] == "healthy"


def test_on_start_runs_once_for_an_incarnation_even_if_start_and_a_request_both_ready_it(world: World) -> None:
    box = world.box("echo")
    box.call("start")
    box.get("/")
    box.get("/")
    assert box.journal == ["start"]


def test_start_and_wait_for_ports_waits_for_all_required_ports(world: World) -> None:
    box = world.box("two-ports")
    box.call("start_and_wait_for_ports")
    assert box.state["status"] == "healthy"
    assert world.http.get(f"/port/{box.name}/8081/").status_code == 200


def test_ports_named_in_the_call_are_waited_for_instead(world: World) -> None:
    box = world.box("two-ports")
    box.call("start_and_wait_for_ports", [8081], {"MESSAGE": "hi"})
    assert box.get("/").json()["message"] == "hi"


def test_readiness_checks_compose_over_ports_and_paths(world: World) -> None:
    box = world.box("all")
    box.call("start_and_wait_for_ports")
    assert box.state["status"] == "healthy"


def test_a_program_that_listens_is_not_ready_until_it_says_so(world: World) -> None:
    box = world.box("unready")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(box.get, "/")
        box.wait(lambda: "loading the distance matrix" in box.state["waits_for"])
        assert box.state["status"] == "running"
        assert answer.result().status_code == 200
    assert box.state["waits_for"] == ""


def test_stop_goes_through_stopping_to_stopped_and_calls_on_stop_with_the_exit_code(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    box.call("stop")
    box.wait_status("stopped")
    assert box.journal == ["start", "stop 0 exit"]
    assert box.state["exit_code"] == 0
    assert box.state["failures"] == 0


def test_stop_on_a_stopped_container_does_nothing(world: World) -> None:
    box = world.box("echo")
    box.call("stop")
    assert box.state["status"] == "stopped"
    assert box.journal == []


def test_a_signal_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="SIGNONE"):
        world.box("echo").call("stop", "SIGNONE")


def test_a_request_during_a_stop_waits_for_the_end_and_gets_a_new_incarnation(world: World) -> None:
    """The npm class starts into a container that is still ending, which then dies with 137 (its issue 124)."""
    box = world.box("echo")
    first = box.get("/").json()["incarnation"]
    box.call("stop")
    second = box.get("/")
    assert second.status_code == 200
    assert second.json()["incarnation"] != first
    assert box.wait(lambda: box.journal == ["start", "stop 0 exit", "start"])


def test_destroy_kills_and_on_stop_has_run_when_it_returns(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    box.call("destroy")
    assert box.journal[0] == "start"
    assert box.journal[1].endswith(" destroyed")
    assert box.state["status"] == "stopped"
    assert box.get("/").status_code == 200


def test_a_container_that_nobody_uses_is_put_to_sleep_and_wakes_for_the_next_request(world: World) -> None:
    box = world.box("sleepy")
    first = box.get("/").json()
    box.wait_status("stopped", seconds=8)
    assert box.journal == ["start", "expired", "stop 0 exit"]
    second = box.get("/").json()
    assert second["incarnation"] != first["incarnation"]


def test_requests_put_sleep_off(world: World) -> None:
    box = world.box("sleepy")
    first = box.get("/").json()["incarnation"]
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        assert box.get("/slow?s=0.3").json()["incarnation"] == first
    assert "expired" not in box.journal


def test_a_request_that_takes_longer_than_the_sleep_time_is_not_cut_off(world: World) -> None:
    box = world.box("sleepy")
    first = box.get("/").json()["incarnation"]
    answer = box.get("/slow?s=2.5")
    assert answer.json()["incarnation"] == first
    assert "expired" not in box.journal


def test_a_hook_may_keep_the_container_awake_and_is_asked_again_after_a_whole_period(world: World) -> None:
    box = world.box("wakeful")
    box.get("/")
    box.wait(lambda: box.journal.count("expired") >= 2, seconds=8)
    assert box.state["status"] == "healthy"
    assert box.state["incarnation"] == box.get("/").json()["incarnation"]


def test_an_on_stop_that_raises_is_reported_and_called_again(world: World) -> None:
    box = world.box("noisy")
    box.get("/")
    box.call("stop")
    box.wait(lambda: box.journal.count("stop 0 exit") >= 2, seconds=12)
    box.wait_status("stopped")
    assert "error RuntimeError: on_stop fails the first time" in box.journal


def test_a_scheduled_call_is_made_with_its_payload_and_then_forgotten(world: World) -> None:
    box = world.box("echo")
    made = box.call("schedule", 0.3, "note", {"wave": 7})
    assert made["type"] == "delayed"
    assert [row["task_id"] for row in box.call("list_schedules")] == [made["task_id"]]
    box.wait(lambda: box.journal == ['note {"wave": 7}'])
    box.wait(lambda: box.call("list_schedules") == [])
    assert box.state["status"] == "stopped"  # a schedule does not start the container


def test_a_scheduled_call_is_made_while_the_container_runs(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    box.call("schedule", 0.3, "note", 1)
    box.wait(lambda: "note 1" in box.journal, seconds=4)


def test_all_schedules_of_a_callback_are_listed_and_deleted(world: World) -> None:
    """The npm class lists one at most."""
    box = world.box("echo")
    for number in range(3):
        box.call("schedule", 3600 + number, "note", number)
    box.call("schedule", 3600, "broken_note", None)
    assert [row["payload"] for row in box.call("list_schedules", "note")] == [0, 1, 2]
    assert box.call("delete_schedules", "note") == 3
    assert [row["callback"] for row in box.call("list_schedules")] == ["broken_note"]


def test_a_scheduled_call_that_raises_is_reported_and_tried_again_later(world: World) -> None:
    box = world.box("echo")
    box.call("schedule", 0, "broken_note", 1)
    box.wait(lambda: "error RuntimeError: the note is broken" in box.journal)
    assert len(box.call("list_schedules", "broken_note")) == 1


def test_a_callback_with_a_second_parameter_gets_the_schedule_too(world: World) -> None:
    box = world.box("echo")
    box.call("schedule", 0, "note_with_schedule", [1, 2])
    box.wait(lambda: box.journal == ["note [1, 2] of note_with_schedule delayed"])


def test_the_alarm_runs_while_a_start_is_going_on_and_does_not_disturb_it(world: World) -> None:
    """The program listens after 1.5 s; the scheduled call falls due in the middle of that."""
    box = world.box("late")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(box.get, "/")
        box.wait(lambda: box.state["status"] == "running")
        box.call("schedule", 0.2, "note", "in between")
        box.wait(lambda: 'note "in between"' in box.journal)
        assert box.state["status"] == "running"
        assert answer.result().status_code == 200
    assert box.journal == ['note "in between"', "start"]


def test_a_caller_that_gives_up_gets_its_fault_and_the_start_goes_on_for_the_others(world: World) -> None:
    """The npm class hands the first caller's signal to the start that all callers share, and they all fail with it."""
    box = world.box("late")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        patient = pool.submit(box.get, "/")
        box.wait(lambda: box.state["status"] == "running")
        with pytest.raises(Refused, match="gave up") as gone:
            box.call("start_unless", 100)
        assert gone.value.kind == "Cancelled"
        assert patient.result().status_code == 200
    assert box.journal == ["start"]


def test_the_budgets_of_one_call_replace_those_of_the_class(world: World) -> None:
    box = world.box("late")
    before = time.monotonic()
    with pytest.raises(Refused, match=r"not ready after 0\."):
        box.call("start_and_wait_for_ports", timeout=0.4, instance_timeout=0.2)
    assert time.monotonic() - before < 1.4
    box.call("start_and_wait_for_ports")
    assert box.state["status"] == "healthy"


def test_renewing_the_activity_keeps_a_container_awake_that_nobody_asks(world: World) -> None:
    """It sleeps after 1 s; for 2.5 s somebody renews."""
    box = world.box("sleepy")
    box.get("/")
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        box.call("renew")
    assert box.state["status"] == "healthy"
    assert "expired" not in box.journal
    box.wait_status("stopped", seconds=8)


def test_a_hook_that_takes_long_does_not_stop_the_object_from_answering(world: World) -> None:
    """The npm class runs on_start inside blockConcurrencyWhile, where nothing else is answered for so long."""
    box = world.box("slow-on-start")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(box.get, "/")
        box.wait(lambda: box.state["status"] == "healthy")
        before = time.monotonic()
        assert box.state["status"] == "healthy"
        assert time.monotonic() - before < 1.0
        assert box.journal == []
        assert answer.result().status_code == 200
    assert box.journal == ["start"]


def test_the_state_can_be_read_over_rpc_as_data(world: World) -> None:
    box = world.box("echo")
    box.get("/")
    assert world.http.get(f"/rpc/{box.name}").json()["status"] == "healthy"
