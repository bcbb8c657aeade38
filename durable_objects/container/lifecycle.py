"""The life of one container: started, watched, stopped.

Written against `Runtime`, so that every race can be played on CPython. Nothing here runs inside blockConcurrencyWhile:
a start takes seconds, and the object must go on answering meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

from durable_objects.container.hooks import Hooks
from durable_objects.container.record import Record
from durable_objects.container.runtime import Runtime
from durable_objects.container.settings import STOP_GRACE, Budgets
from durable_objects.container.starting import Starting
from durable_objects.container.stopping import Stopping
from durable_objects.container.watch import Watch


class Lifecycle:
    """`stop_grace`: seconds from SIGTERM to SIGKILL, None: never."""

    def __init__(
        self,
        runtime: Runtime,
        record: Record,
        hooks: Hooks,
        budgets: Budgets,
        *,
        stop_grace: float | None = STOP_GRACE,
        now: Callable[[], float],
        draw: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self.runtime, self.record = runtime, record
        self.watch = Watch(runtime, record, hooks, now=now, draw=draw, new_id=new_id)
        self.starting = Starting(self.watch, budgets, now=now, draw=draw, new_id=new_id)
        self.stopping = Stopping(self.watch, stop_grace, now)

    @property
    def ready(self) -> bool:
        return self.runtime.running and self.record.state.status == "healthy"
