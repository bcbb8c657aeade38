"""The pool: instances that belong to no session. Who takes the next request, when the pool grows, when it may shrink.

A request goes to the less loaded of two instances drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized
Load Balancing", 2001), and only the first ones of the pool are drawn from, as many as the load needs and one: the others
get nothing to do, fall asleep, and so the pool shrinks by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from durable_objects.fleet.agents import POOL, pool_session
from durable_objects.fleet.directory import OCCUPIES, Directory, instants
from durable_objects.sqlite import Sql

PRESSURE_SECONDS = 1.0  # work that has waited so long asks for another instance


@dataclass(frozen=True, slots=True)
class Choice:
    """Which session takes the request; `new` when it is not running yet."""

    session: str
    new: bool = False


@dataclass(frozen=True, slots=True)
class _Member:
    session: str
    load: int
    runs: bool


class Pool:
    def __init__(self, sql: Sql, directory: Directory) -> None:
        self._sql, self._directory = sql, directory
        self._agent = directory.agent

    def pick(self, now: float, draw: Callable[[], float]) -> Choice | None:
        """An instance for a request without a session. A pool that has none to spare grows while there is room.
        None: no instance, and no room for one."""
        members = self._members(now)
        busy_at = self._agent.busy_at
        free = [member for member in members if member.load < busy_at]
        if not free:
            fresh = next(iter(self._fresh(1, now)), "")
            if fresh:
                self._directory.reserve(fresh, now)
                return self._send(_Member(fresh, 0, runs=False))
        needed = sum(member.load for member in members) // busy_at + 2
        first = [member for member in free if member in members[:needed]]
        drawn = first or free or members
        return self._send(_less_loaded(drawn, draw)) if drawn else None

    def to_start(self, waiting: int, oldest_age: float, now: float) -> list[str]:
        """Instances to start because work waits: as many as wait, as may start at once and as have room."""
        if waiting <= 0 or oldest_age < PRESSURE_SECONDS:
            return []
        spare = self._agent.parallel_starts - self._directory.starting(now)
        return self._fresh(min(waiting, spare), now)

    def to_keep_warm(self) -> list[str]:
        """The instances that the minimum asks for; those that run already too, since their sleep is put off."""
        return [pool_session(number) for number in range(self._agent.min_instances)]

    def _send(self, member: _Member) -> Choice:
        self._sql.run("UPDATE instances SET picked = picked + 1 WHERE session = ?", member.session)
        return Choice(member.session, new=not member.runs)

    def _members(self, now: float) -> list[_Member]:
        """Those that run or will in a moment, in the order of their numbers; one that is stopping takes nothing."""
        rows = self._sql.rows(
            f"""SELECT session, load + picked, status IN ('running', 'healthy') FROM instances
                WHERE session LIKE '{POOL}%' AND status <> 'stopping' AND {OCCUPIES}""",
            *instants(now),
        )
        members = [_Member(str(session), int(load), bool(runs)) for session, load, runs in rows]
        return sorted(members, key=lambda member: int(member.session.removeprefix(POOL)))

    def _fresh(self, wanted: int, now: float) -> list[str]:
        """Up to so many names of pool instances that have no place yet, as many as there is room for."""
        query = f"SELECT session FROM instances WHERE {OCCUPIES}"
        taken = {str(row[0]) for row in self._sql.rows(query, *instants(now))}
        names = (pool_session(number) for number in range(self._agent.max_instances))
        room = self._agent.max_instances - len(taken)
        return [name for name in names if name not in taken][: max(0, min(wanted, room))]


def _less_loaded(members: list[_Member], draw: Callable[[], float]) -> _Member:
    """Of two different ones, if there are two."""
    first = int(draw() * len(members))
    second = (first + 1 + int(draw() * (len(members) - 1))) % len(members)
    return min(members[first], members[second], key=lambda member: member.load)
