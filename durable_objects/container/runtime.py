"""What the lifecycle asks of the platform. `js_runtime` answers it with ctx.container; tests answer it in memory."""

from __future__ import annotations

from typing import Protocol

from durable_objects.container.readiness import Look
from durable_objects.container.settings import Launch
from durable_objects.container.states import Ended


class Runtime(Protocol):
    @property
    def running(self) -> bool:
        """The platform's own word, read anew each time."""

    def start(self, launch: Launch) -> None:
        """Ask for an instance; returns at once. Raises RuntimeFault."""

    async def wait_exit(self) -> Ended:
        """Wait until the running instance has ended. Never raises for how it ended; raises RuntimeFault for the rest:
        no instance could be had, or too many starts."""

    async def probe(self, port: int, endpoint: str, timeout: float) -> Look:
        """GET http://<endpoint> on the port. Raises RuntimeFault, or TimeoutError after `timeout` seconds."""

    def signal(self, number: int) -> None:
        """Raises RuntimeFault."""

    async def destroy(self) -> None:
        """SIGKILL, and wait until it is gone."""
