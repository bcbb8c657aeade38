"""Agents as processes: how fast they are ready, and how they stop."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.containers.common.processes import ROOT, Agent, running

DRAINING = ["-m", "tests.containers.common.draining_agent"]


def in_background(agent: Agent, path: str) -> tuple[threading.Thread, list[httpx.Response]]:
    """Post to the agent in a thread, and wait until the agent says that it works on it."""
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(httpx.post(agent.url + path, timeout=30)))
    thread.start()
    assert agent.process.stdout is not None
    while '"working"' not in (line := agent.process.stdout.readline()):
        assert line, "the agent ended before it worked"
    return thread, answers


def test_a_stop_refuses_new_work_finishes_the_old_and_ends_with_zero() -> None:
    with running(DRAINING, STOREMAX_ALLOW_UNSIGNED="1", STOREMAX_GRACE_SECONDS="20") as agent:
        agent.wait_ready()
        thread, answers = in_background(agent, "/work")
        agent.process.send_signal(signal.SIGTERM)
        thread.join(20)
        assert agent.process.wait(20) == 0
    assert answers[0].status_code == 200
    assert answers[0].json() == {"answer": "best so far"}


def test_while_it_drains_new_work_gets_503_with_retry_after() -> None:
    with running(DRAINING, STOREMAX_ALLOW_UNSIGNED="1", STOREMAX_GRACE_SECONDS="20") as agent:
        agent.wait_ready()
        in_background_thread = threading.Thread(target=_stubborn, args=(agent,), daemon=True)
        in_background_thread.start()
        assert agent.process.stdout is not None
        while '"working"' not in agent.process.stdout.readline():
            pass
        agent.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 10
        while (answer := httpx.post(agent.url + "/quick", timeout=5)).status_code == 200:
            assert time.monotonic() < deadline
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["content-type"] == "application/problem+json"
        assert httpx.get(agent.url + "/health").status_code == 200
        agent.process.send_signal(signal.SIGTERM)  # the second signal ends the wait
        assert agent.process.wait(10) == 0


def _stubborn(agent: Agent) -> None:
    with contextlib.suppress(httpx.TransportError):  # it is cut off in the end, as it should be
        httpx.post(agent.url + "/work?stubborn=true", timeout=30)


def test_work_that_does_not_end_is_cut_off_after_the_grace() -> None:
    with running(DRAINING, STOREMAX_ALLOW_UNSIGNED="1", STOREMAX_GRACE_SECONDS="0.3") as agent:
        agent.wait_ready()
        threading.Thread(target=_stubborn, args=(agent,), daemon=True).start()
        assert agent.process.stdout is not None
        while '"working"' not in agent.process.stdout.readline():
            pass
        agent.process.send_signal(signal.SIGTERM)
        assert agent.process.wait(10) == 0
        events = [json.loads(line)["event"] for line in agent.process.stdout]
    assert "drain.grace_over" in events


def test_a_start_that_fails_ends_the_process_with_status_1_and_says_why() -> None:
    with running([*DRAINING, "--fail"]) as agent:
        assert agent.process.wait(20) == 1
        assert agent.process.stdout is not None
        assert "cannot start" in agent.process.stdout.read()


@pytest.mark.parametrize("name", ["sync", "warehouse-manager"])
def test_an_agent_becomes_ready_by_itself_and_stops_in_order(name: str) -> None:
    """How quickly is a benchmark's figure (`container.cold_start.median_s`), not a test's."""
    with running(["-m", "containers.run", name]) as agent:
        agent.wait_ready()
        agent.process.send_signal(signal.SIGTERM)
        assert agent.process.wait(30) == 0


@pytest.mark.parametrize("name", ["sync", "warehouse_manager"])
def test_starting_imports_nothing_heavy(name: str) -> None:
    code = f"import sys, containers.{name}.app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "scipy", "numba", "ortools", "matplotlib", "jinja2", "highspy", "pandas"}


@pytest.mark.parametrize("arguments", [[], ["baker"], ["sync", "more"]])
def test_an_unknown_agent_is_refused_with_the_known_names(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "containers.run", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "optimizer|sync|warehouse-manager" in done.stderr
