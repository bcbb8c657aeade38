"""A queue as plain Python, slow and short: what the real one must agree with, move by move."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OPEN = ("waiting", "delayed", "leased")


@dataclass
class Entry:
    id: str
    arrival: int
    owner: str
    type: str
    zone: str
    skills: frozenset[str]
    priority: int
    due: float
    max_attempts: int
    state: str
    moment: int
    attempt: int = 0
    lease: str = ""


@dataclass
class Model:
    entries: dict[str, Entry] = field(default_factory=dict)
    turns: dict[str, float] = field(default_factory=dict)  # by owner, in the order of their first task
    virtual_time: float = 0.0

    def of(self, *states: str) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.state in states]

    def enqueue(self, entries: list[Entry], now: int) -> int:
        new = [entry for entry in entries if entry.id not in self.entries]
        self._open([entry for entry in new if entry.moment <= now])
        for entry in new:
            self.entries[entry.id] = entry
            entry.state = "waiting" if entry.moment <= now else "delayed"
        return len(new)

    def _open(self, entries: list[Entry]) -> None:
        """Owners with nothing waiting begin at the virtual time."""
        busy = {entry.owner for entry in self.of("waiting")}
        for entry in entries:
            if entry.owner not in busy:
                self.turns[entry.owner] = max(self.turns.get(entry.owner, self.virtual_time), self.virtual_time)

    def _wait(self, entries: list[Entry], now: int) -> None:
        self._open(entries)
        for entry in entries:
            entry.state, entry.moment = "waiting", now

    def lease(self, wish: dict[str, Any], tokens: list[str], now: int) -> list[str]:
        taken = []
        for token in tokens:
            suiting = [entry for entry in self.of("waiting") if self._suits(entry, wish)]
            if not suiting:
                break
            owners = list(self.turns)
            best = min(
                suiting,
                key=lambda e: (e.priority, self.turns[e.owner], owners.index(e.owner), e.due, e.arrival),
            )
            self.virtual_time = max(self.virtual_time, self.turns[best.owner])
            self.turns[best.owner] += 1
            best.state, best.moment, best.lease = "leased", now + wish["lease_seconds"] * 1000, token
            best.attempt += 1
            taken.append(best.id)
        return taken

    @staticmethod
    def _suits(entry: Entry, wish: dict[str, Any]) -> bool:
        return (
            (not wish["types"] or entry.type in wish["types"])
            and (not wish["zones"] or entry.zone in ("", *wish["zones"]))
            and entry.skills <= set(wish["skills"])
        )

    def ack(self, name: str, token: str, now: int) -> bool:
        """False: the lease is lost."""
        entry = self.entries[name]
        if entry.state == "leased" and entry.lease == token:
            entry.state, entry.moment = "done", now
            return True
        return entry.state == "done" and entry.lease == token

    def heartbeat(self, name: str, token: str, seconds: int, now: int) -> bool:
        entry = self.entries[name]
        if entry.state != "leased" or entry.lease != token:
            return False
        entry.moment = now + seconds * 1000
        return True

    def nack(self, name: str, token: str, outcome: str, delay: int, now: int) -> bool:
        entry = self.entries[name]
        if entry.state != "leased" or entry.lease != token:
            return entry.lease == token and entry.state in ("waiting", "delayed", "dead")
        if outcome == "rejected" or (outcome == "failed" and entry.attempt >= entry.max_attempts):
            entry.state, entry.moment = "dead", now
            return True
        if outcome == "released":
            entry.attempt -= 1
            self.turns[entry.owner] -= 1
        if delay:
            entry.state, entry.moment = "delayed", now + delay * 1000
        else:
            self._wait([entry], now)
        return True

    def cancel(self, name: str, now: int) -> bool:
        entry = self.entries[name]
        if entry.state == "done":
            return False
        if entry.state != "cancelled":
            entry.state, entry.moment, entry.lease = "cancelled", now, ""
        return True

    def replay(self, names: list[str], now: int) -> int:
        found = [self.entries[name] for name in names if self.entries[name].state == "dead"]
        for entry in found:
            entry.attempt, entry.lease = 0, ""
        self._wait(found, now)
        return len(found)

    def advance(self, now: int) -> None:
        self._wait([entry for entry in self.of("delayed") if entry.moment <= now], now)
        expired = [entry for entry in self.of("leased") if entry.moment <= now]
        for entry in expired:
            entry.lease = ""
        self._wait([entry for entry in expired if entry.attempt < entry.max_attempts], now)
        for entry in expired:
            if entry.state == "leased":
                entry.state, entry.moment = "dead", now
