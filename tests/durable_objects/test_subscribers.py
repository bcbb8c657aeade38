"""Live readers: no hole and no double at the step from replay to live, filters, heartbeats, slow readers."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from contracts.errors import ProblemError
from durable_objects.state import hub, subscribers
from durable_objects.state.subscribers import Filter, Subscriber, Subscribers
from tests.durable_objects.event_logs import append
from tests.durable_objects.warehouses import NOW, new_warehouse


class Broken(Exception):
    pass


class Wire:
    broken: type[Exception] = Broken

    def __init__(self) -> None:
        self.frames = 0

    def frame(self, text: str, sequence: int) -> str:
        self.frames += 1
        assert json.loads(text)["sequence"] == sequence
        return text


class Sink:
    """A connection whose reader takes everything at once, unless `stuck`; `gone`: sending raises."""

    def __init__(self, wire: Wire, stuck: bool = False) -> None:
        self.wire: subscribers.Wire = wire
        self.messages: list[dict[str, Any]] = []
        self.stuck, self.gone, self.waits, self.closed = stuck, False, 0, (0, "")

    def send(self, frame: str) -> None:
        if self.gone:
            raise Broken
        self.messages.append(json.loads(frame))
        self.waits += len(frame) if self.stuck else 0

    def waiting(self) -> int:
        return self.waits

    def close(self, code: int, reason: str) -> None:
        if self.gone:
            raise Broken
        self.closed = (code, reason)

    @property
    def events(self) -> list[int]:
        return [message["sequence"] for message in self.messages if message["type"] != "heartbeat"]

    @property
    def heartbeats(self) -> list[int]:
        return [message["sequence"] for message in self.messages if message["type"] == "heartbeat"]


class Hub:
    def __init__(self, sql: Any = None) -> None:
        self.sql = sql or new_warehouse()
        self.wire = Wire()
        self.dropped: list[tuple[str, str]] = []
        self.lagging: list[Subscriber] = []
        self.readers = Subscribers(
            self.sql, "wh", lambda who, why: self.dropped.append((who.id, why)), self.lagging.append
        )
        self._count = 0

    def join(self, cursor: int, types: tuple[str, ...] = (), zones: tuple[str, ...] = (), **sink: Any) -> Subscriber:
        self._count += 1
        connection = Sink(self.wire, **sink)
        reader = Subscriber(f"r{self._count}", connection, Filter(types, zones), NOW + 3_600_000, cursor)
        self.readers.add(reader)
        return reader

    def append(self, count: int, **options: Any) -> None:
        append(self.sql, count, **options)
        self.publish()

    def publish(self) -> None:
        while self.readers.publish():
            pass


def sink(reader: Subscriber) -> Sink:
    assert isinstance(reader.sink, Sink)
    return reader.sink


def test_a_reader_gets_what_it_missed_then_a_heartbeat_then_every_new_event() -> None:
    hub_ = Hub()
    hub_.append(3)
    reader = hub_.join(cursor=2)
    assert hub_.readers.step(reader) is True
    hub_.append(2)
    assert sink(reader).events == [3, 4, 5, 6]
    assert sink(reader).heartbeats == [4]


def test_events_written_between_the_pages_of_a_replay_come_once_and_in_order() -> None:
    hub_ = Hub()
    hub_.append(2 * subscribers.PAGE + 7)
    reader, other = hub_.join(cursor=0), hub_.join(cursor=hub.head(hub_.sql))
    hub_.readers.step(other)
    steps = 1
    while not hub_.readers.step(reader):
        steps += 1
        hub_.append(3)
    hub_.append(2)
    assert steps == 3, "two full pages, and the rest with what came meanwhile"
    assert sink(reader).events == list(range(1, hub.head(hub_.sql) + 1))


def test_events_that_were_written_and_not_yet_published_are_not_sent_twice_to_a_new_reader() -> None:
    hub_ = Hub()
    first = hub_.join(cursor=1)
    hub_.readers.step(first)
    append(hub_.sql, 2)  # committed; the object has not come to publishing it
    second = hub_.join(cursor=1)
    hub_.readers.step(second)
    hub_.publish()
    assert sink(first).events == sink(second).events == [2, 3]


def test_filters_by_family_type_and_zone_and_each_event_is_made_once_for_all_readers() -> None:
    hub_ = Hub()
    head = hub.head(hub_.sql)
    wishes: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        ((), ()),
        (("stock",), ()),
        (("stock.picked",), ()),
        (("orders", "stock.picked"), ("b",)),
    ]
    readers = [hub_.join(head, types, zones) for types, zones in wishes for _ in range(5)]
    for reader in readers:
        hub_.readers.step(reader)
    hub_.wire.frames = 0
    hub_.append(1, kind="stock.adjusted", zone="a")
    hub_.append(1, kind="stock.picked", zone="b")
    hub_.append(1, kind="orders.created")
    a, b, c = head + 1, head + 2, head + 3
    expected = [[a, b, c], [a, b], [b], [b]]
    for number, reader in enumerate(readers):
        assert sink(reader).events == expected[number // 5]
    assert hub_.wire.frames == 3 + 2 + 1 + 1, "once per event and filter, not per reader"


def test_the_filter_of_the_live_stream_is_that_of_the_replay() -> None:
    for seed in range(30):
        chance = random.Random(seed)
        live, sql = Hub(), new_warehouse()
        kinds, zones = ("stock.adjusted", "stock.picked", "stocktake.x", "orders.created"), ("", "a", "b")
        types = tuple(chance.sample(("stock", "stock.picked", "orders", "job"), chance.randrange(3)))
        places = tuple(chance.sample(("a", "b"), chance.randrange(2)))
        reader = live.join(1, types, places)
        live.readers.step(reader)
        for _ in range(30):
            kind, zone = chance.choice(kinds), chance.choice(zones)
            live.append(1, kind=kind, zone=zone)
            append(sql, 1, kind=kind, zone=zone)
        assert sink(reader).events == [row[0] for row in hub.rows(sql, 1, 1000, types, places)], f"seed {seed}"


def test_a_reader_that_cannot_keep_up_falls_back_to_replaying_and_the_log_holds_what_it_misses() -> None:
    hub_ = Hub()
    slow, quick = hub_.join(1, stuck=True), hub_.join(1)
    hub_.readers.step(slow)
    hub_.readers.step(quick)
    hub_.append(3_000, pad=1_000)
    assert hub_.lagging == [slow]
    # Everything that can wait: the window, what is sent between two looks, and one round.
    bound = subscribers.WINDOW + subscribers.CHECK_BYTES + subscribers.ROUND_BYTES
    assert subscribers.WINDOW < sink(slow).waits < bound
    assert sink(quick).events == list(range(2, 3_002))
    sink(slow).stuck = False
    while not hub_.readers.step(slow):
        sink(slow).waits = 0
    hub_.append(2)
    assert sink(slow).events == list(range(2, 3_004))
    assert hub_.dropped == []


def test_one_round_sends_no_more_than_may_wait_however_large_the_events_are() -> None:
    hub_ = Hub()
    live, replaying = hub_.join(1, stuck=True), hub_.join(1, stuck=True)
    hub_.readers.step(live)
    append(hub_.sql, 20, pad=60_000)
    assert hub_.readers.publish() is True
    assert sink(live).waits < subscribers.ROUND_BYTES + 61_000
    hub_.publish()
    assert hub_.readers.step(replaying) is False
    assert sink(replaying).waits < subscribers.ROUND_BYTES + 61_000


def test_a_connection_that_breaks_is_forgotten_and_holds_nobody_up() -> None:
    hub_ = Hub()
    gone, other = hub_.join(1), hub_.join(1)
    hub_.readers.step(gone)
    hub_.readers.step(other)
    sink(gone).gone = True
    hub_.append(2)
    assert sink(other).events == [2, 3]
    assert len(hub_.readers) == 1
    assert hub_.dropped == [(gone.id, "connection lost")]


def test_a_heartbeat_tells_the_head_and_ends_connections_whose_time_is_over() -> None:
    hub_ = Hub()
    old, new = hub_.join(1, types=("job",)), hub_.join(1)
    old.until = NOW + 10
    hub_.readers.step(old)
    hub_.readers.step(new)
    hub_.append(1)
    append(hub_.sql, 1)  # not yet published: the heartbeat must not run ahead of it
    hub_.readers.heartbeat(NOW + 11)
    assert sink(old).closed[0] == subscribers.COME_AGAIN
    assert sink(new).events == [2]
    assert sink(new).heartbeats == [1, 2]


def test_after_a_sleep_live_readers_go_on_where_they_were_and_a_replay_too() -> None:
    hub_ = Hub()
    hub_.append(subscribers.PAGE + 5)
    live, replaying = hub_.join(hub.head(hub_.sql)), hub_.join(0)
    hub_.readers.step(live)
    assert hub_.readers.step(replaying) is False
    before = hub.head(hub_.sql)
    append(hub_.sql, 1)  # written, and the object lost its memory before it was published
    awake = Hub(hub_.sql)
    for reader in (live, replaying):
        kept = json.loads(subscribers.attachment(reader))
        again = Subscriber(kept["id"], reader.sink, Filter(tuple(kept["types"])), kept["until"], kept["cursor"])
        awake.readers.restore(again)
        if kept["cursor"] is not None:
            assert awake.readers.step(again) is True
    awake.publish()
    append(hub_.sql, 1)
    awake.publish()
    assert sink(live).events == [before + 1, before + 2]
    assert sink(replaying).events == list(range(1, before + 3))


def test_a_replay_whose_events_are_deleted_meanwhile_ends_with_the_reason() -> None:
    hub_ = Hub()
    hub_.append(subscribers.PAGE * 2)
    reader = hub_.join(0)
    assert hub_.readers.step(reader) is False
    hub_.sql.run("DELETE FROM event WHERE sequence <= ?", subscribers.PAGE + 1)
    assert hub_.readers.step(reader) is True
    assert sink(reader).closed == (subscribers.GONE, "gone")
    assert len(hub_.readers) == 0


def test_more_readers_than_an_object_bears_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "MAX_SUBSCRIBERS", 1)
    hub_ = Hub()
    hub_.join(1)
    with pytest.raises(ProblemError) as caught:
        hub_.join(1)
    assert (caught.value.code, caught.value.headers) == ("overloaded", {"retry-after": "30"})


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_between_every_reader_has_its_events_once_and_in_order(seed: int) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    hub_ = Hub()
    hub_.append(chance.randrange(1200))
    waiting: list[Subscriber] = []
    everybody: list[tuple[Subscriber, int]] = []
    for _ in range(200):
        what = chance.random()
        if what < 0.2:
            cursor = chance.randrange(hub.head(hub_.sql) + 1)
            everybody.append((hub_.join(cursor), cursor))
            waiting.append(everybody[-1][0])
        elif what < 0.6 and waiting:
            reader = chance.choice(waiting)
            if hub_.readers.step(reader):
                waiting.remove(reader)
        elif what < 0.8:
            append(hub_.sql, chance.randrange(20))
        else:
            hub_.readers.publish()
    hub_.publish()
    for reader in waiting:
        while not hub_.readers.step(reader):
            pass
    hub_.publish()
    for reader, cursor in everybody:
        assert sink(reader).events == list(range(cursor + 1, hub.head(hub_.sql) + 1))
