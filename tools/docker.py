"""The docker command line, for the tools that need it."""

from __future__ import annotations

import shutil
import subprocess


class Failed(Exception):
    """One thing that is not as it should be."""


def docker(*arguments: str, timeout: float = 120, check: bool = True) -> str:
    """What the command prints (for `logs`, both streams). Raises Failed when it fails and `check` is set."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise Failed(f"docker {' '.join(arguments[:3])} … ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return (done.stdout + (done.stderr if arguments[0] == "logs" else "")).strip()


def fails(*arguments: str, timeout: float = 120) -> bool:
    """Does the command end with another status than 0?"""
    done = subprocess.run(["docker", *arguments], capture_output=True, timeout=timeout, check=False)
    return done.returncode != 0


def no_docker() -> str:
    """Why there is no Docker to use; empty when there is."""
    if not shutil.which("docker"):
        return "no docker command on PATH"
    done = subprocess.run(["docker", "version"], capture_output=True, text=True, timeout=30, check=False)
    return (done.stderr.strip().splitlines() or ["docker version failed"])[-1] if done.returncode else ""


def expect(holds: bool, what: str) -> None:
    """Print what holds; raise Failed for what does not."""
    if not holds:
        raise Failed(f"not so: the image {what}")
    print(f"  ok: {what}", flush=True)
