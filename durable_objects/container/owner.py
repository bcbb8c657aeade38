"""What the lifecycle calls on its Container, kept off that class: public methods of an object can be called from outside."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from durable_objects.container.settings import Launch, StartOptions
from durable_objects.container.states import State

if TYPE_CHECKING:
    from durable_objects.container.container import Container


class OwnerHooks:
    def __init__(self, owner: Container) -> None:
        self._owner = owner

    def launch(self, options: StartOptions, incarnation: str) -> Launch:
        owner = self._owner
        env = owner.env_vars if options.env_vars is None else options.env_vars
        internet = owner.enable_internet if options.enable_internet is None else options.enable_internet
        entrypoint = options.entrypoint if options.entrypoint is not None else owner.entrypoint
        return Launch(
            env={**env, **owner._variables(incarnation)},
            entrypoint=tuple(entrypoint) if entrypoint else None,
            enable_internet=internet,
            labels=owner.labels if options.labels is None else options.labels,
        )

    async def admit(self, remaining: float) -> None:
        await self._owner._before_start(remaining)
        self._owner._outbound.forget()
        await self._owner._outbound.apply()

    async def started(self) -> None:
        outcome: Any = self._owner.on_start()
        if inspect.isawaitable(outcome):
            await outcome

    async def stopped(self, exit_code: int | None, reason: str) -> None:
        outcome: Any = self._owner.on_stop(exit_code, reason)
        if inspect.isawaitable(outcome):
            await outcome

    async def failed(self, error: Exception) -> None:
        await self._owner._report(error)

    def moved(self, before: State, after: State) -> None:
        self._owner._moved(before, after)

    def wake(self) -> None:
        self._owner._alarm.wake()
