"""The whole of StoreMax on one machine: stock `wrangler dev` with a real Python Worker, and what stands in for the rest."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from local.engine.probe import find_docker
from local.processes import Program, StartFailed, free_port, in_use
from local.toolchain import NODE_MODULES, OFFLINE_FLAGS, ROOT, environment

# Where Docker runs the agents, the first start builds their image; and what a failure of that is worth saying.
DOCKER_START_SECONDS = 1800.0
DOCKER_ADVICE = """Docker ran the agents here ({engine}). Where it cannot build their image or fetch what that begins with,
STOREMAX_CONTAINERS=processes runs them as plain processes of this machine."""


@dataclass
class Stack:
    """Start with `with Stack(state_dir) as stack:`; then `stack.url` answers.

    state_dir: where the objects' data, logs and the tools' home folder go; kept between runs by whoever names it.
    config: the wrangler configuration, the product's own unless a test brings another.
    """

    state_dir: Path
    port: int = 0
    config: Path = ROOT / "wrangler.toml"
    extra_vars: Mapping[str, str] = field(default_factory=dict)
    extra_arguments: Sequence[str] = ()
    health_path: str = "/health"
    start_seconds: float = 60.0
    with_engine: bool = True
    direct_port: int = 0  # benchmarks: a socket straight to the Worker, past wrangler's proxy
    direct_log: bool = False  # benchmarks: and its log straight into a file, past wrangler

    def __post_init__(self) -> None:
        self.state_dir = self.state_dir.resolve()
        self.port = self.port or free_port()
        self.admin_key = f"smx_dev_{secrets.token_urlsafe(24)}"
        self._signing_key = secrets.token_hex(32)
        self.programs: list[Program] = []
        self.engine_name = "none"
        self.uses_docker = False
        self.pages_url = ""
        self._socket_dir: Path | None = None
        self._env: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Stack:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and wait until the Worker answers. Raises StartFailed with the logs that explain it."""
        if in_use(self.port):
            # Its answer would be taken for that of the Worker that is about to start.
            raise StartFailed(f"port {self.port} is in use: end what listens there, or choose another one")
        env = environment(self.state_dir / "home")
        if self.with_engine:
            env |= self._start_engine(env)
        if self.direct_port:
            env |= {
                "STOREMAX_DIRECT_PORT": str(self.direct_port),
                "STOREMAX_PYTHON": sys.executable,
                "STOREMAX_ROOT": str(ROOT),
            }
            if self.direct_log:
                env["STOREMAX_DIRECT_LOG"] = str(self.state_dir / "logs" / "direct.log")
        self._env = env
        self._start_and_wait()

    def _start_and_wait(self) -> None:
        self.worker = self._start_worker(self._env)
        seconds = DOCKER_START_SECONDS if self.uses_docker else self.start_seconds
        try:
            self.worker.wait_until(
                lambda: answers(self.url + self.health_path), seconds=seconds, waiting_for="answer of the Worker"
            )
        except StartFailed as failure:
            if not self.uses_docker:
                raise
            raise StartFailed(f"{failure}\n\n{DOCKER_ADVICE.format(engine=self.engine_name)}") from failure

    def stop(self) -> None:
        for program in reversed(self.programs):
            program.stop()
        self.programs.clear()
        if self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir = None

    def kill_worker(self) -> None:
        """SIGKILL to workerd and wrangler at once, as a lost machine would: nothing is flushed, nobody is told."""
        self.programs.remove(self.worker)
        self.worker.kill()

    def restart_worker(self) -> None:
        """After `kill_worker`: the same Worker with the same keys on the same state; waits until it answers."""
        self._start_and_wait()

    def kill_container(self, instance: str) -> None:
        """SIGKILL the container of `agentType:sessionId`, as a lost machine would. Raises LookupError when none runs."""
        for name in self._docker("ps", "-q").split():
            try:
                about = json.loads(self._docker("inspect", name))[0]
            except subprocess.CalledProcessError:
                continue  # it ended between the two commands
            if f"STOREMAX_INSTANCE={instance}" in (about["Config"].get("Env") or []):
                self._docker("kill", name)
                return
        raise LookupError(f"no container of {instance!r} runs")

    def _docker(self, *words: str) -> str:
        command = [self._env.get("WRANGLER_DOCKER_BIN", "docker"), *words]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def _start_engine(self, env: Mapping[str, str]) -> dict[str, str]:
        """The variables that lead wrangler and workerd to Docker, or to the process engine where no Docker answers or
        STOREMAX_CONTAINERS=processes asks for it."""
        docker = find_docker(env) if os.environ.get("STOREMAX_CONTAINERS") != "processes" else None
        if docker is not None:
            self.engine_name = f"Docker {docker.version}"
            self.uses_docker = True
            return {}
        self.engine_name = "process engine (a local stand-in for Docker)"
        # A Unix socket's path may have about 100 characters, so it gets a short folder of its own.
        self._socket_dir = Path(tempfile.mkdtemp(prefix="smx-"))
        socket = self._socket_dir / "engine.sock"
        logs = self.state_dir / "logs" / "containers"
        command = [sys.executable, "-m", "local.engine", "serve", f"--socket={socket}", f"--logs={logs}"]
        # Byte code beside the sources would look like a change of them, and wrangler would restart the Worker.
        command.append(f"--env=PYTHONPYCACHEPREFIX={ROOT / '.build' / 'pycache'}")
        for name in ("NUMBA_CACHE_DIR",):
            if name in env:
                command.append(f"--env={name}={env[name]}")
        program = Program("process engine", command, log=self.state_dir / "logs" / "engine.log", env=env, cwd=ROOT)
        self.programs.append(program)
        program.wait_until(socket.exists, seconds=20, waiting_for="socket")
        host = f"unix://{socket}"
        return {
            "WRANGLER_DOCKER_BIN": str(ROOT / "local" / "engine" / "docker"),
            "WRANGLER_DOCKER_HOST": host,
            "DOCKER_HOST": host,
        }

    def _start_worker(self, env: Mapping[str, str]) -> Program:
        variables = {
            "STOREMAX_ADMIN_KEY": self.admin_key,
            "STOREMAX_SIGNING_KEY": self._signing_key,
            **self.extra_vars,
        }
        env_file = self.state_dir / "dev.vars"
        env_file.parent.mkdir(parents=True, exist_ok=True)
        env_file.touch(mode=0o600)
        env_file.write_text("".join(f'{key}="{value}"\n' for key, value in variables.items()))
        command = [
            str(NODE_MODULES / ".bin" / "node"),
            str(NODE_MODULES / "wrangler" / "bin" / "wrangler.js"),
            "dev",
            f"--config={self.config}",
            "--local",
            "--ip=127.0.0.1",
            f"--port={self.port}",
            f"--inspector-port={free_port()}",
            f"--persist-to={self.state_dir / 'cloudflare'}",
            f"--env-file={env_file}",
            "--show-interactive-dev-session=false",
            *(f"--compatibility-flags={flag}" for flag in OFFLINE_FLAGS),
            *self.extra_arguments,
        ]
        program = Program("wrangler dev", command, log=self.state_dir / "logs" / "worker.log", env=env, cwd=ROOT)
        self.programs.append(program)
        return program


def answers(url: str) -> bool:
    """Does a GET of `url` answer with a 2xx within two seconds?"""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return 200 <= int(response.status) < 300
    except (urllib.error.URLError, OSError):
        return False
