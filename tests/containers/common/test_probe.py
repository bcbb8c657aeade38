"""The image's health check."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.containers.common.processes import ROOT, free_port, running


def probe(port: int) -> int:
    """As the image runs it: without site packages."""
    command = [sys.executable, "-S", "-m", "containers.probe"]
    return subprocess.run(command, cwd=ROOT, env={"PORT": str(port)}, timeout=30, check=False).returncode


def test_the_probe_passes_while_the_agent_lives_and_fails_when_nothing_listens() -> None:
    assert probe(free_port()) == 1
    with running(["-m", "containers.run", "sync"]) as agent:
        agent.wait_ready()
        assert probe(agent.port) == 0
        agent.process.send_signal(signal.SIGTERM)
        agent.process.wait(10)
    assert probe(agent.port) == 1
