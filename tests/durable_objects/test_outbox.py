"""Batches for the queue and segments for the archive: fixed ranges, in order, without a gap, whatever is repeated."""

from __future__ import annotations

import random
from typing import Any

import pytest

from durable_objects.state import hub, outbox
from tests.durable_objects.event_logs import append, numbers
from tests.durable_objects.warehouses import NOW, new_warehouse

AGE = 300_000
DAY = 86_400_000


def drain(sql: Any) -> list[list[int]]:
    batches = []
    while (batch := outbox.next_batch(sql, "wh")) is not None:
        batches.append(numbers(batch.events))
        assert batches[-1][0] == batch.first
        assert batches[-1][-1] == batch.last
        outbox.sent(sql, batch, NOW)
        outbox.taken(sql, batch.first, batch.last)
    return batches


def test_batches_hold_every_event_once_and_in_order() -> None:
    sql = new_warehouse()
    last = append(sql, 450)
    batches = drain(sql)
    assert [len(batch) for batch in batches] == [200, 200, 51]  # the creation of the warehouse is event 1
    assert [number for batch in batches for number in batch] == list(range(1, last + 1))
    assert outbox.next_batch(sql, "wh") is None


def test_a_batch_that_was_not_acknowledged_comes_again_as_it_was_although_there_are_more_events() -> None:
    sql = new_warehouse()
    append(sql, 3)
    first = outbox.next_batch(sql, "wh")
    append(sql, 5)
    again = outbox.next_batch(sql, "wh")
    assert again == first
    assert first is not None
    outbox.sent(sql, first, NOW)
    outbox.sent(sql, first, NOW)  # a late repeat of the acknowledgement
    following = outbox.next_batch(sql, "wh")
    assert following is not None
    assert (following.first, following.last) == (5, 9)


def test_a_batch_stays_below_the_size_of_a_message_and_one_huge_event_travels_without_its_data() -> None:
    sql = new_warehouse()
    append(sql, 100, pad=2_000)
    hub.append(sql, "stock.adjusted", {"pad": "x" * 200_000}, NOW)
    append(sql, 1)
    sizes = []
    while (batch := outbox.next_batch(sql, "wh")) is not None:
        sizes.append(len(batch.events.encode()))
        if batch.first == 102:
            assert (batch.last, batch.events) == (102, "")
        outbox.sent(sql, batch, NOW)
    assert max(sizes) <= 120_000
    assert len(sizes) > 3


def test_a_batch_that_nobody_confirms_is_sent_again_as_it_was_later_and_later_and_its_events_stay() -> None:
    sql = new_warehouse()
    append(sql, 3)
    batch = outbox.next_batch(sql, "wh")
    assert batch is not None
    outbox.sent(sql, batch, NOW)
    append(sql, 60)
    later = outbox.next_batch(sql, "wh")
    assert later is not None
    outbox.sent(sql, later, NOW)
    outbox.taken(sql, later.first, later.last)  # out of order
    outbox.cut(sql, NOW + AGE, AGE)
    for segment in outbox.to_announce(sql, NOW + AGE):
        outbox.archived(sql, segment.first, segment.last)
    now, pauses = NOW, []
    for _ in range(7):
        following = outbox.due_at(sql, now, AGE)
        assert following is not None
        assert outbox.to_repeat(sql, "wh", following - 1) == []
        assert outbox.to_repeat(sql, "wh", following) == [batch]
        pauses.append((following - now) // 1000)
        now = following
        outbox.sent(sql, batch, now)
    assert pauses == [120, 240, 480, 960, 1920, 3600, 3600]
    outbox.prune(sql, keep=10)
    assert hub.oldest(sql) == 1
    for _ in range(2):
        outbox.taken(sql, batch.first, batch.last)
    assert outbox.to_repeat(sql, "wh", now + DAY) == []
    assert outbox.due_at(sql, now, AGE) is None
    outbox.prune(sql, keep=10)
    assert hub.oldest(sql) == 55  # of 64 events


def test_segments_close_when_they_are_full_when_the_day_changes_and_when_they_are_old() -> None:
    sql = new_warehouse()
    append(sql, 1_500)  # with the creation: 1,501
    append(sql, 10, at=NOW + DAY)
    assert outbox.cut(sql, NOW + DAY, AGE) == 2  # a full one, and the rest of the first day
    assert [(s.first, s.last) for s in outbox.to_announce(sql, NOW + DAY)] == [(1, 1000), (1001, 1501)]
    assert outbox.cut(sql, NOW + DAY + AGE - 1, AGE) == 0
    assert outbox.cut(sql, NOW + DAY + AGE, AGE) == 1
    found = outbox.to_announce(sql, NOW + DAY + AGE)
    assert [(s.first, s.last) for s in found] == [(1, 1000), (1001, 1501), (1502, 1511)]
    assert (found[0].day, found[2].day) == ("2023-11-14", "2023-11-15")  # NOW is 2023-11-14T22:13:20Z


def test_a_segment_holds_events_of_one_day_even_when_a_zones_event_comes_late() -> None:
    sql = new_warehouse()
    append(sql, 2, at=NOW + DAY)
    append(sql, 1, at=NOW)  # happened yesterday, arrived today
    append(sql, 1, at=NOW + DAY)
    outbox.cut(sql, NOW + 2 * DAY, AGE)
    assert [(s.first, s.last, s.day) for s in outbox.to_announce(sql, NOW + 2 * DAY)] == [
        (1, 1, "2023-11-14"),
        (2, 3, "2023-11-15"),
        (4, 4, "2023-11-14"),
        (5, 5, "2023-11-15"),
    ]


def test_an_unconfirmed_segment_is_announced_again_later_and_later() -> None:
    sql = new_warehouse()
    outbox.cut(sql, NOW + AGE, AGE)
    now, pauses = NOW + AGE, []
    for _ in range(8):
        (segment,) = outbox.to_announce(sql, now)
        outbox.announced(sql, segment, now)
        assert outbox.to_announce(sql, now) == []
        following = outbox.due_at(sql, now, AGE) if outbox.next_batch(sql, "wh") is None else None
        if following is None:
            drain(sql)
            following = outbox.due_at(sql, now, AGE)
        assert following is not None
        pauses.append((following - now) // 1000)
        now = following
    assert pauses == [120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_confirmed_segment_is_handed_out_no_more() -> None:
    sql = new_warehouse()
    append(sql, 4)
    outbox.cut(sql, NOW + AGE, AGE)
    found = outbox.segment_lines(sql, "wh", 1, 5)
    assert found is not None
    assert numbers(str(found["lines"])) == [1, 2, 3, 4, 5]
    assert outbox.segment_lines(sql, "wh", 1, 4) is None, "a range that was never a segment"
    outbox.archived(sql, 1, 5)
    outbox.archived(sql, 1, 5)
    assert outbox.segment_lines(sql, "wh", 1, 5) is None
    assert outbox.to_announce(sql, NOW + DAY) == []


def test_only_what_is_archived_sent_and_old_enough_is_deleted() -> None:
    sql = new_warehouse()
    append(sql, 99)
    outbox.prune(sql, keep=10)
    assert hub.oldest(sql) == 1, "nothing is archived or sent"
    outbox.cut(sql, NOW + AGE, AGE)
    outbox.archived(sql, 1, 100)
    outbox.prune(sql, keep=10)
    assert hub.oldest(sql) == 1, "the queue has not taken it"
    drain(sql)
    outbox.prune(sql, keep=10)
    assert hub.oldest(sql) == 91
    append(sql, 20)
    drain(sql)
    outbox.prune(sql, keep=10)
    assert hub.oldest(sql) == 101, "101 to 120 lie in no archived segment"


@pytest.mark.parametrize("seed", range(20))
def test_the_archive_has_every_event_once_however_its_messages_arrive(seed: int) -> None:
    """Announcements are lost, doubled, late and out of order; the reader dies between writing and confirming."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    sql = new_warehouse()
    archive: dict[tuple[int, int], str] = {}
    under_way: list[outbox.Segment] = []
    now = NOW
    for _ in range(60):
        now += chance.randrange(60_000)
        append(sql, chance.randrange(30), at=now)
        outbox.cut(sql, now, AGE)
        for segment in outbox.to_announce(sql, now):
            under_way += [segment] * chance.choice((0, 1, 1, 2))
            outbox.announced(sql, segment, now)
        chance.shuffle(under_way)
        while under_way and chance.random() < 0.7:
            _read(sql, archive, under_way.pop(), dies=chance.random() < 0.3)
        drain(sql)
        outbox.prune(sql, keep=50)
    for _ in range(40):  # the messages come through in the end
        now += 3_600_000
        outbox.cut(sql, now, AGE)
        for segment in outbox.to_announce(sql, now):
            _read(sql, archive, segment, dies=False)
    found = [number for span in sorted(archive) for number in numbers(archive[span])]
    assert found == list(range(1, hub.head(sql) + 1))


def _read(sql: Any, archive: dict[tuple[int, int], str], segment: outbox.Segment, dies: bool) -> None:
    """The consumer, as worker/events/archive.py does it."""
    found = outbox.segment_lines(sql, "wh", segment.first, segment.last)
    if found is None:
        return
    lines = str(found["lines"])
    assert archive.setdefault((segment.first, segment.last), lines) == lines, "the same file must hold the same lines"
    if not dies:
        outbox.archived(sql, segment.first, segment.last)
