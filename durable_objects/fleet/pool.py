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
    """Which session takes the request; `new` when it is not running yet; `reclaim`: the idle instance that has to be told
    to stop for it."""

    session: str
    new: bool = False
    reclaim: str = ""


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
        """An instance for a request without a session. A pool that has none to spare grows while there is room, or an
        idle instance that can make some. None: no instance, and no room for one."""
        members = self._members(now)
        busy_at = self._agent.busy_at
        free = [member for member in members if member.load < busy_at]
        if not free:
            grown = self._grow(now)
            if grown is not None:
                return grown
        needed = sum(member.load for member in members) // busy_at + 2
        first = [member for member in free if member in members[:needed]]
        drawn = first or free or members
        return self._send(_less_loaded(drawn, draw)) if drawn else None

    def _grow(self, now: float) -> Choice | None:
        name = next(iter(self._unused(now)), "")
        if not name:
            return None
        reclaim = ""
        if self._directory.occupied(now) < self._agent.max_instances:
            self._directory.reserve(name, now)
        else:
            takeover = self._directory.take_over(name, now)
            if takeover is None:
                return None
            reclaim = takeover.reclaim
        return self._send(_Member(name, 0, runs=False), reclaim)

    def to_start(self, waiting: int, oldest_age: float, now: float) -> list[str]:
        """Instances to start because work waits: as many as wait, as may start at once and as have room."""
        if waiting <= 0 or oldest_age < PRESSURE_SECONDS:
            return []
        spare = self._agent.parallel_starts - self._directory.starting(now)
        room = self._agent.max_instances - self._directory.occupied(now)
        return self._unused(now)[: max(0, min(waiting, spare, room))]

    def to_keep_warm(self) -> list[str]:
        """The instances that the minimum asks for; those that run already too, since their sleep is put off."""
        return [pool_session(number) for number in range(self._agent.min_instances)]

    def _send(self, member: _Member, reclaim: str = "") -> Choice:
        self._sql.run("UPDATE instances SET picked = picked + 1 WHERE session = ?", member.session)
        return Choice(member.session, new=not member.runs, reclaim=reclaim)

    def _members(self, now: float) -> list[_Member]:
        """Those that run or will in a moment, in the order of their numbers; one that is stopping takes nothing."""
        rows = self._sql.rows(
            f"""SELECT session, load + picked, status IN ('running', 'healthy') FROM instances
                WHERE session LIKE '{POOL}%' AND status <> 'stopping' AND {OCCUPIES}""",
            *instants(now),
        )
        members = [_Member(str(session), int(load), bool(runs)) for session, load, runs in rows]
        return sorted(members, key=lambda member: int(member.session.removeprefix(POOL)))

    def _unused(self, now: float) -> list[str]:
        """The names of pool instances that have no place yet."""
        query = f"SELECT session FROM instances WHERE {OCCUPIES}"
        taken = {str(row[0]) for row in self._sql.rows(query, *instants(now))}
        names = (pool_session(number) for number in range(self._agent.max_instances))
        return [name for name in names if name not in taken]


def _less_loaded(members: list[_Member], draw: Callable[[], float]) -> _Member:
    """Of two different ones, if there are two."""
    first = int(draw() * len(members))
    second = (first + 1 + int(draw() * (len(members) - 1))) % len(members)
    return min(members[first], members[second], key=lambda member: member.load)
