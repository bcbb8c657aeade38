"""Many callers, one run: whoever comes while it runs joins it and gets its outcome.

The run is a task of its own: a caller that goes away does not take it down with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    def __init__(self) -> None:
        self._task: asyncio.Task[T] | None = None

    @property
    def flying(self) -> bool:
        return self._task is not None and not self._task.done()

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._task is None or self._task.done():

            async def fly() -> T:
                return await work()

            self._task = asyncio.ensure_future(fly())
            # Nobody may be left to take the exception: mark it as seen.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._task)
