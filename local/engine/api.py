"""The routes of the Docker Engine HTTP API that workerd, wrangler and the `docker` stand-in use.

Statuses and bodies are those of the Engine API (docs.docker.com/reference/api/engine). What needs a file system of the
container's own (archives, volumes, snapshots, images that are really built) is answered 501, and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from local.engine.container import Container, NotStartedError
from local.engine.http import Hijack, Request, Response, decode
from local.engine.images import from_dict, normal
from local.engine.ports import NoFreePortError
from local.engine.processes import signal_number
from local.engine.table import Entry, NameInUseError, NoSuchImageError, Table

API_VERSION = "1.47"
NAME = "storemax-process-engine"

Answer = Response | Hijack
Route = Callable[["Api", Request, str], Awaitable[Answer]]
ROUTES: list[tuple[str, re.Pattern[str], Route]] = []


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Declare the route of a method of Api. `{}` in the pattern stands for a name, handed over decoded."""

    def declare(method_of_api: Route) -> Route:
        ROUTES.append((method, re.compile(re.escape(pattern).replace(r"\{\}", "(.+?)") + "/?"), method_of_api))
        return method_of_api

    return declare


def fault(status: int, message: str) -> Response:
    return Response.json(status, {"message": message})


def not_isolated(what: str) -> Response:
    return fault(501, f"{what} needs a real Docker Engine: the process engine has no file systems of its own")


class Api:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def __call__(self, request: Request) -> Answer:
        path = re.sub(r"^/v\d+\.\d+(?=/)", "", request.path)
        known = False
        for method, pattern, handler in ROUTES:
            if (match := pattern.fullmatch(path)) is None:
                continue
            known = True
            if method == request.method or (request.method == "HEAD" and method == "GET"):
                return await handler(self, request, decode(match[1]) if match.groups() else "")
        return fault(405 if known else 404, f"{request.method} {path}: not part of the process engine")

    def _find(self, reference: str) -> Entry | Response:
        return self._table.find(reference) or fault(404, f"No such container: {reference}")

    # The engine

    @route("GET", "/_ping")
    async def ping(self, _request: Request, _: str) -> Answer:
        return Response.text(200, "OK")

    @route("GET", "/version")
    async def version(self, _request: Request, _: str) -> Answer:
        return Response.json(200, {"Version": NAME, "ApiVersion": API_VERSION, "MinAPIVersion": "1.24", "Os": "linux"})

    @route("GET", "/info")
    async def info(self, _request: Request, _: str) -> Answer:
        entries = self._table.select(every=True, filters="")
        running = sum(entry.running for entry in entries)
        return Response.json(
            200,
            {
                "Name": NAME,
                "ServerVersion": NAME,
                "OSType": "linux",
                "Containers": len(entries),
                "ContainersRunning": running,
                "SecurityOptions": [],
                "DriverStatus": [],
                "Warnings": ["Containers run as plain processes of this machine: nothing is isolated"],
            },
        )

    @route("GET", "/networks/{}")
    async def network(self, _request: Request, name: str) -> Answer:
        """workerd listens on the gateway's address for what containers send out; here that is the loopback."""
        if name != "bridge":
            return fault(404, f"network {name} not found")
        config = [{"Subnet": "127.0.0.0/8", "Gateway": "127.0.0.1"}]
        return Response.json(200, {"Name": name, "Id": name, "IPAM": {"Driver": "default", "Config": config}})

    # Containers

    @route("POST", "/containers/create")
    async def create(self, request: Request, _: str) -> Answer:
        try:
            config = request.json() or {}
            entry = self._table.create(request.query.get("name", "").lstrip("/"), config)
        except json.JSONDecodeError as problem:
            return fault(400, f"invalid JSON: {problem}")
        except NoSuchImageError as problem:
            return fault(404, str(problem))
        except NameInUseError as problem:
            return fault(409, str(problem))
        except NoFreePortError as problem:
            return fault(500, str(problem))
        memory = (config.get("HostConfig") or {}).get("Memory")
        warnings = ["The memory limit is recorded, not enforced."] if memory else []
        return Response.json(201, {"Id": entry.id, "Warnings": warnings})

    @route("GET", "/containers/json")
    async def list(self, request: Request, _: str) -> Answer:
        try:
            every = request.query.get("all", "") in ("1", "true", "True")
            return Response.json(
                200, [e.summary() for e in self._table.select(every, request.query.get("filters", ""))]
            )
        except (ValueError, AttributeError) as problem:
            return fault(400, f"invalid filter: {problem}")

    @route("GET", "/containers/{}/json")
    async def inspect(self, _request: Request, name: str) -> Answer:
        entry = self._find(name)
        return entry if isinstance(entry, Response) else Response.json(200, entry.inspect())

    @route("POST", "/containers/{}/start")
    async def start(self, _request: Request, name: str) -> Answer:
        entry = self._find(name)
        if isinstance(entry, Response):
            return entry
        try:
            return Response(204 if await entry.start() else 304)
        except NotStartedError as problem:
            return fault(400, str(problem))

    @route("POST", "/containers/{}/stop")
    async def stop(self, request: Request, name: str) -> Answer:
        entry = self._find(name)
        if isinstance(entry, Response):
            return entry
        seconds = request.query.get("t", "")
        return Response(204 if await entry.stop(float(seconds) if seconds.isdigit() else None) else 304)

    @route("POST", "/containers/{}/kill")
    async def kill(self, request: Request, name: str) -> Answer:
        entry = self._find(name)
        if isinstance(entry, Response):
            return entry
        try:
            number = signal_number(request.query.get("signal") or "SIGKILL")
        except ValueError as problem:
            return fault(400, str(problem))
        return Response(204) if entry.signal(number) else fault(409, f"container {entry.id} is not running")

    @route("POST", "/containers/{}/wait")
    async def wait(self, request: Request, name: str) -> Answer:
        entry = self._find(name)
        if isinstance(entry, Response):
            return entry
        condition = request.query.get("condition") or "not-running"
        if condition not in ("not-running", "next-exit", "removed"):
            return fault(400, f'invalid condition: "{condition}"')
        return Response.json(200, {"StatusCode": await entry.wait(condition)})

    @route("DELETE", "/containers/{}")
    async def remove(self, request: Request, name: str) -> Answer:
        entry = self._find(name)
        if isinstance(entry, Response):
            return entry
        if entry.running and request.query.get("force", "") not in ("1", "true", "True"):
            return fault(409, f"cannot remove container {name}: container is running: stop it, or force the removal")
        await self._table.remove(entry)
        return Response(204)

    @route("GET", "/containers/{}/logs")
    async def logs(self, _request: Request, name: str) -> Answer:
        """What the program has written so far, as it was written (Docker would frame it unless there is a TTY)."""
        entry = self._find(name)
        if isinstance(entry, Response):
            return entry
        written = entry.log.read_bytes() if isinstance(entry, Container) and entry.log.exists() else b""
        return Response(200, written, "application/vnd.docker.raw-stream")

    @route("PUT", "/containers/{}/archive")
    async def put_archive(self, _request: Request, _: str) -> Answer:
        return not_isolated("Writing files into a container (as intercepting its outgoing HTTPS does)")

    @route("GET", "/containers/{}/archive")
    async def get_archive(self, _request: Request, _: str) -> Answer:
        return not_isolated("Reading files out of a container (as a snapshot of a directory does)")

    @route("POST", "/commit")
    async def commit(self, _request: Request, _: str) -> Answer:
        return not_isolated("A snapshot of a container")

    # Volumes: there are none

    @route("GET", "/volumes")
    async def volumes(self, _request: Request, _: str) -> Answer:
        return Response.json(200, {"Volumes": [], "Warnings": []})

    @route("POST", "/volumes/create")
    async def create_volume(self, _request: Request, _: str) -> Answer:
        return not_isolated("A volume")

    @route("GET", "/volumes/{}")
    @route("DELETE", "/volumes/{}")
    async def no_volume(self, _request: Request, name: str) -> Answer:
        return fault(404, f"get {name}: no such volume")

    # Images

    @route("GET", "/images/json")
    async def list_images(self, _request: Request, _: str) -> Answer:
        return Response.json(200, [image.inspect() for image in self._table.images])

    @route("GET", "/images/{}/json")
    async def inspect_image(self, _request: Request, name: str) -> Answer:
        image = self._table.images.find(name)
        return fault(404, f"No such image: {name}") if image is None else Response.json(200, image.inspect())

    @route("POST", "/images/create")
    async def pull(self, request: Request, _: str) -> Answer:
        reference = request.query.get("fromImage", "")
        if request.query.get("tag"):
            reference = f"{reference}:{request.query['tag']}"
        if self._table.images.find(reference) is None:
            return fault(
                404, f"{reference}: the process engine pulls nothing; it knows the images that were built here"
            )
        return Response.json(200, {"status": f"Status: Image is up to date for {reference}"})

    @route("POST", "/images/{}/tag")
    async def tag(self, request: Request, name: str) -> Answer:
        image = self._table.images.find(name)
        if image is None:
            return fault(404, f"No such image: {name}")
        description = {
            "entrypoint": image.entrypoint,
            "command": image.command,
            "environment": image.environment,
            "ports": image.ports,
        }
        reference = f"{request.query.get('repo', '')}:{request.query.get('tag') or 'latest'}"
        self._table.images.add(from_dict(reference, description))
        return Response(201)

    @route("DELETE", "/images/{}")
    async def remove_image(self, _request: Request, name: str) -> Answer:
        if not self._table.images.remove(name):
            return fault(404, f"No such image: {name}")
        return Response.json(200, [{"Untagged": normal(name)}])

    @route("PUT", "/storemax/images/{}")
    async def register(self, request: Request, tag: str) -> Answer:
        """Not part of Docker: record what an image starts. The `docker` stand-in calls it in place of a build."""
        try:
            description: Any = request.json()
            self._table.images.add(from_dict(tag, description or {}))
        except (ValueError, TypeError, AttributeError) as problem:
            return fault(400, str(problem))
        return Response(201)
