"""What the object remembers about its container across its own restarts: state, exits, breaker, pause before a start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from durable_objects.container.backoff import RESTARTS, Backoff
from durable_objects.container.breaker import Breaker
from durable_objects.container.states import Ended, Reason, State, Status, check_move
from durable_objects.container.store import Execute

KEPT_EXITS = 20
LOG_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Exit:
    """One ended incarnation. `told` says that the on_stop hook has finished for it."""

    incarnation: str
    at: float
    exit_code: int | None
    reason: Reason
    crash: bool
    log: str
    told: bool

    def as_dict(self) -> dict[str, Any]:
        """Without the log, which can be long."""
        return {"incarnation": self.incarnation, "at": self.at, "exit_code": self.exit_code, "reason": self.reason}


class Record:
    """Each change is one synchronous stretch of SQL, so that nothing can come in between (input gates)."""

    def __init__(self, execute: Execute, breaker: Breaker | None = None, restarts: Backoff = RESTARTS) -> None:
        self._execute = execute
        self._restarts = restarts
        self.state = State()
        self.breaker = breaker or Breaker()
        self.failures = 0  # consecutive crashes
        self.not_before = 0.0  # no start before this instant
        self._load()

    def _load(self) -> None:
        rows = self._execute("SELECT state, breaker, failures, not_before FROM container_state WHERE id = 1")
        if not rows:
            return
        self.state = State.from_dict(json.loads(rows[0]["state"]))
        saved = json.loads(rows[0]["breaker"])
        self.breaker = replace(
            self.breaker,
            crashes=tuple(saved["crashes"]),
            open_until=saved["open_until"],
            openings=saved["openings"],
        )
        self.failures = int(rows[0]["failures"])
        self.not_before = float(rows[0]["not_before"])

    def _save(self) -> None:
        breaker = {
            "crashes": self.breaker.crashes,
            "open_until": self.breaker.open_until,
            "openings": self.breaker.openings,
        }
        self._execute(
            """INSERT INTO container_state (id, state, breaker, failures, not_before) VALUES (1, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET state = excluded.state, breaker = excluded.breaker,
                   failures = excluded.failures, not_before = excluded.not_before""",
            json.dumps(asdict(self.state)),
            json.dumps(breaker),
            self.failures,
            self.not_before,
        )

    def _move(self, status: Status, now: float, **changes: Any) -> None:
        check_move(self.state.status, status)
        self.state = replace(self.state, status=status, last_change=now, **changes)
        self._save()

    def started(self, incarnation: str, now: float) -> None:
        self._move(
            "running",
            now,
            incarnation=incarnation,
            started_at=now,
            ready_at=None,
            exit_code=None,
            reason=None,
            greeted=False,
        )

    def ready(self, now: float) -> None:
        self._move("healthy", now, ready_at=now)

    def stopping(self, now: float) -> None:
        self._move("stopping", now)

    def renamed(self, incarnation: str) -> None:
        self.state = replace(self.state, incarnation=incarnation)
        self._save()

    def greeted(self) -> None:
        self.state = replace(self.state, greeted=True)
        self._save()

    def proved(self) -> None:
        """This incarnation has done real work: what happened before it no longer counts."""
        if self.failures or self.breaker.crashes or self.breaker.open_until is not None:
            self.breaker = self.breaker.proved()
            self.failures = 0
            self.not_before = 0.0
            self._save()

    def ended(self, ended: Ended, crash: bool, now: float, draw: float, log: str = "") -> None:
        """The current incarnation has ended; `draw` in [0, 1) is the jitter of the pause before the next start."""
        if crash:
            self.failures += 1
            self.breaker = self.breaker.crashed(now)
            # One death may be anything: the first restart does not wait, the ones after it do.
            self.not_before = now + self._restarts.pause(self.failures - 1, draw)
        else:
            self.not_before = 0.0
        self._execute(
            """INSERT OR IGNORE INTO container_exits (incarnation, at, exit_code, reason, crash, log)
               VALUES (?, ?, ?, ?, ?, ?)""",
            self.state.incarnation,
            now,
            ended.exit_code,
            ended.reason,
            int(crash),
            log[-LOG_CHARACTERS:],
        )
        self._execute(
            """DELETE FROM container_exits WHERE told = 1 AND incarnation NOT IN
               (SELECT incarnation FROM container_exits ORDER BY at DESC LIMIT ?)""",
            KEPT_EXITS,
        )
        self._move("stopped_with_code", now, exit_code=ended.exit_code, reason=ended.reason)

    def untold(self) -> list[Exit]:
        """Exits whose on_stop has not finished, oldest first."""
        rows = self._execute("SELECT * FROM container_exits WHERE told = 0 ORDER BY at")
        return [_exit(row) for row in rows]

    def tell(self, incarnation: str, now: float) -> None:
        """on_stop has finished for this incarnation; if it is still the last one, the container is stopped."""
        self._execute("UPDATE container_exits SET told = 1 WHERE incarnation = ?", incarnation)
        if self.state.incarnation == incarnation and self.state.status == "stopped_with_code":
            self._move("stopped", now)

    def exits(self, limit: int = KEPT_EXITS) -> list[Exit]:
        """The last exits, newest first."""
        rows = self._execute("SELECT * FROM container_exits ORDER BY at DESC LIMIT ?", limit)
        return [_exit(row) for row in rows]

    def last_log(self) -> str:
        rows = self._execute("SELECT log FROM container_exits WHERE log <> '' ORDER BY at DESC LIMIT 1")
        return str(rows[0]["log"]) if rows else ""

    def setting(self, key: str) -> Any:
        rows = self._execute("SELECT value FROM container_settings WHERE key = ?", key)
        return json.loads(rows[0]["value"]) if rows else None

    def keep_setting(self, key: str, value: Any) -> None:
        self._execute(
            """INSERT INTO container_settings (key, value) VALUES (?, ?)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value""",
            key,
            json.dumps(value),
        )


def _exit(row: dict[str, Any]) -> Exit:
    code = row["exit_code"]
    return Exit(
        incarnation=str(row["incarnation"]),
        at=float(row["at"]),
        exit_code=None if code is None else int(code),
        reason=cast(Reason, row["reason"]),
        crash=bool(row["crash"]),
        log=str(row["log"]),
        told=bool(row["told"]),
    )
