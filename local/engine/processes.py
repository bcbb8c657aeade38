"""One process per container, in a session of its own, ended together with everything that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from local.engine.watchdog import kill_group, kill_marked

ENGINE_MARK = "STOREMAX_ENGINE_ID"
CONTAINER_MARK = "STOREMAX_CONTAINER_ID"

# The variables of this machine that a container's program gets. All others stay outside: they may hold secrets.
PASSED_ON = ("HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Processes:
    """Starts processes, and has them ended when this process is gone (watchdog.py)."""

    def __init__(self) -> None:
        self.engine_id = uuid4().hex
        self._groups: set[int] = set()
        self._watchdog: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        # With `setpriv` (util-linux) the kernel itself ends the program when the engine dies: a second safeguard.
        setpriv = shutil.which("setpriv")
        self._prefix = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv and sys.platform == "linux" else []

    async def open(self) -> None:
        await self._start_watchdog()
        self._keeper = asyncio.create_task(self._keep_watchdog())

    async def close(self) -> None:
        """End whatever is left. Call it last."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
            await self._watchdog.wait()

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: int, container_id: str
    ) -> asyncio.subprocess.Process:
        """Start `command`; its output goes to the file descriptor `log`. Raises OSError when it cannot be started."""
        environment = {**environment, ENGINE_MARK: self.engine_id, CONTAINER_MARK: container_id}
        program = shutil.which(command[0], path=environment.get("PATH"))
        if program is None:
            raise FileNotFoundError(f"{command[0]}: not found in {environment.get('PATH')}")
        process = await asyncio.create_subprocess_exec(
            *self._prefix,
            program,
            *command[1:],
            env=environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._groups.add(process.pid)
        self._tell(f"+{process.pid}")
        return process

    def end(self, group: int, container_id: str) -> None:
        """Kill all that is left of a container: its process group, and children that left the group."""
        kill_group(group)
        kill_marked(f"{CONTAINER_MARK}={container_id}")
        self._groups.discard(group)
        self._tell(f"-{group}")

    async def _start_watchdog(self) -> None:
        script = Path(__file__).with_name("watchdog.py")
        self._watchdog = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(script),
            f"{ENGINE_MARK}={self.engine_id}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        for group in self._groups:
            self._tell(f"+{group}")

    async def _keep_watchdog(self) -> None:
        while self._watchdog is not None:
            await self._watchdog.wait()
            await self._start_watchdog()

    def _tell(self, line: str) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            with contextlib.suppress(OSError):  # it was killed: the next one is told all groups
                self._watchdog.stdin.write(line.encode() + b"\n")


def base_environment(python: Path) -> dict[str, str]:
    """What every program gets: a few variables of this machine, and the folder of `python` first on PATH."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    return environment


def signal_number(name: str) -> int:
    """SIGTERM, TERM or 15 → 15. Raises ValueError."""
    if name.isdigit():
        return signal.Signals(int(name)).value
    try:
        return signal.Signals["SIG" + name.upper().removeprefix("SIG")].value
    except KeyError:
        raise ValueError(f"Invalid signal: {name}") from None


def exit_code(returncode: int) -> int:
    """A process ended by signal N counts as 128 + N, as in Docker and in shells."""
    return 128 - returncode if returncode < 0 else returncode
