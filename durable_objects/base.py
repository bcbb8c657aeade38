"""What the stateful objects share: their database, their names, and one alarm for all their timers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from workers import DurableObject

from durable_objects.log import log
from durable_objects.sqlite import Migration, ObjectSql, Sql, migrate

__all__ = ["StatefulObject", "log", "now_ms"]


def now_ms() -> int:
    """Milliseconds since the epoch. In a Worker the clock stands still between two I/O operations."""
    return int(time.time() * 1000)


class StatefulObject(DurableObject):  # type: ignore[misc]
    """An object with migrated SQLite tables. Its name is `part:part:…`."""

    MIGRATIONS: ClassVar[Sequence[Migration]] = ()

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._raw = ctx._ctx  # the platform's own object: the SDK's wrapper costs a conversion per attribute
        self._sql: Sql = ObjectSql(self._raw.storage)
        self._names = str(self._raw.id.name or "").split(":")
        self._wake_at: int | None = None
        migrate(self._sql, self.MIGRATIONS)
        self._ready()

    def _ready(self) -> None:
        """After every start of the object, its tables in place."""

    def _wake(self, at: int) -> None:
        """Let the alarm ring at `at` (ms) or earlier. Part of the writes around it: no await may stand between."""
        if self._wake_at is None or at < self._wake_at:
            self._wake_at = at
            self._raw.storage.setAlarm(at)
