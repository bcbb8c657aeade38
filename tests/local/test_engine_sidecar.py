"""The networking sidecar: the way from workerd to a container's ports."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.local.engine_under_test import EngineUnderTest, connect, engine, wait_for

# Answers every line with the same line, on each of the ports that the named variables give.
ECHO = """
import os, socketserver, threading
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)
socketserver.ThreadingTCPServer.allow_reuse_address = True
for name in {names!r}:
    server = socketserver.ThreadingTCPServer((os.environ["HOST"], int(os.environ[name])), Echo)
    threading.Thread(target=server.serve_forever).start()
print("ready", flush=True)
"""


@pytest.fixture(scope="module")
def docker() -> Iterator[EngineUnderTest]:
    with engine() as one:
        yield one


def joined(sidecar: str) -> dict[str, str]:
    return {"NetworkMode": f"container:{sidecar}"}


def test_bytes_pass_both_ways_through_the_tunnel(docker: EngineUnderTest) -> None:
    sidecar = docker.sidecar("echo-proxy")
    docker.run("echo", ECHO.format(names=["PORT"]), ["PORT=8000"], HostConfig=joined("echo-proxy"))
    docker.said("echo", "ready")
    status, wire = connect(sidecar, 8000)
    with wire, wire.makefile("rb") as lines:
        assert status == 200
        for text in (b"one\n", b"two\n", b"x" * 1_000_000 + b"\n"):
            wire.sendall(text)
            assert lines.readline() == text


def test_every_exposed_port_is_reached_under_its_own_number(docker: EngineUnderTest) -> None:
    sidecar = docker.sidecar("two-proxy")
    names = ["PORT_8000", "PORT_8001"]
    docker.run("two", ECHO.format(names=names), ["PORT=8000"], HostConfig=joined("two-proxy"))
    docker.said("two", "ready")
    for port, expected in ((8000, 200), (8001, 200), (8002, 400)):
        status, wire = connect(sidecar, port)
        wire.close()
        assert status == expected, port


def test_400_while_nothing_listens_and_after_the_program_has_ended(docker: EngineUnderTest) -> None:
    sidecar = docker.sidecar("late-proxy")
    docker.run("late", "import time; time.sleep(600)", ["PORT=8000"], HostConfig=joined("late-proxy"))
    assert connect(sidecar, 8000)[0] == 400
    docker.http.delete("/containers/late", params={"force": "true"})
    assert connect(sidecar, 8000)[0] == 400


def test_egress_rules_are_accepted_kept_and_shown(docker: EngineUnderTest) -> None:
    base = f"http://127.0.0.1:{docker.sidecar('rules-proxy')}"
    rules = {"port": 4000, "internet": {"enabled": False}}
    assert httpx.put(f"{base}/egress", json=rules).status_code == 200
    assert httpx.put(f"{base}/egress", json={"port": 5000}).status_code == 200, "a port alone leaves the rest"
    docker.create("ruled", "pass", HostConfig=joined("rules-proxy"))
    assert docker.inspect("ruled")["StoreMax"]["Egress"] == {"port": 5000, "internet": {"enabled": False}}
    assert httpx.put(f"{base}/egress", content=b"{").status_code == 400
    assert httpx.get(f"{base}/ca").status_code == 200


def test_a_removed_sidecar_ends_its_tunnels(docker: EngineUnderTest) -> None:
    sidecar = docker.sidecar("gone-proxy")
    docker.run("gone", ECHO.format(names=["PORT"]), ["PORT=8000"], HostConfig=joined("gone-proxy"))
    docker.said("gone", "ready")
    _, wire = connect(sidecar, 8000)
    with wire:
        assert docker.http.delete("/containers/gone-proxy", params={"force": "true"}).status_code == 204
        assert wait_for("the tunnel ends", lambda: wire.recv(1) == b"")
