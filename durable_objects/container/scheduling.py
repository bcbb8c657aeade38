"""The methods of Container that have it call itself later."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from durable_objects.container.alarm import Alarm
from durable_objects.container.js_runtime import known
from durable_objects.container.schedules import Schedules


class SchedulingMethods:
    _schedules: Schedules
    _alarm: Alarm

    async def schedule(self, when: float | datetime, callback: str, payload: Any = None) -> dict[str, Any]:
        """Call this object's method `callback` with `payload`, at an instant or in so many seconds; survives restarts.
        A callback with a second parameter gets the schedule too."""
        if not isinstance(callback, str) or not callable(getattr(self, callback, None)):
            raise ValueError(f"{type(self).__name__} has no method {callback!r} to call later")
        kept = self._schedules.add(when, callback, known(payload), time.time())
        self._alarm.plan()
        return kept.as_dict()

    async def list_schedules(self, callback: str | None = None) -> list[dict[str, Any]]:
        """All schedules, or those of one callback, earliest first."""
        return [schedule.as_dict() for schedule in self._schedules.all(known(callback))]

    async def get_schedule(self, task_id: str) -> dict[str, Any] | None:
        found = self._schedules.get(task_id)
        return found.as_dict() if found else None

    async def delete_schedule(self, task_id: str) -> bool:
        return self._schedules.delete(task_id)

    async def delete_schedules(self, callback: str) -> int:
        """Delete the schedules of one callback; answers how many there were."""
        return self._schedules.delete_named(callback)
