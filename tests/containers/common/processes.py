"""Start an agent as its own process, as a container would, and stop it again whatever happens."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Agent:
    def __init__(self, process: subprocess.Popen[str], port: int, begun: float) -> None:
        self.process, self.port, self.begun = process, port, begun
        self.url = f"http://127.0.0.1:{port}"

    def wait_ready(self, deadline_s: float = 30) -> float:
        """Seconds from the process's start to its first ready answer."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the agent ended with {self.process.returncode}:\n{self.process.stdout.read()}")  # type: ignore[union-attr]
            try:
                if httpx.get(self.url + "/ready", timeout=2).status_code == 200:
                    return time.monotonic() - self.begun
            except httpx.TransportError:
                pass  # not listening yet
            time.sleep(0.01)
        raise AssertionError(f"the agent was not ready within {deadline_s} s")


@contextmanager
def running(arguments: list[str], **env: str) -> Iterator[Agent]:
    """`python <arguments>` with PORT set to a free port; killed at the end if it still runs."""
    port = free_port()
    environment = os.environ | {"PORT": str(port), "HOST": "127.0.0.1", "PYTHONPATH": str(ROOT)} | env
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Agent(process, port, begun)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
