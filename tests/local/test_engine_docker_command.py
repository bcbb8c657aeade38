"""The `docker` command that wrangler calls, and the question whether a real Docker answers."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from local.engine.images import from_dockerfile
from local.engine.probe import find_docker
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
