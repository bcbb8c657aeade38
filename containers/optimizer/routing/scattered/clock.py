"""When a search must end: by time, or because whoever asked wants the best plan now."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Clock:
    """until: an instant of time.perf_counter(). stopped: says whether the caller wants an end."""

    until: float = float("inf")
    stopped: Callable[[], bool] = _never

    @classmethod
    def of(cls, seconds: float, stopped: Callable[[], bool] = _never) -> Clock:
        """A clock that runs out in so many seconds."""
        return cls(time.perf_counter() + seconds, stopped)

    def over(self) -> bool:
        return self.stopped() or time.perf_counter() > self.until

    def left(self) -> float:
        """Seconds."""
        return self.until - time.perf_counter()
