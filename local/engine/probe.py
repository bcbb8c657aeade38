"""Does a real Docker Engine answer on this machine? Then local runs use it in place of the process engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from local.engine.api import NAME

PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class Docker:
    """The command that answered, and the version of the engine behind it."""

    command: str
    version: str


def find_docker(environment: Mapping[str, str] | None = None) -> Docker | None:
    """A real Docker Engine with the buildx that wrangler's builds need, or None.

    It is found as wrangler finds it: the command WRANGLER_DOCKER_BIN (or `docker`), the engine that this command talks
    to. A command without an engine, an engine that does not answer within 5 s, and the process engine are not it.
    """
    variables = dict(os.environ if environment is None else environment)
    command = shutil.which(variables.get("WRANGLER_DOCKER_BIN", "docker"), path=variables.get("PATH"))
    if command is None:
        return None
    if "WRANGLER_DOCKER_HOST" in variables:
        variables["DOCKER_HOST"] = variables["WRANGLER_DOCKER_HOST"]
    version = _output([command, "info", "--format", "{{.ServerVersion}}"], variables)
    if not version or version == NAME or _output([command, "buildx", "version"], variables) is None:
        return None
    return Docker(command, version)


def _output(command: list[str], environment: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
