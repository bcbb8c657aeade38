"""What can go wrong with a container, as exceptions.

ContainerFault                 status 500, a caller sees `str(fault)`
 ├─ NoPort                     the class names no port and neither did the call
 ├─ NoInstance       503       no room on the platform, or the limit of instances is reached
 ├─ RateLimited      429       too many starts per second
 ├─ CrashLoop        503       the program keeps dying: its breaker is open
 ├─ BackingOff       503       it died a moment ago and the pause before the next start is longer than the budget
 ├─ Crashed                    the program ended before it was ready
 ├─ NotReady                   the readiness budget passed; the text says what was waited for
 ├─ Replaced                   the answer came from another incarnation than the one that was asked
 ├─ Stopped          503       it was told to end while it started
 ├─ Cancelled                  the caller gave up while the container started
 └─ RuntimeFault               the platform refused a call; `reading` says what it means
"""

from __future__ import annotations

from durable_objects.container.meanings import Meaning, Reading, read


class ContainerFault(Exception):
    """`retry_after` is in seconds, where waiting may help."""

    status = 500

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class NoPort(ContainerFault):
    pass


class NoInstance(ContainerFault):
    status = 503


class RateLimited(ContainerFault):
    status = 429


class CrashLoop(ContainerFault):
    status = 503


class BackingOff(ContainerFault):
    status = 503


class Crashed(ContainerFault):
    def __init__(self, text: str, exit_code: int | None = None) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class NotReady(ContainerFault):
    pass


class Replaced(ContainerFault):
    pass


class Stopped(ContainerFault):
    status = 503


class Cancelled(ContainerFault):
    pass


class RuntimeFault(ContainerFault):
    """An error of the platform's container API, with its text kept and its meaning read."""

    def __init__(self, text: str, reading: Reading | None = None) -> None:
        super().__init__(text)
        self.reading = reading or read(text)

    @property
    def meaning(self) -> Meaning:
        return self.reading.meaning
