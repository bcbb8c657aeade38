"""The engine itself: a Unix socket that answers the Docker Engine API, from its start to its orderly end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.engine.api import Api
from local.engine.container import Setting
from local.engine.http import Hijack, Request, Response, serve_connection
from local.engine.images import ImageStore, load
from local.engine.processes import Processes
from local.engine.table import Table

PROJECT = Path(__file__).resolve().parents[2]
KEPT_LOGS = 200


@dataclass(frozen=True)
class Options:
    socket: Path
    setting: Setting
    images: ImageStore
    parent: int | None = None
    trace: bool = False


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT, or until the process `options.parent` is gone. Leaves no process behind."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    processes = Processes()
    table = Table(options.setting, options.images, processes)
    handler = _traced(Api(table)) if options.trace else Api(table)
    _trim(options.setting.logs)
    _clear_socket(options.socket)
    await processes.open()
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        await serve_connection(handler, reader, writer)

    server = await asyncio.start_unix_server(accept, options.socket)
    options.socket.chmod(0o600)  # whoever may write to it may start any program as this user
    guard = asyncio.create_task(_watch_parent(options.parent, stop))
    print(f"process engine: unix://{options.socket}, logs in {options.setting.logs}", file=sys.stderr, flush=True)
    try:
        await stop.wait()
    finally:
        guard.cancel()
        server.close()
        await table.clear()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(guard, *connections, return_exceptions=True)
        await processes.close()
        options.socket.unlink(missing_ok=True)


async def _watch_parent(parent: int | None, stop: asyncio.Event) -> None:
    while parent is not None:
        if os.getppid() != parent:
            stop.set()
            return
        await asyncio.sleep(0.5)


def _traced(api: Api) -> Api:
    original = api.__call__

    async def call(request: Request) -> Response | Hijack:
        answer = await original(request)
        body = request.body.decode("utf-8", "replace")
        print(f"{request.method} {request.target} {body} -> {answer.status}", file=sys.stderr, flush=True)
        return answer

    return call  # type: ignore[return-value]


def _clear_socket(path: Path) -> None:
    """Remove the socket of an engine that was killed. Raises SystemExit when one still answers there."""
    import socket

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise SystemExit(f"an engine already answers at {path}: stop it first, or choose another --socket")


def _trim(logs: Path) -> None:
    """Keep the newest logs: each start of a container adds one."""
    logs.mkdir(parents=True, exist_ok=True)
    for path in sorted(logs.glob("*.log"), key=lambda path: path.stat().st_mtime)[:-KEPT_LOGS]:
        with contextlib.suppress(FileNotFoundError):  # another engine trims the same folder
            path.unlink()


def parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m local.engine", description="A local stand-in for a Docker Engine.")
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("serve", help="answer the Docker Engine API on a Unix socket")
    one.add_argument("--socket", type=Path, required=True, help="path of the Unix socket (at most 100 characters)")
    one.add_argument(
        "--images",
        action="append",
        default=[],
        metavar="JSON",
        help="images known from the start: a JSON text or file, {tag: {command, entrypoint, environment, ports}}",
    )
    one.add_argument("--folder", type=Path, default=PROJECT, help="working folder of all programs")
    one.add_argument("--python", type=Path, default=PROJECT / ".venv" / "bin" / "python", help="what `python` means")
    one.add_argument("--logs", type=Path, help="folder of the log files (default: .storemax/containers)")
    one.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable for all programs")
    one.add_argument("--outlive-parent", action="store_true", help="go on when the process that started it ends")
    one.add_argument("--trace", action="store_true", help="print every request on standard error")
    given = parser.parse_args(arguments)
    python = given.python if given.python.exists() else Path(sys.executable)
    setting = Setting(
        folder=given.folder.resolve(),
        python=python.absolute(),
        logs=(given.logs or PROJECT / ".storemax" / "containers").absolute(),
        extra=dict(pair.split("=", 1) for pair in given.env),
    )
    images = ImageStore(image for text in given.images for image in load(text))
    parent = None if given.outlive_parent else os.getppid()
    return Options(given.socket.absolute(), setting, images, parent, given.trace)


def main() -> None:
    asyncio.run(serve(parse(sys.argv[1:])))
