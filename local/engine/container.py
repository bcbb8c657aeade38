"""One container: a process, its ports, its log, and the states that Docker gives it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.engine.images import Image
from local.engine.ports import PortPool
from local.engine.processes import Processes, base_environment, exit_code

NEVER = "0001-01-01T00:00:00Z"
STOP_SECONDS = 10.0  # Docker's default between SIGTERM and SIGKILL


class NotStartedError(RuntimeError):
    """The program could not be started at all: no such file, not executable."""


class Status(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True)
class Setting:
    """Where and with what programs run.

    `folder` is their working folder, `python` the interpreter that `python` means, `logs` the folder of the log files;
    `extra` variables go to every program.
    """

    folder: Path
    python: Path
    logs: Path
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PortPlan:
    """Container port → port of this machine. `shared` serves the ports that have none of their own."""

    own: Mapping[int, int]
    shared: int | None
    variables: Mapping[str, str]

    def hosts(self, port: int) -> list[int]:
        """Where the container's `port` may be listened on, best first."""
        places = [self.own[port]] if port in self.own else []
        return places if self.shared is None else [*places, self.shared]


def plan_ports(exposed: Sequence[int], wanted: str | None, pool: PortPool) -> PortPlan:
    """Give every exposed port a port of this machine, and tell the program through PORT and PORT_<port>.

    PORT stands for the container port that the caller names in PORT, or for the only exposed one. With several exposed
    and none named it is `shared`: whichever of them is asked for, the program that listens on PORT answers.
    """
    main = int(wanted) if wanted is not None and wanted.isdigit() else None
    if main is None and len(exposed) == 1:
        main = exposed[0]
    own = {port: pool.take() for port in dict.fromkeys([*exposed, *([main] if main is not None else [])])}
    shared = pool.take() if main is None else None
    variables = {f"PORT_{port}": str(host) for port, host in own.items()}
    variables["PORT"] = str(shared if main is None else own[main])
    return PortPlan(own, shared, variables)


class Container:
    def __init__(
        self,
        name: str,
        image: Image,
        config: Mapping[str, Any],
        setting: Setting,
        processes: Processes,
        pool: PortPool,
    ) -> None:
        self.id = secrets.token_hex(32)
        self.name = name or f"storemax_{self.id[:8]}"
        self.image = image
        self.config = config
        self.status = Status.CREATED
        self.exit_code = 0
        self.created, self.started, self.finished = now(), NEVER, NEVER
        self.egress: Mapping[str, Any] | None = None  # what the sidecar was told last: see sidecar.py
        self.log = setting.logs / f"{self.name[:120].replace('/', '_')}-{self.id[:12]}.log"
        self._setting, self._processes, self._pool = setting, processes, pool
        self._process: asyncio.subprocess.Process | None = None
        self._reaper: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._is_running, self._not_running, self.removed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._not_running.set()
        given = dict(pair.split("=", 1) for pair in config.get("Env") or () if "=" in pair)
        self.ports = plan_ports(self._exposed(), given.get("PORT"), pool)
        self._environment = {
            **base_environment(setting.python),
            **image.environment,
            **setting.extra,
            **given,
            **self.ports.variables,
            "HOST": "127.0.0.1",  # nothing of a container is offered to the outside
            "STOREMAX_ENGINE": "process",
            "STOREMAX_CONTAINER_NAME": self.name,
        }

    @property
    def running(self) -> bool:
        return self.status is Status.RUNNING

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None and self.running else 0

    @property
    def network_of(self) -> str | None:
        """The name or id of the container whose network this one joins: its sidecar."""
        mode = str((self.config.get("HostConfig") or {}).get("NetworkMode") or "")
        return mode.removeprefix("container:") if mode.startswith("container:") else None

    @property
    def labels(self) -> Mapping[str, str]:
        return self.config.get("Labels") or {}

    @property
    def command(self) -> list[str]:
        """Docker's rule: an entrypoint of the caller drops the image's command, a command of the caller replaces it."""
        entrypoint, command = self.config.get("Entrypoint"), self.config.get("Cmd")
        if entrypoint:
            return [*entrypoint, *(command or ())]
        return [*self.image.entrypoint, *(command or self.image.command)]

    @property
    def environment(self) -> Mapping[str, str]:
        return self._environment

    @property
    def folder(self) -> Path:
        return self._setting.folder

    async def start(self) -> bool:
        """Start the program; False when it runs already. Raises NotStartedError."""
        async with self._changing:
            if self.running:
                return False
            command = self.command
            if not command:
                raise NotStartedError("no command specified")
            self.log.parent.mkdir(parents=True, exist_ok=True)
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                self._process = await self._processes.start(
                    _of_this_machine(command), self._environment, self._setting.folder, log, self.id
                )
            except OSError as problem:
                self.exit_code = 127
                os.write(log, f"{problem}\n".encode())
                raise NotStartedError(f"failed to start {command[0]}: {problem}") from problem
            finally:
                os.close(log)
            self.status, self.exit_code = Status.RUNNING, 0
            self.started, self.finished = now(), NEVER
            self._is_running.set()
            self._not_running.clear()
            self._reaper = asyncio.create_task(self._reap(self._process))
            return True

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        """As in a container, the end of the first process is the end of all."""
        returncode = await process.wait()
        self._processes.end(process.pid, self.id)
        self.status, self.exit_code, self.finished = Status.EXITED, exit_code(returncode), now()
        self._is_running.clear()
        self._not_running.set()

    def signal(self, number: int) -> bool:
        """Send a signal; False when nothing runs. SIGKILL reaches all processes of the container, others the first."""
        if not self.running or self._process is None:
            return False
        if number == signal.SIGKILL:
            self._processes.end(self._process.pid, self.id)
        else:
            self._process.send_signal(number)
        return True

    async def stop(self, seconds: float | None = None) -> bool:
        """SIGTERM, and SIGKILL when the program still runs `seconds` later; False when nothing runs."""
        if not self.signal(signal.SIGTERM):
            return False
        grace = float(self.config.get("StopTimeout") or STOP_SECONDS) if seconds is None else seconds
        try:
            await asyncio.wait_for(self._not_running.wait(), grace)
        except TimeoutError:
            await self.kill()
        return True

    async def kill(self) -> None:
        """SIGKILL, and wait until nothing of the container runs."""
        self.signal(signal.SIGKILL)
        await self._not_running.wait()

    async def wait(self, condition: str = "not-running") -> int:
        """The exit code, when the condition has come about: not-running, next-exit or removed."""
        if condition == "removed":
            await self.removed.wait()
        else:
            if condition == "next-exit":
                await self._is_running.wait()
            await self._not_running.wait()
        return self.exit_code

    async def remove(self) -> None:
        """End the program if it runs, and give back what it held. The log file stays."""
        if self.removed.is_set():
            return
        async with self._changing:
            await self.kill()
        if self._reaper is not None:
            await self._reaper
        for port in [*self.ports.own.values(), *([self.ports.shared] if self.ports.shared is not None else [])]:
            self._pool.give_back(port)
        self.removed.set()

    def inspect(self) -> dict[str, Any]:
        command = self.command
        return {
            "Id": self.id,
            "Name": "/" + self.name,
            "Created": self.created,
            "Path": command[0] if command else "",
            "Args": command[1:],
            "Image": self.image.id,
            "LogPath": str(self.log),
            "State": {
                "Status": str(self.status),
                "Running": self.running,
                "Paused": False,
                "Restarting": False,
                "OOMKilled": False,
                "Dead": False,
                "Pid": self.pid,
                "ExitCode": self.exit_code,
                "Error": "",
                "StartedAt": self.started,
                "FinishedAt": self.finished,
            },
            "Config": {
                "Image": self.config.get("Image", self.image.tag),
                "Env": [f"{name}={value}" for name, value in self._environment.items()],
                "Cmd": self.config.get("Cmd") or list(self.image.command),
                "Entrypoint": self.config.get("Entrypoint") or list(self.image.entrypoint),
                "Labels": dict(self.labels),
                "WorkingDir": str(self._setting.folder),
            },
            "HostConfig": self.config.get("HostConfig") or {},
            "NetworkSettings": {"IPAddress": "127.0.0.1", "Ports": self._published()},
            "StoreMax": {"Egress": self.egress, "Isolated": False},
        }

    def summary(self) -> dict[str, Any]:
        """One row of the container list."""
        return {
            "Id": self.id,
            "Names": ["/" + self.name],
            "Image": self.config.get("Image", self.image.tag),
            "ImageID": self.image.id,
            "Command": " ".join(self.command),
            "Labels": dict(self.labels),
            "State": str(self.status),
            "Status": f"Exited ({self.exit_code})" if self.status is Status.EXITED else str(self.status),
            "HostConfig": {"NetworkMode": (self.config.get("HostConfig") or {}).get("NetworkMode", "")},
        }

    def _exposed(self) -> list[int]:
        asked = [int(port.split("/")[0]) for port in self.config.get("ExposedPorts") or {}]
        return list(dict.fromkeys([*self.image.ports, *asked]))

    def _published(self) -> dict[str, Any]:
        return {f"{port}/tcp": binding(host) for port, host in self.ports.own.items()} if self.running else {}


def binding(port: int) -> list[dict[str, str]]:
    return [{"HostIp": "127.0.0.1", "HostPort": str(port)}]


def _of_this_machine(command: Sequence[str]) -> list[str]:
    """The image's own interpreter, say /opt/venv/bin/python, is the project's `python` here."""
    first = Path(command[0])
    if first.is_absolute() and not first.exists() and first.name.startswith("python"):
        return ["python", *command[1:]]
    return list(command)


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
