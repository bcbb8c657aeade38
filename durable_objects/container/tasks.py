"""Tasks that go on beside the caller. The event loop holds tasks weakly: whoever starts one keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    def __init__(self) -> None:
        self._kept: set[asyncio.Future[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.keep(asyncio.ensure_future(work))

    def keep(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task
