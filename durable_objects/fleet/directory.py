"""The directory of one agent type's instances: who is there, who may start, who takes the next request.

An instance occupies a place from the moment its start is permitted until it reports that it has stopped. A permit that
is not used, and an instance that has not been heard of, give their place back after a while.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from durable_objects.fleet.agents import POOL, AgentType, pool_session

Execute = Callable[..., list[dict[str, Any]]]

PERMIT_SECONDS = 60.0
SILENCE_SECONDS = 600.0  # instances report at least every three minutes while they run
RECLAIM_IDLE_SECONDS = 60.0
KEPT_STOPPED = 100
RATION_RETRY = 0.25
RECLAIM_RETRY = 1.0
FULL_RETRY = 5.0

TABLES = (
    """CREATE TABLE IF NOT EXISTS instances (
        session TEXT PRIMARY KEY,
        status TEXT NOT NULL DEFAULT 'stopped',
        incarnation TEXT NOT NULL DEFAULT '',
        at REAL NOT NULL DEFAULT 0,
        since REAL NOT NULL DEFAULT 0,
        load INTEGER NOT NULL DEFAULT 0,
        picked INTEGER NOT NULL DEFAULT 0,
        active REAL NOT NULL DEFAULT 0,
        seen REAL NOT NULL DEFAULT 0,
        permit_until REAL NOT NULL DEFAULT 0,
        about TEXT NOT NULL DEFAULT '{}'
    )""",
)
_OCCUPIES = "((status IN ('running', 'healthy', 'stopping') AND seen > :silent) OR permit_until > :now)"
_STARTING = "(permit_until > :now AND status <> 'healthy')"


@dataclass(frozen=True, slots=True)
class Admission:
    """`retry_after` in seconds where the answer is no; `reclaim` is an idle instance whose end would make room."""

    granted: bool
    reason: Literal["granted", "rationed", "full"] = "granted"
    retry_after: float = 0.0
    reclaim: str = ""
    occupied: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Which session takes the request; `new` when it has to start first. None: no place and nobody free."""

    session: str
    new: bool = False


class Directory:
    """Times are seconds since 1970."""

    def __init__(self, execute: Execute, agent: AgentType) -> None:
        self._execute = execute
        self.agent = agent
        for statement in TABLES:
            execute(statement)

    def _rows(self, query: str, now: float) -> list[dict[str, Any]]:
        # The two instants are numbers of ours, and named parameters are not known everywhere.
        text = query.replace(":silent", repr(now - SILENCE_SECONDS)).replace(":now", repr(now))
        return self._execute(text)

    def occupied(self, now: float) -> int:
        return int(self._rows(f"SELECT count(*) AS n FROM instances WHERE {_OCCUPIES}", now)[0]["n"])

    def admit(self, session: str, now: float) -> Admission:
        """May this session start its container now?"""
        mine = self._rows(f"SELECT session FROM instances WHERE {_OCCUPIES}", now)
        if not any(row["session"] == session for row in mine):
            if len(mine) >= self.agent.max_instances:
                return self._full(now, len(mine))
            starting = int(self._rows(f"SELECT count(*) AS n FROM instances WHERE {_STARTING}", now)[0]["n"])
            if starting >= self.agent.parallel_starts:
                return Admission(False, "rationed", RATION_RETRY, occupied=len(mine))
        self._execute(
            """INSERT INTO instances (session, permit_until, since, seen) VALUES (?, ?, ?, ?)
               ON CONFLICT (session) DO UPDATE SET permit_until = excluded.permit_until, seen = excluded.seen""",
            session,
            now + PERMIT_SECONDS,
            now,
            now,
        )
        return Admission(True, occupied=len(mine))

    def _full(self, now: float, occupied: int) -> Admission:
        idle = self.reclaimable(now)
        return Admission(False, "full", RECLAIM_RETRY if idle else FULL_RETRY, idle, occupied)

    def reclaimable(self, now: float) -> str:
        """The instance that nobody has asked for the longest time, and for a minute at least; "" when there is none."""
        idle = self._rows(
            f"""SELECT session FROM instances WHERE status = 'healthy' AND load = 0 AND picked = 0
                AND active < {now - RECLAIM_IDLE_SECONDS!r} AND permit_until <= :now ORDER BY active LIMIT 1""",
            now,
        )
        return str(idle[0]["session"]) if idle and self.occupied(now) > self.agent.min_instances else ""

    def report(self, session: str, news: dict[str, Any], now: float) -> bool:
        """What an instance says of itself: status, incarnation, at, load, active and whatever else is worth showing.
        Reports can overtake each other: an older one (by `at`, its own clock) is ignored; False then."""
        rows = self._execute("SELECT at, status, since FROM instances WHERE session = ?", session)
        at, status = float(news["at"]), str(news["status"])
        if rows and at < float(rows[0]["at"]):
            return False
        since = float(rows[0]["since"]) if rows and rows[0]["status"] == status else at
        settled = status in ("healthy", "stopped", "stopped_with_code")
        shown = {key: value for key, value in news.items() if key not in ("status", "incarnation", "at", "load")}
        self._execute(
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
        if settled:
            self._execute("UPDATE instances SET permit_until = 0 WHERE session = ?", session)
        if status == "stopped":
            self._execute(
                """DELETE FROM instances WHERE status = 'stopped' AND permit_until = 0 AND session NOT IN
                   (SELECT session FROM instances ORDER BY seen DESC LIMIT ?)""",
                KEPT_STOPPED,
            )
        return True

    def release(self, session: str) -> None:
        """A permit that will not be used."""
        self._execute("UPDATE instances SET permit_until = 0 WHERE session = ?", session)

    def pick(self, now: float, draw: Callable[[], float]) -> Choice | None:
        """An instance of the pool for a request without a session: of two drawn at random the less loaded one
        (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). A busy pool grows while there is
        room."""
        pool = self._rows(
            f"""SELECT session, load + picked AS load FROM instances
                WHERE session LIKE '{POOL}%' AND status IN ('healthy', 'running') AND seen > :silent""",
            now,
        )
        best = None
        if pool:
            first = int(draw() * len(pool))
            # Two different ones, if there are two.
            second = (first + 1 + int(draw() * (len(pool) - 1))) % len(pool)
            best = min(pool[first], pool[second], key=lambda row: int(row["load"]))
        room = self.occupied(now) < self.agent.max_instances
        if best is None or (int(best["load"]) >= self.agent.busy_at and room and not self._growing(now)):
            fresh = self._free_pool_session(now) if room else None
            if fresh is not None:
                return Choice(fresh, new=True)
        starting = self._rows(f"SELECT session FROM instances WHERE session LIKE '{POOL}%' AND {_STARTING}", now)
        if best is None and starting:
            return Choice(str(starting[0]["session"]), new=True)
        if best is None:
            return None
        self._execute("UPDATE instances SET picked = picked + 1 WHERE session = ?", best["session"])
        return Choice(str(best["session"]))

    def _growing(self, now: float) -> bool:
        """Is the next pool instance on its way already? Then one busy moment does not start all of them."""
        rows = self._rows(f"SELECT count(*) AS n FROM instances WHERE {_STARTING}", now)
        return int(rows[0]["n"]) >= self.agent.parallel_starts

    def _free_pool_session(self, now: float) -> str | None:
        rows = self._rows(f"SELECT session FROM instances WHERE session LIKE '{POOL}%' AND {_OCCUPIES}", now)
        taken = {str(row["session"]) for row in rows}
        names = (pool_session(number) for number in range(self.agent.max_instances))
        return next((name for name in names if name not in taken), None)

    def to_start(self, waiting: int, oldest_age: float, now: float) -> list[str]:
        """Pool instances to start because work waits: from an age of one second on, as many as wait, as are rationed
        and as have room."""
        if waiting <= 0 or oldest_age < 1.0:
            return []
        return self._fresh(waiting, now)

    def to_keep_warm(self) -> list[str]:
        """The pool instances that the minimum asks for; those that run already too, since their sleep is put off."""
        return [pool_session(number) for number in range(self.agent.min_instances)]

    def _fresh(self, wanted: int, now: float) -> list[str]:
        rows = self._rows(f"SELECT session, {_STARTING} AS starting FROM instances WHERE {_OCCUPIES}", now)
        taken = {str(row["session"]) for row in rows}
        starting = sum(1 for row in rows if row["starting"])
        free = min(self.agent.max_instances - len(taken), self.agent.parallel_starts - starting, wanted)
        names = (pool_session(number) for number in range(self.agent.max_instances))
        return [name for name in names if name not in taken][: max(0, free)]

    def silent(self, now: float, seconds: float) -> list[str]:
        """Instances that occupy a place and have not been heard of for so long: worth asking."""
        rows = self._rows(
            f"SELECT session FROM instances WHERE {_OCCUPIES} AND seen < {now - seconds!r} ORDER BY seen", now
        )
        return [str(row["session"]) for row in rows]

    def listing(self, now: float) -> dict[str, Any]:
        rows = self._execute("SELECT * FROM instances ORDER BY session")
        return {
            "type": self.agent.name,
            "max_instances": self.agent.max_instances,
            "min_instances": self.agent.min_instances,
            "occupied": self.occupied(now),
            "instances": [
                {
                    "session": row["session"],
                    "status": "starting" if row["permit_until"] > now and row["status"] == "stopped" else row["status"],
                    "incarnation": row["incarnation"],
                    "since": row["since"],
                    "load": row["load"],
                    "seen": row["seen"],
                    **json.loads(row["about"]),
                }
                for row in rows
            ],
        }
