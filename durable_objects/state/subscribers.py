"""Who follows a warehouse's events live: replay from a cursor, then every new event once, whatever happens in between.

A subscriber is either replaying (it has its own cursor) or live (everybody live is at the same event, `told`). Both steps
between the two happen without waiting for anything, so that no event falls between them and none is sent twice. `told`
is kept in the database: an object that was asleep goes on where it stood.

What a reader cannot take yet is not kept in memory but in the log: a live reader for which more than WINDOW bytes wait
replays from there on, at its own pace. The runtime says how much waits (`bufferedAmount` of a socket, `desiredSize` of a
stream), which needs no cooperation of the reader, as acknowledgements would. A reader that takes nothing for PATIENCE_S,
or falls behind what the log keeps, is dropped with the reason; it comes back with its cursor and misses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from contracts.errors import ProblemError
from contracts.rpc import dumps
from durable_objects.sqlite import Sql, scalar
from durable_objects.state import hub

PAGE = 200  # events read at once
ROUND_BYTES = 262_144  # sent to a reader without a pause: nothing leaves while the object computes
WINDOW = 524_288  # bytes that may wait for a reader before it is no longer live
CHECK_BYTES = 131_072  # sent to a reader between two looks at what waits for it; a look costs as much as a send
MAX_SUBSCRIBERS = 5_000  # of one warehouse
PATIENCE_S = 30.0
LIFETIME_MS = 3_600_000  # then the reader must come back, so that revoked credentials do not read on
HEARTBEAT_MS = 25_000  # below the half minute after which many proxies take a connection for dead

TOO_SLOW = 4008
COME_AGAIN = 4001
GONE = 4010


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a reader wants; empty: all. Types are names or families."""

    types: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()

    def wants(self, kind: str, zone: str) -> bool:
        return hub.wanted(kind, zone, self.types, self.zones)


class Wire(Protocol):
    """How a kind of connection carries messages."""

    broken: type[Exception]  # what sending to a connection raises that is no more

    def frame(self, text: str, sequence: int) -> Any:
        """A message in the form that is sent, made once for all its readers. `sequence` moves the reader's cursor."""


class Sink(Protocol):
    """One connection."""

    wire: Wire
    send: Callable[[Any], Any]

    def waiting(self) -> int:
        """Bytes that were sent and have not left."""

    def close(self, code: int, reason: str) -> None: ...


@dataclass(slots=True, eq=False)
class Subscriber:
    id: str
    sink: Sink
    filter: Filter
    until: int  # ms
    cursor: int | None  # while it replays: the last event that it has; None: live


@dataclass(slots=True)
class _Group:
    """Live readers of one kind and filter: what they are sent is made once."""

    wire: Wire
    filter: Filter
    members: dict[str, Subscriber] = field(default_factory=dict)
    unchecked: int = 0  # bytes sent to each since the last look at what waits


def heartbeat_text(sequence: int) -> str:
    return f'{{"type":"heartbeat","sequence":{sequence}}}'


class Subscribers:
    """All readers of one warehouse. No method waits."""

    def __init__(
        self,
        sql: Sql,
        warehouse: str,
        dropped: Callable[[Subscriber, str], None],
        lagging: Callable[[Subscriber], None],
    ) -> None:
        self._sql = sql
        self._warehouse = warehouse
        self._dropped = dropped  # told of everybody who is dropped or lost, with the reason
        self._lagging = lagging  # told of a live reader that has fallen back to replaying: `step` brings it on
        self._groups: dict[tuple[int, Filter], _Group] = {}
        self._known: dict[str, Subscriber] = {}
        self._told = int(scalar(sql, "SELECT told FROM outgoing"))

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(list(self._known.values()))

    def restore(self, subscriber: Subscriber) -> None:
        """Take back a connection that outlived the object's memory."""
        self._known[subscriber.id] = subscriber
        if subscriber.cursor is None:
            self._group(subscriber).members[subscriber.id] = subscriber

    def add(self, subscriber: Subscriber) -> None:
        """Take in a reader that goes on after its cursor; `step` brings it up to now. Raises ProblemError overloaded."""
        if len(self._known) >= MAX_SUBSCRIBERS:
            raise ProblemError(
                "overloaded",
                f"{MAX_SUBSCRIBERS} readers follow this warehouse already",
                headers={"retry-after": "30"},
            )
        self._known[subscriber.id] = subscriber

    def remove(self, identity: str) -> None:
        """The connection is no more."""
        subscriber = self._known.pop(identity, None)
        if subscriber is None:
            return
        key = _key(subscriber)
        group = self._groups.get(key)
        if group is not None:
            group.members.pop(identity, None)
            if not group.members:
                del self._groups[key]

    def drop(self, subscriber: Subscriber, code: int, reason: str) -> None:
        """End a reader's connection with a reason."""
        self.remove(subscriber.id)
        self._dropped(subscriber, reason)
        try:
            subscriber.sink.close(code, reason)
        except subscriber.sink.wire.broken:
            return  # it was gone before it could be told

    def publish(self) -> bool:
        """Send live readers what they have not been sent, as much as one round may; True when there is more."""
        if not self._groups:
            return False
        for group in list(self._groups.values()):
            if group.unchecked >= CHECK_BYTES:
                self._look(group)
        sent = 0
        found = hub.rows(self._sql, self._told, PAGE)
        for row in found:
            text = hub.text(self._warehouse, row)
            for group in list(self._groups.values()):
                if group.filter.wants(row[1], row[2]):
                    self._send(group, text, row[0])
            sent += len(text)
            if sent >= ROUND_BYTES:
                self._note_told(row[0])
                return int(row[0]) < hub.head(self._sql)
        if found:
            self._note_told(found[-1][0])
        return len(found) == PAGE

    def step(self, subscriber: Subscriber) -> bool:
        """Send a replaying reader its next events; True when it is live from here on, or was dropped."""
        if subscriber.id not in self._known or subscriber.cursor is None:
            return True
        if not self._groups:  # nobody is live, so nobody is told: live begins at the head
            self._note_told(hub.head(self._sql))
        if subscriber.cursor > self._told:
            return False  # the live ones have not come as far yet
        try:
            hub.check_cursor(self._sql, subscriber.cursor)
        except ProblemError as problem:
            self.drop(subscriber, GONE, problem.code)
            return True
        wanted, frame, sent = subscriber.filter, subscriber.sink.wire.frame, 0
        found = hub.rows(self._sql, subscriber.cursor, PAGE, wanted.types, wanted.zones, upto=self._told)
        try:
            for row in found:
                text = hub.text(self._warehouse, row)
                subscriber.sink.send(frame(text, row[0]))
                subscriber.cursor = row[0]
                sent += len(text)
                if sent >= ROUND_BYTES:
                    return False
            if len(found) == PAGE:
                return False
            subscriber.sink.send(frame(heartbeat_text(self._told), self._told))
        except subscriber.sink.wire.broken:
            self._lost(subscriber)
            return True
        subscriber.cursor = None
        self._group(subscriber).members[subscriber.id] = subscriber
        return True

    def heartbeat(self, now: int) -> None:
        """Tell every live reader up to where it has everything; end connections whose time is over."""
        for subscriber in self:
            if subscriber.until <= now:
                self.drop(subscriber, COME_AGAIN, "come again: credentials are checked anew; go on with your cursor")
        text = heartbeat_text(self._told)
        for group in list(self._groups.values()):
            self._look(group)
            self._send(group, text, self._told)

    def _send(self, group: _Group, text: str, sequence: int) -> None:
        frame = group.wire.frame(text, sequence)
        lost = []
        for subscriber in group.members.values():
            try:
                subscriber.sink.send(frame)
            except group.wire.broken:
                lost.append(subscriber)
        for subscriber in lost:
            self._lost(subscriber)
        group.unchecked += len(text)

    def _look(self, group: _Group) -> None:
        """Who cannot keep up goes back to replaying; it has been sent everything up to `told`."""
        group.unchecked = 0
        for subscriber in list(group.members.values()):
            if subscriber.sink.waiting() > WINDOW:
                self.remove(subscriber.id)
                self._known[subscriber.id] = subscriber
                subscriber.cursor = self._told
                self._lagging(subscriber)

    def _lost(self, subscriber: Subscriber) -> None:
        self.remove(subscriber.id)
        self._dropped(subscriber, "connection lost")

    def _group(self, subscriber: Subscriber) -> _Group:
        key = _key(subscriber)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(subscriber.sink.wire, subscriber.filter)
        return group

    def _note_told(self, sequence: int) -> None:
        self._told = sequence
        self._sql.run("UPDATE outgoing SET told = ?", sequence)


def _key(subscriber: Subscriber) -> tuple[int, Filter]:
    return id(subscriber.sink.wire), subscriber.filter


def attachment(subscriber: Subscriber) -> str:
    """What a socket carries through the object's sleep."""
    wanted = subscriber.filter
    return dumps(
        {
            "id": subscriber.id,
            "types": wanted.types,
            "zones": wanted.zones,
            "until": subscriber.until,
            "cursor": subscriber.cursor,
        }
    )
