"""The object that remembers answers is swept a day after its first one, however often it is started anew meanwhile."""

from __future__ import annotations

from typing import Any


class Storage:
    """The alarm of a Durable Object, which outlives its starts."""

    def __init__(self) -> None:
        self.alarm: float | None = None
        self.set = 0

    async def getAlarm(self) -> float | None:
        return self.alarm

    def setAlarm(self, at: int) -> None:
        self.alarm, self.set = at, self.set + 1


async def test_a_start_does_not_put_the_sweep_off(gateway: Any) -> None:
    from durable_objects.idempotency_store import KEPT_S, IdempotencyStore

    storage = Storage()

    def started() -> Any:
        store = IdempotencyStore.__new__(IdempotencyStore)
        store._storage, store._alarm_set = storage, False
        return store

    first = started()
    await first._see_that_it_is_swept(1000.0)
    await first._see_that_it_is_swept(2000.0)
    assert (storage.alarm, storage.set) == ((1000 + KEPT_S) * 1000, 1)
    await started()._see_that_it_is_swept(50_000.0)
    assert (storage.alarm, storage.set) == ((1000 + KEPT_S) * 1000, 1)
    storage.alarm = None  # it rang, and everything was swept
    await started()._see_that_it_is_swept(90_000.0)
    assert storage.alarm == (90_000 + KEPT_S) * 1000
