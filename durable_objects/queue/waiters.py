"""Workers that wait for a task: each call stays open until something suits it, first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from durable_objects.queue.fair import suits

MAX_WAITERS = 1_000

Take = Callable[[Mapping[str, Any]], list[dict[str, Any]]]
Kind = tuple[str, str, frozenset[str]]


@dataclass(eq=False)
class Waiter:
    """One open call. `tasks` holds what it got, whether or not its time ran out in the same moment."""

    wish: Mapping[str, Any]
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[dict[str, Any]] = field(default_factory=list)


class Waiters:
    def __init__(self) -> None:
        self._line: dict[Waiter, None] = {}

    def __len__(self) -> int:
        return len(self._line)

    async def wait(self, wish: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
        """What `serve` gives this wish within `seconds`; empty at the end, and at once when too many wait already.

        A call that is repeated with its idempotency key takes the place of the first one, whose caller is gone.
        """
        self._end_earlier(wish.get("key"))
        if len(self._line) >= MAX_WAITERS:
            return []
        waiter = Waiter(wish)
        self._line[waiter] = None
        try:
            async with asyncio.timeout(seconds):
                await waiter.woken.wait()
        except TimeoutError:
            pass
        finally:
            self._line.pop(waiter, None)
        return waiter.tasks

    def _end_earlier(self, key: str | None) -> None:
        for waiter in [w for w in self._line if key and w.wish.get("key") == key]:
            del self._line[waiter]
            waiter.woken.set()

    def serve(self, kinds: Callable[[], list[Kind]], take: Take) -> None:
        """Give the waiting what suits them. kinds: of what waits, asked when somebody waits for it; take: leases it."""
        if not self._line:
            return
        there = kinds()
        for waiter in list(self._line):
            if not there:
                return
            if not any(suits(waiter.wish, kind) for kind in there):
                continue
            waiter.tasks = take(waiter.wish)
            if waiter.tasks:
                del self._line[waiter]
                waiter.woken.set()
                there = kinds()
