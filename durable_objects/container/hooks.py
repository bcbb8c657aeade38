"""What the life of a container tells its owner, and asks of it."""

from __future__ import annotations

from typing import Protocol

from durable_objects.container.settings import Launch, StartOptions
from durable_objects.container.states import State


class Hooks(Protocol):
    def launch(self, options: StartOptions, incarnation: str) -> Launch:
        """What the next start hands to the platform."""

    async def admit(self, remaining: float) -> None:
        """Asked before each start; may wait up to `remaining` seconds, or raise a ContainerFault."""

    async def started(self) -> None: ...

    async def stopped(self, exit_code: int | None, reason: str) -> None: ...

    async def failed(self, error: Exception) -> None: ...

    def moved(self, before: State, after: State) -> None: ...

    def wake(self) -> None:
        """Something that the alarm looks after has changed."""
