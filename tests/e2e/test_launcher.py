"""`make dev` as a person runs it: it says where things are, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from local.toolchain import ROOT

START_SECONDS = 120


def in_the_foreground() -> None:
    """A shell's background job ignores SIGINT, and that is inherited: be what Ctrl-C reaches."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "local.dev", "--port=0", f"--state={tmp_path}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        preexec_fn=in_the_foreground,
        start_new_session=True,
    )
    overdue = threading.Timer(START_SECONDS, process.kill)
    overdue.start()
    yield process
    overdue.cancel()
    if process.poll() is None:
        process.kill()
    process.wait(10)


def test_ctrl_c_ends_everything_that_make_dev_started(launcher: subprocess.Popen[str]) -> None:
    assert launcher.stdout is not None
    said = ""
    for line in launcher.stdout:
        said += line
        if "Ctrl-C ends everything" in line:
            break
    addresses = dict(re.findall(r"^(Dashboard|API|Admin key)\s+(\S+)$", said, re.MULTILINE))
    assert set(addresses) == {"Dashboard", "API", "Admin key"}, said
    assert httpx.get(addresses["API"], timeout=30).json()["openapi"].startswith("3.1")
    assert "StoreMax" in httpx.get(addresses["Dashboard"], timeout=30).text
    family = psutil.Process(launcher.pid).children(recursive=True)
    assert {"workerd"} <= {process.name() for process in family}
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait(30) == 0
    _, left = psutil.wait_procs(family, timeout=20)
    assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]
