"""When the container may sleep: `sleep_after` seconds after the last activity, and never while a request is open."""

from __future__ import annotations


class Activity:
    """Times are seconds since 1970."""

    def __init__(self, sleep_after: float, now: float) -> None:
        self.sleep_after = sleep_after
        self.last = now
        self.in_flight = 0

    def renew(self, now: float) -> None:
        self.last = max(self.last, now)

    def begin(self, now: float) -> None:
        self.in_flight += 1
        self.renew(now)

    def end(self, now: float) -> None:
        """The quiet time is counted from the end of the last open request."""
        self.in_flight = max(0, self.in_flight - 1)
        self.renew(now)

    @property
    def deadline(self) -> float:
        return self.last + self.sleep_after

    def expired(self, now: float) -> bool:
        return self.in_flight == 0 and now >= self.deadline
