"""The gateway's end of a deadline (contracts/deadline.py): work is given up when it passes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from contracts.deadline import passed

T = TypeVar("T")


async def before(deadline: float | None, now: float, work: Awaitable[T]) -> T:
    """The result of `work`, given up at the deadline. Raises deadline-exceeded."""
    if deadline is None:
        return await work
    try:
        return await asyncio.wait_for(work, max(0.0, deadline - now))
    except TimeoutError:
        raise passed() from None
