"""The directory of one agent type's instances: who is there, who may start, who has to make room.

An instance occupies a place from the moment that it is reserved or its start is permitted until it reports that it has
stopped. A reservation or a permit that is not used, and an instance that has not been heard of, give their place back
after a while.

A start that finds no place takes over that of an idle instance: it reserves a place, the idle one is told to stop, and
the start is admitted when that has happened. Until then one place counts twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from durable_objects.fleet.agents import AgentType
from durable_objects.sqlite import Sql, scalar

PERMIT_SECONDS = 60.0
RESERVATION_SECONDS = 15.0  # a request that was sent to an instance has reached it by then, or never will
SILENCE_SECONDS = 600.0  # instances report at least every three minutes while they run
KEPT_STOPPED = 100
RATION_RETRY = 0.25
RECLAIM_RETRY = 0.25
FULL_RETRY = 5.0

_ALIVE = "(status IN ('running', 'healthy', 'stopping') AND seen > ?1)"
_USED = f"({_ALIVE} OR permit_until > ?2)"
_RESERVED = "(reserved_until > ?2)"
OCCUPIES = f"({_USED} OR {_RESERVED})"
_LEAVING = "(status = 'stopping' AND seen > ?1)"
STARTING = "(permit_until > ?2 AND status <> 'healthy')"


def instants(now: float) -> tuple[float, float]:
    """What OCCUPIES and STARTING compare with: ?1, ?2."""
    return now - SILENCE_SECONDS, now


@dataclass(frozen=True, slots=True)
class Admission:
    """`retry_after` in seconds where the answer is no: full for now, or, with a place reserved, waiting for its turn
    (rationed) or for another instance's end (reclaiming). `reclaim`: the idle instance that has to be told to stop."""

    granted: bool
    reason: Literal["granted", "rationed", "reclaiming", "full"] = "granted"
    retry_after: float = 0.0
    reclaim: str = ""


class Directory:
    """Times are seconds since 1970."""

    def __init__(self, sql: Sql, agent: AgentType) -> None:
        self._sql = sql
        self.agent = agent

    def occupied(self, now: float) -> int:
        return self._count(OCCUPIES, now)

    def starting(self, now: float) -> int:
        return self._count(STARTING, now)

    def admit(self, session: str, now: float) -> Admission:
        """May this session start its container now?"""
        # One that runs or has its permit is not held up again, whatever the others do.
        if not self._is(session, _USED, now):
            refused = self._without_place(session, now)
            if refused is not None:
                return refused
            if self.starting(now) >= self.agent.parallel_starts:
                self.reserve(session, now)
                return Admission(False, "rationed", RATION_RETRY)
        self._sql.run(
            """INSERT INTO instances (session, permit_until, since, seen) VALUES (?1, ?2, ?3, ?3)
               ON CONFLICT (session) DO UPDATE SET permit_until = excluded.permit_until, seen = excluded.seen,
                   reserved_until = 0""",
            session,
            now + PERMIT_SECONDS,
            now,
        )
        return Admission(True)

    def reserve(self, session: str, now: float) -> None:
        """Keep a place for a start that will be asked for in a moment."""
        self._sql.run(
            """INSERT INTO instances (session, reserved_until, since) VALUES (?, ?, ?)
               ON CONFLICT (session) DO UPDATE SET reserved_until = excluded.reserved_until""",
            session,
            now + RESERVATION_SECONDS,
            now,
        )

    def _without_place(self, session: str, now: float) -> Admission | None:
        """None when there is a place for this session."""
        reserved = self._is(session, _RESERVED, now)
        taken = self._count(_USED if reserved else OCCUPIES, now)
        if taken < self.agent.max_instances:
            return None
        if reserved and self._count(_LEAVING, now):
            self.reserve(session, now)
            return Admission(False, "reclaiming", RECLAIM_RETRY)
        takeover = self.take_over(session, now)
        if takeover is None:
            self._sql.run("UPDATE instances SET reserved_until = 0 WHERE session = ?", session)
        return takeover or Admission(False, "full", FULL_RETRY)

    def take_over(self, session: str, now: float) -> Admission | None:
        """Reserve for this session the place of an idle instance, if there is one. It counts as stopping from here on:
        the next who finds no place needs another one's."""
        idle = self.reclaimable(now)
        if not idle:
            return None
        self._sql.run("UPDATE instances SET status = 'stopping', since = ? WHERE session = ?", now, idle)
        self.reserve(session, now)
        return Admission(False, "reclaiming", RECLAIM_RETRY, idle)

    def reclaimable(self, now: float) -> str:
        """The instance that nobody has asked for the longest time, and for `reclaim_after` at least; "" when there is
        none, or when the minimum needs it."""
        if self.occupied(now) - self._count(_LEAVING, now) <= self.agent.min_instances:
            return ""
        found = self._sql.rows(
            """SELECT session FROM instances WHERE status = 'healthy' AND load = 0 AND picked = 0 AND active < ?
               AND permit_until <= ? AND reserved_until <= ? ORDER BY active LIMIT 1""",
            now - self.agent.reclaim_after,
            now,
            now,
        )
        return str(found[0][0]) if found else ""

    def report(self, session: str, news: dict[str, Any], now: float) -> bool:
        """What an instance says of itself: status, incarnation, at, load, active and whatever else is worth showing.
        Reports can overtake each other: an older one (by `at`, its own clock) is ignored; False then."""
        at, status = float(news["at"]), str(news["status"])
        known = self._sql.rows("SELECT at, status, since FROM instances WHERE session = ?", session)
        if known and at < known[0][0]:
            return False
        since = float(known[0][2]) if known and known[0][1] == status else at
        shown = {key: value for key, value in news.items() if key not in ("status", "incarnation", "at", "load")}
        self._sql.run(
            """INSERT INTO instances (session, status, incarnation, at, since, load, active, seen, about)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (session) DO UPDATE SET status = excluded.status, incarnation = excluded.incarnation,
                   at = excluded.at, since = excluded.since, load = excluded.load, active = excluded.active,
                   seen = excluded.seen, about = excluded.about, picked = 0""",
            session,
            status,
            str(news.get("incarnation", "")),
            at,
            since,
            int(news.get("load", 0)),
            float(news.get("active") or at),
            now,
            json.dumps(shown),
        )
        if status in ("healthy", "stopped", "stopped_with_code"):
            self.release(session)
        if status == "stopped":
            self._forget_old(now)
        return True

    def release(self, session: str) -> None:
        """A permit that is used, or will not be."""
        self._sql.run("UPDATE instances SET permit_until = 0 WHERE session = ?", session)

    def silent(self, now: float, seconds: float) -> list[str]:
        """Instances that occupy a place and have not been heard of for so long: worth asking."""
        query = f"SELECT session FROM instances WHERE {OCCUPIES} AND reserved_until <= ?2 AND seen < ?3 ORDER BY seen"
        return [str(row[0]) for row in self._sql.rows(query, *instants(now), now - seconds)]

    def listing(self, now: float) -> dict[str, Any]:
        rows = self._sql.rows(
            """SELECT session, status, incarnation, since, load, seen, max(permit_until, reserved_until), about
               FROM instances ORDER BY session"""
        )
        return {
            "type": self.agent.name,
            "max_instances": self.agent.max_instances,
            "min_instances": self.agent.min_instances,
            "occupied": min(self.occupied(now), self.agent.max_instances),
            "instances": [
                {
                    "session": session,
                    "status": "starting" if expected > now and status == "stopped" else status,
                    "incarnation": incarnation,
                    "since": since,
                    "load": load,
                    "seen": seen,
                    **json.loads(about),
                }
                for session, status, incarnation, since, load, seen, expected, about in rows
            ],
        }

    def _count(self, condition: str, now: float) -> int:
        # A statement has to use what it is given: ?1 and ?2 both, whichever the condition needs.
        return int(scalar(self._sql, f"SELECT count(*) FROM instances WHERE ?1 < ?2 AND {condition}", *instants(now)))

    def _is(self, session: str, condition: str, now: float) -> bool:
        query = f"SELECT count(*) FROM instances WHERE session = ?3 AND ?1 < ?2 AND {condition}"
        return bool(scalar(self._sql, query, *instants(now), session))

    def _forget_old(self, now: float) -> None:
        self._sql.run(
            f"""DELETE FROM instances WHERE status = 'stopped' AND permit_until = 0 AND reserved_until <= ? AND session
                NOT IN (SELECT session FROM instances ORDER BY seen DESC LIMIT {KEPT_STOPPED})""",
            now,
        )
