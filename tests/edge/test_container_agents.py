"""The agent platform through the public API: affinity, admission, listing, stopping. The sync agent starts quickest."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.edge.conftest import Edge

AGENT = "/v1/agents/sync"
OPTIMIZER = "/v1/agents/optimizer"
OPTIMIZERS = 5  # at most


def listing(edge: Edge, agent: str = "sync") -> dict[str, Any]:
    answer = edge.http.get("/v1/agents")
    assert answer.status_code == 200, answer.text
    return next(entry for entry in answer.json()["agents"] if entry["type"] == agent)


def ask(edge: Edge, session: str | None, path: str = "/health", base: str = AGENT) -> httpx.Response:
    headers = {"x-session-id": session} if session else {}
    return edge.http.get(base + path, headers=headers, timeout=60)


def wait(condition: Any, seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "time is up"
        time.sleep(0.1)
    return found


@pytest.fixture(autouse=True)
def _empty_fleet(edge: Edge) -> Iterator[None]:
    yield
    for agent in ("sync", "optimizer", "warehouse-manager"):
        for instance in listing(edge, agent)["instances"]:
            if instance["status"] != "stopped":
                edge.http.post(f"/v1/agents/{agent}/sessions/{instance['session']}/stop")
        wait(lambda agent=agent: listing(edge, agent)["occupied"] == 0, 40)  # type: ignore[misc]


def test_the_same_session_meets_the_same_instance_and_another_session_another(edge: Edge) -> None:
    first, again, other = ask(edge, "one"), ask(edge, "one"), ask(edge, "two")
    assert [answer.status_code for answer in (first, again, other)] == [200, 200, 200], first.text
    assert first.json()["incarnation"] == again.json()["incarnation"] == first.headers["x-storemax-incarnation"]
    assert other.json()["incarnation"] != first.json()["incarnation"]


def test_requests_without_a_session_go_to_the_pool(edge: Edge) -> None:
    first, second = ask(edge, None), ask(edge, None)
    assert first.status_code == 200, first.text
    assert first.json()["incarnation"] == second.json()["incarnation"]
    # The listing may be a copy of a second ago.
    wait(lambda: [r["session"] for r in listing(edge)["instances"] if r["status"] == "healthy"] == ["pool-0"])


def test_twenty_sessions_at_once_start_as_many_as_allowed_and_the_others_are_told_to_come_back(edge: Edge) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: ask(edge, f"s{number}", base=OPTIMIZER), range(20)))
    served = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert (len(served), len(refused)) == (OPTIMIZERS, 20 - OPTIMIZERS), [answer.text for answer in answers]
    assert len({answer.json()["incarnation"] for answer in served}) == OPTIMIZERS
    for answer in refused:
        assert answer.json()["code"] == "no-capacity"
        assert int(answer.headers["retry-after"]) >= 1
    wait(lambda: listing(edge, "optimizer")["occupied"] == OPTIMIZERS)


def test_a_container_killed_during_a_request_is_told_at_once_and_the_next_request_gets_another(edge: Edge) -> None:
    """A body that was sent is gone with its container, so the request is not repeated: 502, and how it ended is listed."""
    manager, headers = "/v1/agents/warehouse-manager", {"x-session-id": "killed", "content-type": "application/json"}
    first = ask(edge, "killed", base=manager).json()["incarnation"]

    def upload() -> Iterator[bytes]:
        yield b'{"action": '
        edge.stack.kill_container("warehouse-manager:default.killed")
        yield b'"kpis"}'

    answer = edge.http.post(f"{manager}/manage", content=upload(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (502, "agent-failed"), answer.text
    assert ask(edge, "killed", base=manager).json()["incarnation"] != first

    def last_exit() -> Any:
        rows = listing(edge, "warehouse-manager")["instances"]
        return next(row for row in rows if row["session"] == "killed")["last_exit"]

    assert wait(lambda: last_exit() and last_exit()["incarnation"] == first)
    assert last_exit()["exit_code"] == 137


def test_a_session_that_finds_no_place_gets_that_of_the_longest_idle_one_and_waits_for_its_end(edge: Edge) -> None:
    """Two managers may run; an idle one makes room after a second here (15 s by default)."""
    manager = "/v1/agents/warehouse-manager"
    first, second = (ask(edge, session, base=manager).json()["incarnation"] for session in ("one", "two"))

    def row(session: str) -> dict[str, Any]:
        return next(row for row in listing(edge, "warehouse-manager")["instances"] if row["session"] == session)

    def third() -> httpx.Response | None:
        answer = ask(edge, "three", base=manager)
        assert answer.status_code == 200 or answer.json()["code"] == "no-capacity", answer.text
        return answer if answer.status_code == 200 else None

    assert wait(third).json()["incarnation"] not in (first, second)
    ended = wait(lambda: row("one")["last_exit"])
    assert (ended["incarnation"], ended["exit_code"], ended["reason"]) == (first, 0, "exit")
    assert (row("two")["status"], row("two")["incarnation"]) == ("healthy", second)


def test_the_listing_tells_state_incarnation_and_load_and_stop_ends_the_instance(edge: Edge) -> None:
    incarnation = ask(edge, "one").json()["incarnation"]

    def row_with(status: str) -> Any:
        rows = listing(edge)["instances"]
        return next((row for row in rows if (row["session"], row["status"]) == ("one", status)), None)

    row = wait(lambda: row_with("healthy"))
    assert row["incarnation"] == incarnation
    assert (row["breaker"], row["failures"]) == ("closed", 0)
    stopped = edge.http.post(f"{AGENT}/sessions/one/stop")
    assert stopped.status_code == 202, stopped.text
    row = wait(lambda: row_with("stopped"))
    assert (row["exit_code"], row["reason"]) == (0, "exit")
    ask(edge, "one")
    row = wait(lambda: row_with("healthy"))
    assert row["incarnation"] != incarnation
    last = row["last_exit"]
    assert (last["incarnation"], last["exit_code"], last["reason"]) == (incarnation, 0, "exit")


def test_a_client_cannot_say_who_it_is_to_an_agent(edge: Edge) -> None:
    """A forged identity is taken out: the agent sees the one that the Worker signed."""
    forged = {"x-session-id": "one", "x-storemax-tenant": "someone-else", "x-storemax-signature": "v1=00"}
    answer = edge.http.get(AGENT + "/no-such-path", headers=forged)
    assert answer.status_code == 404  # identity was accepted: 401 otherwise


def test_an_agent_type_that_does_not_exist_and_a_session_that_is_no_name_are_refused(edge: Edge) -> None:
    assert edge.http.get("/v1/agents/dreamer/health").status_code == 404
    assert ask(edge, "../../etc").status_code == 400
