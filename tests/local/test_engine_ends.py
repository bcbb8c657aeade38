"""However the engine ends, nothing of its containers goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.local.engine_under_test import PROJECT, alive, engine, wait_for

FAMILY = (
    "import os, subprocess, sys, time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True);"
    "print(os.getpid(), p.pid, 'family', flush=True); time.sleep(600)"
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_program_outlives_the_engine(number: signal.Signals) -> None:
    with engine() as docker:
        docker.run("family", FAMILY)
        pids = [int(word) for word in docker.said("family", "family").split()[:2]]
        assert all(alive(pid) for pid in pids)
        docker.process.send_signal(number)
        docker.process.wait(20)
        wait_for(f"{pids} are gone", lambda: not any(alive(pid) for pid in pids))


def test_the_engine_ends_with_the_process_that_started_it() -> None:
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    code = (
        "import subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-m', 'local.engine', 'serve', '--socket', '{folder}/e.sock',"
        f" '--logs', '{folder}/logs'], stderr=subprocess.PIPE, text=True); p.stderr.readline();"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)
    parent.stdout.close()
    wait_for("the engine is gone", lambda: not alive(child))
    assert not (folder / "e.sock").exists()
