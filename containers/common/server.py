"""The HTTP server of an agent: uvicorn, with a stop that refuses new work politely instead of closing the port.

SIGTERM: new requests get 503 with Retry-After, running ones are told to finish (`lifecycle.stop_requested`) and have
the grace to do so; then the port closes and the process ends with status 0. A second signal ends the wait.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from containers.common.lifecycle import Lifecycle
from containers.common.logs import log


class DrainingServer(uvicorn.Server):
    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self.lifecycle: Lifecycle = app.state.lifecycle
        self.grace_s: float = app.state.settings.grace_s
        self.agent = app.title
        self._drain: asyncio.Task[None] | None = None
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                loop="asyncio",
                http="h11",  # pure Python, in every image; an agent's work is minutes, not microseconds
                ws="websockets-sansio",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,  # our own grace has passed by then
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would raise the signal again after the stop, and so end with a status other than 0: ours do not."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            log("listening", port=self.config.port, ms=round(self.lifecycle.uptime_s * 1000))

    async def on_tick(self, counter: int) -> bool:
        if self.lifecycle.failure and self._drain is None:
            self.should_exit = True
        return await super().on_tick(counter)

    def _on_signal(self, number: int) -> None:
        if self._drain is None:
            log("drain.begun", signal=signal.Signals(number).name, in_flight=self.lifecycle.in_flight)
            self._drain = asyncio.get_running_loop().create_task(self._drain_and_exit())
        else:
            log("drain.cut_short", level="warning", in_flight=self.lifecycle.in_flight)
            self.should_exit = True

    async def _drain_and_exit(self) -> None:
        finished = await self.lifecycle.drain(self.grace_s)
        log(
            "drain.finished" if finished else "drain.grace_over",
            level="info" if finished else "warning",
            in_flight=self.lifecycle.in_flight,
        )
        self.should_exit = True


def serve(app: FastAPI, host: str, port: int) -> int:
    """Run until told to stop. The process's exit status: 0 after an orderly stop, 1 when the start failed."""
    server = DrainingServer(app, host, port)
    try:
        server.run()
    except SystemExit as stop:  # uvicorn's way to say that it could not bind
        return int(stop.code or 0) and 1
    return 1 if server.lifecycle.failure else 0
