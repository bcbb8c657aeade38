"""The `docker` command that wrangler calls, and the question whether a real Docker answers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from local.engine.images import from_dockerfile
from local.engine.probe import Docker, find_docker
from local.stack import Stack
from local.toolchain import environment
from tests.local.engine_under_test import PROJECT, EngineUnderTest, engine

DOCKER = str(PROJECT / "local" / "engine" / "docker")
DOCKERFILE = """
FROM python:3.11-slim AS build
ARG PORT=8000
CMD ["never"]
FROM python:3.11-slim
ARG PORT=8000
ENV MODE=fast \\
    CACHE=/var/cache/x
# a comment
EXPOSE $PORT 8001/tcp
CMD ["/opt/venv/bin/python", "-c", "import os; print(os.environ['MODE'])"]
"""


def command(docker: EngineUnderTest, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WRANGLER_DOCKER_HOST": docker.address}
    return subprocess.run([DOCKER, *words], env=environment, input=text, capture_output=True, text=True, timeout=30)


def test_a_dockerfiles_last_stage_says_what_starts() -> None:
    image = from_dockerfile("t", DOCKERFILE, {"PORT": "9000"})
    assert image.command[0] == "/opt/venv/bin/python"
    assert image.ports == (9000, 8001)
    assert image.environment == {"MODE": "fast"}, "a path names a place in the image's file system"


def test_wranglers_build_records_the_program_and_the_container_runs_it() -> None:
    with engine() as docker:
        words = ("build", "--load", "-t", "cloudflare-dev/box:1", "--platform", "linux/amd64", "--provenance=false")
        done = command(docker, *words, "-f", "-", ".", text=DOCKERFILE)
        assert done.returncode == 0, done.stderr
        created = docker.http.post("/containers/create?name=b", json={"Image": "cloudflare-dev/box:1"})
        assert created.status_code == 201
        docker.http.post("/containers/b/start")
        assert docker.http.post("/containers/b/wait").json() == {"StatusCode": 0}
        assert command(docker, "logs", "b").stdout == "fast\n"
        assert json.loads(command(docker, "info", "--format", "{{json .SecurityOptions}}").stdout) == []
        assert (
            json.loads(command(docker, "context", "ls", "--format", "json").stdout)["DockerEndpoint"] == docker.address
        )
        assert command(docker, "pull", "cloudflare/proxy-everything:3cb1195@sha256:00").returncode == 0
        refused = command(docker, "push", "x")
        assert refused.returncode == 1
        assert "real Docker" in refused.stderr


def test_without_an_engine_the_command_says_how_to_start_one() -> None:
    environment = {**os.environ, "WRANGLER_DOCKER_HOST": "unix:///nowhere/e.sock"}
    done = subprocess.run([DOCKER, "info"], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "python -m local.engine serve" in done.stderr


def test_the_process_engine_and_a_missing_command_are_no_real_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    with engine() as docker:
        variables = {**os.environ, "WRANGLER_DOCKER_BIN": DOCKER, "WRANGLER_DOCKER_HOST": docker.address}
        assert find_docker(variables) is None
    assert find_docker({"PATH": "/nowhere"}) is None


def test_docker_is_used_where_it_answers_unless_processes_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.stack.find_docker", lambda _env: Docker("docker", "28.1"))
    monkeypatch.delenv("STOREMAX_CONTAINERS")
    stack = Stack(tmp_path)
    assert stack._start_engine({}) == {}
    assert (stack.engine_name, stack.uses_docker) == ("Docker 28.1", True)
    monkeypatch.setenv("STOREMAX_CONTAINERS", "processes")
    stack = Stack(tmp_path)
    try:
        assert stack._start_engine(os.environ)["WRANGLER_DOCKER_BIN"] == DOCKER
        assert not stack.uses_docker
    finally:
        stack.stop()


def test_dockers_plugins_and_contexts_are_found_although_the_tools_have_a_home_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert environment(tmp_path / "home")["DOCKER_CONFIG"] == "/home/somebody/.docker"
    monkeypatch.setenv("DOCKER_CONFIG", "/etc/docker-of-mine")
    assert environment(tmp_path / "home")["DOCKER_CONFIG"] == "/etc/docker-of-mine"
