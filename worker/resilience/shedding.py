"""Load shedding: when an isolate has too much at once, background work is refused first and critical work last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import ProblemError
from worker.routing import Priority

_SHARE: dict[Priority, float] = {"background": 0.5, "normal": 1.0, "critical": 2.0}


class Inflight:
    """Counts the requests that this isolate is working on."""

    def __init__(self) -> None:
        self.count = 0
        self.shed: Counter[Priority] = Counter()  # refused since the isolate's start

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1

    @contextmanager
    def parked(self, waits: bool) -> Iterator[None]:
        """Around a call that merely waits for news: it is no work, and many of them must not look like load."""
        self.count -= waits
        try:
            yield
        finally:
            self.count += waits

    def admit(self, priority: Priority, limit: int) -> None:
        """Raises overloaded when requests of this priority must wait."""
        if self.count > limit * _SHARE[priority]:
            self.shed[priority] += 1
            raise ProblemError("overloaded", "too many requests at once; try again", headers={"retry-after": "1"})


INFLIGHT = Inflight()
