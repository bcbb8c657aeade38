"""The networking sidecar: how workerd reaches a container's ports, and where it says what the container may reach.

workerd starts one beside each container (image cloudflare/proxy-everything) and talks to its published port:
`PUT /egress` tells what may go out, `GET /ca` asks for the certificate of TLS interception, and `CONNECT
127.0.0.1:PORT` opens a raw connection to the container's port, answered 400 when nothing listens there. Here the
sidecar is a listener of the engine. It records what may go out but cannot hold programs to it: they share this
machine's network.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from local.engine.container import NEVER, Container, Status, binding, now
from local.engine.http import Hijack, Request, Response, serve_connection, tunnel
from local.engine.images import Image

INGRESS_PORT = 39001
NO_CERTIFICATE = "# Process engine: outgoing TLS is not intercepted, so there is no certificate.\n"

# The containers that have joined the sidecar's network.
Joined = Callable[["Sidecar"], list[Container]]


class Sidecar:
    """Has the outside of a Container, so that the table and the API need not tell them apart."""

    network_of: str | None = None

    def __init__(self, name: str, image: Image, config: Mapping[str, Any], joined: Joined) -> None:
        self.id = secrets.token_hex(32)
        self.name = name or f"storemax_{self.id[:8]}"
        self.image, self.config = image, config
        self.status, self.exit_code = Status.CREATED, 0
        self.created, self.started, self.finished = now(), NEVER, NEVER
        self.egress: Mapping[str, Any] | None = None
        self.removed, self._not_running = asyncio.Event(), asyncio.Event()
        self._not_running.set()
        self._joined = joined
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        return self.status is Status.RUNNING

    @property
    def labels(self) -> Mapping[str, str]:
        return self.config.get("Labels") or {}

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    async def start(self) -> bool:
        if self.running:
            return False
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.status, self.started = Status.RUNNING, now()
        self._not_running.clear()
        return True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        await serve_connection(self.answer, reader, writer)

    async def answer(self, request: Request) -> Response | Hijack:
        if request.method == "CONNECT":
            return await self._connect(request.target)
        if (request.method, request.path) == ("PUT", "/egress"):
            return self._set_egress(request)
        if (request.method, request.path) == ("GET", "/ca"):
            return Response.text(200, NO_CERTIFICATE)
        return Response.text(404, f"{request.method} {request.path}: not known to the sidecar")

    def _set_egress(self, request: Request) -> Response:
        try:
            rules = request.json()
        except json.JSONDecodeError as problem:
            return Response.text(400, f"not JSON: {problem}")
        if not isinstance(rules, dict):
            return Response.text(400, "an object is expected")
        # As the real sidecar does, keep what this message leaves out: a port alone changes the port alone.
        self.egress = {**(self.egress or {}), **rules}
        for container in self._joined(self):
            container.egress = self.egress
        return Response.json(200, {})

    async def _connect(self, target: str) -> Response | Hijack:
        host, _, port = target.rpartition(":")
        if host not in ("127.0.0.1", "localhost", "[::1]") or not port.isdigit():
            return Response.text(400, f"cannot connect to {target}: only 127.0.0.1:PORT")
        for container in self._joined(self):
            if not container.running:
                continue
            for place in container.ports.hosts(int(port)):
                try:
                    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", place)
                except OSError:
                    continue  # nothing listens there
                return Hijack(200, _tunnel_to(far_reader, far_writer))
        return Response.text(400, f"nothing listens on port {port}")

    def signal(self, _number: int) -> bool:
        """Any signal ends it."""
        if not self.running:
            return False
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        self.status, self.exit_code, self.finished = Status.EXITED, 0, now()
        self._not_running.set()
        return True

    async def stop(self, _seconds: float | None = None) -> bool:
        return self.signal(0)

    async def wait(self, condition: str = "not-running") -> int:
        await (self.removed if condition == "removed" else self._not_running).wait()
        return self.exit_code

    async def remove(self) -> None:
        self.signal(0)
        await asyncio.gather(*self._connections, return_exceptions=True)
        self.removed.set()

    def inspect(self) -> dict[str, Any]:
        ports = {f"{INGRESS_PORT}/tcp": binding(self.port)} if self.running else {}
        return {
            "Id": self.id,
            "Name": "/" + self.name,
            "Created": self.created,
            "Path": "",
            "Args": [],
            "Image": self.image.id,
            "State": {
                "Status": str(self.status),
                "Running": self.running,
                "Pid": 0,
                "ExitCode": self.exit_code,
                "StartedAt": self.started,
                "FinishedAt": self.finished,
            },
            "Config": {"Image": self.config.get("Image", self.image.tag), "Labels": dict(self.labels)},
            "HostConfig": self.config.get("HostConfig") or {},
            "NetworkSettings": {"IPAddress": "127.0.0.1", "Ports": ports},
            "StoreMax": {"Egress": self.egress, "Isolated": False},
        }

    def summary(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Names": ["/" + self.name],
            "Image": self.config.get("Image", self.image.tag),
            "ImageID": self.image.id,
            "Command": "(the engine's own sidecar)",
            "Labels": dict(self.labels),
            "State": str(self.status),
            "Status": str(self.status),
            "HostConfig": {"NetworkMode": (self.config.get("HostConfig") or {}).get("NetworkMode", "")},
        }


def _tunnel_to(far_reader: asyncio.StreamReader, far_writer: asyncio.StreamWriter) -> Any:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, prefetched: bytes) -> None:
        if prefetched:
            far_writer.write(prefetched)
        await tunnel(reader, writer, far_reader, far_writer)

    return talk
