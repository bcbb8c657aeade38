"""A process engine of its own for tests: started as a program, asked over its socket."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROJECT = Path(__file__).resolve().parents[2]
SIDECAR = "cloudflare/proxy-everything:test"


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true value of `condition`. Fails with `what` after the deadline."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"still not after {seconds} s: {what}"
        time.sleep(0.01)
    return value


def alive(pid: int) -> bool:
    """Runs, and is not merely waiting for its parent to collect it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class EngineUnderTest:
    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder, self.process = folder, process
        self.address = f"unix://{folder}/e.sock"
        self.http = httpx.Client(
            transport=httpx.HTTPTransport(uds=f"{folder}/e.sock"), base_url="http://engine", timeout=30
        )

    def create(self, name: str, code: str, env: Sequence[str] = (), **config: Any) -> httpx.Response:
        body = {"Image": "program", "Cmd": ["python", "-c", code], "Env": list(env), **config}
        return self.http.post("/containers/create", params={"name": name}, json=body)

    def run(self, name: str, code: str, env: Sequence[str] = (), **config: Any) -> None:
        assert self.create(name, code, env, **config).status_code == 201
        assert self.http.post(f"/containers/{name}/start").status_code == 204

    def inspect(self, name: str) -> Any:
        return self.http.get(f"/containers/{name}/json").json()

    def log(self, name: str) -> str:
        return self.http.get(f"/containers/{name}/logs").text

    def said(self, name: str, word: str) -> str:
        return str(wait_for(f"{name} says {word}", lambda: word in self.log(name) and self.log(name)))

    def sidecar(self, name: str) -> int:
        """Start a sidecar; the port on which it is published."""
        body = {"Image": SIDECAR, "HostConfig": {"NetworkMode": "bridge"}}
        assert self.http.post("/containers/create", params={"name": name}, json=body).status_code == 201
        assert self.http.post(f"/containers/{name}/start").status_code == 204
        return int(self.inspect(name)["NetworkSettings"]["Ports"]["39001/tcp"][0]["HostPort"])


def connect(sidecar: int, port: int) -> tuple[int, socket.socket]:
    """CONNECT as workerd does it, without a Host header: the status, and the connection."""
    wire = socket.create_connection(("127.0.0.1", sidecar), timeout=10)
    wire.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nX-Dst-Addr: 127.0.0.1:{port}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += wire.recv(1)
    return int(head.split()[1]), wire


@contextmanager
def engine(*options: str) -> Iterator[EngineUnderTest]:
    folder = Path(tempfile.mkdtemp(prefix="engine-"))  # pytest's own folders are too long for a socket's path
    images = json.dumps({"program": {"command": ["python", "-c", "print('hi')"], "ports": [8000, 8001]}})
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "local.engine", "serve", "--socket", f"{folder}/e.sock"),
            *("--logs", f"{folder}/logs", "--images", images, *options),
        ],
        cwd=PROJECT,
        env={**os.environ, "A_SECRET_OF_THIS_MACHINE": "hush"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first.startswith("process engine"), first
    try:
        yield EngineUnderTest(folder, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        process.stderr.close()
        shutil.rmtree(folder, ignore_errors=True)
