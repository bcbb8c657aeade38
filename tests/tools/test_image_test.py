"""`make image-test` where there is no Docker, and what the Dockerfile promises without building it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import image_test

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
FINAL_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_without_docker_it_says_so_and_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert image_test.main([]) == 2
    told = capsys.readouterr().err
    assert "no docker command on PATH" in told
    assert "apt-get install docker.io" in told


def test_an_engine_that_does_not_answer_is_told_from_a_missing_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fake = tmp_path / "docker"
    fake.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert image_test.main([]) == 2
    assert "Cannot connect to the Docker daemon" in capsys.readouterr().err


def test_the_base_is_pinned_by_its_digest() -> None:
    assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE}", "${BASE}"]


def test_the_final_stage_has_no_compiler_no_root_and_a_health_check() -> None:
    installed = re.search(r"apt-get install ([^&]*)", FINAL_STAGE)
    assert installed is not None
    assert set(installed[1].replace("\\", "").split()) == {"--yes", "--no-install-recommends", "python3"}
    assert re.search(r"^USER (?!0|root)\S+", FINAL_STAGE, re.MULTILINE)
    assert "HEALTHCHECK" in FINAL_STAGE
    assert "EXPOSE 8000 8001 8002" in FINAL_STAGE
    assert "--require-hashes" in DOCKERFILE


def test_every_locked_package_of_the_agents_carries_hashes() -> None:
    lock = (ROOT / "requirements/agents.lock").read_text()
    entries = re.findall(r"^(\S+==\S+)(.*?)(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    assert len(entries) > 20
    assert [name for name, rest in entries if "--hash=sha256:" not in rest] == []
