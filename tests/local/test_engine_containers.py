"""The life of a container through the engine's HTTP API, with real programs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.engine_under_test import EngineUnderTest, alive, engine, wait_for

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)


@pytest.fixture(scope="module")
def docker() -> Iterator[EngineUnderTest]:
    with engine() as one:
        yield one


def test_a_container_is_created_started_seen_and_removed(docker: EngineUnderTest) -> None:
    assert docker.create("life", SLEEP, Labels={"dev.workerd.session": "s1"}).status_code == 201
    assert docker.inspect("life")["State"]["Status"] == "created"
    assert docker.http.post("/v1.47/containers/life/start").status_code == 204
    assert docker.http.post("/containers/life/start").status_code == 304
    state = docker.inspect("life")["State"]
    assert state["Running"] and alive(state["Pid"])
    found = docker.http.get("/containers/json", params={"filters": '{"label": ["dev.workerd.session=s1"]}'}).json()
    assert [row["Names"] for row in found] == [["/life"]]
    assert docker.http.delete("/containers/life").status_code == 409, "it runs, and the removal is not forced"
    assert docker.http.delete("/containers/life", params={"force": "true"}).status_code == 204
    assert docker.http.get("/containers/life/json").status_code == 404
    assert not alive(state["Pid"])


def test_a_name_in_use_is_409_and_an_unknown_container_or_image_404(docker: EngineUnderTest) -> None:
    assert docker.create("taken", SLEEP).status_code == 201
    assert docker.create("taken", SLEEP).status_code == 409
    assert docker.create("other", SLEEP, Image="nobody/built:this").status_code == 404
    for method, path in (("GET", "json"), ("POST", "start"), ("POST", "stop"), ("POST", "kill"), ("POST", "wait")):
        assert docker.http.request(method, f"/containers/nobody/{path}").status_code == 404
    assert docker.http.delete("/containers/nobody").status_code == 404


def test_a_program_that_dies_at_once_tells_its_exit_code_and_its_last_words(docker: EngineUnderTest) -> None:
    docker.run("dies", "import sys; print('why'); sys.exit(7)")
    assert docker.http.post("/containers/dies/wait").json() == {"StatusCode": 7}
    assert docker.log("dies") == "why\n"
    assert docker.http.post("/containers/dies/kill").status_code == 409
    assert docker.http.post("/containers/dies/stop").status_code == 304


def test_a_program_that_does_not_exist_is_refused_with_its_name(docker: EngineUnderTest) -> None:
    assert docker.create("missing", "", Cmd=["no-such-program"]).status_code == 201
    answer = docker.http.post("/containers/missing/start")
    assert answer.status_code == 400
    assert "no-such-program" in answer.json()["message"]


def test_sigterm_ends_a_program_with_143(docker: EngineUnderTest) -> None:
    docker.run("polite", SLEEP)
    docker.said("polite", "ready")
    assert docker.http.post("/containers/polite/kill", params={"signal": "SIGTERM"}).status_code == 204
    assert docker.http.post("/containers/polite/wait").json() == {"StatusCode": 128 + 15}


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(docker: EngineUnderTest) -> None:
    docker.run("stubborn", STUBBORN)
    docker.said("stubborn", "ready")
    assert docker.http.post("/containers/stubborn/kill", params={"signal": "15"}).status_code == 204
    assert docker.inspect("stubborn")["State"]["Running"]
    assert docker.http.post("/containers/stubborn/stop", params={"t": "1"}).status_code == 204
    assert docker.http.post("/containers/stubborn/wait").json() == {"StatusCode": 128 + 9}


def test_an_unknown_signal_is_refused_and_changes_nothing(docker: EngineUnderTest) -> None:
    docker.run("signalled", SLEEP)
    assert docker.http.post("/containers/signalled/kill", params={"signal": "SIGNOPE"}).status_code == 400
    assert docker.inspect("signalled")["State"]["Running"]


def test_many_containers_start_at_once_each_with_a_port_of_its_own(docker: EngineUnderTest) -> None:
    names = [f"many{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: docker.run(name, SLEEP, ["PORT=8000"]), names))
    ports = {docker.inspect(name)["NetworkSettings"]["Ports"]["8000/tcp"][0]["HostPort"] for name in names}
    assert len(ports) == 8


def test_a_program_gets_what_it_is_given_and_no_secret_of_this_machine(docker: EngineUnderTest) -> None:
    docker.run("env", "import json, os; print(json.dumps(dict(os.environ)))", ["PORT=8000", "STOREMAX_X=y"])
    docker.http.post("/containers/env/wait")
    text = docker.log("env")
    assert '"STOREMAX_X": "y"' in text and '"STOREMAX_ENGINE": "process"' in text
    assert '"PORT": "8000"' not in text, "the port of this machine takes its place"
    assert "A_SECRET_OF_THIS_MACHINE" not in text


def test_when_the_first_process_ends_its_children_end_even_in_another_session(docker: EngineUnderTest) -> None:
    code = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " start_new_session=True); print(p.pid, 'child', flush=True)"
    )
    docker.run("parent", code)
    child = int(docker.said("parent", "child").split()[0])
    docker.http.post("/containers/parent/wait")
    wait_for("the child is gone", lambda: not alive(child))


def test_what_needs_a_file_system_is_refused_and_says_so(docker: EngineUnderTest) -> None:
    docker.create("files", SLEEP)
    answer = docker.http.put("/containers/files/archive", params={"path": "/etc"}, content=b"")
    assert answer.status_code == 501
    assert "real Docker" in answer.json()["message"]
