"""The queue's rules, one by one."""

from __future__ import annotations

from collections import Counter

import pytest

from contracts.errors import ProblemError
from durable_objects.queue import documents, intake, leases, letters, outbox, tally, timing
from tests.durable_objects.queue.queues import NOW, check_books, events, failed, names, new_queue, put, take, task


def test_a_task_that_is_known_stays_as_it_is() -> None:
    sql = new_queue()
    assert put(sql, task("a", payload={"n": 1}), task("b")) == {"created": 2, "known": 0}
    assert put(sql, task("a", payload={"n": 2}), task("c")) == {"created": 1, "known": 1}
    assert documents.get(sql, "a")["payload"] == {"n": 1}
    check_books(sql)


def test_an_id_that_stands_twice_in_a_call_is_refused_and_nothing_is_enqueued() -> None:
    sql = new_queue()
    with pytest.raises(ProblemError) as caught:
        put(sql, task("a"), task("b"), task("a"))
    assert [(fault.pointer, caught.value.code) for fault in caught.value.errors] == [("/tasks/2/id", "invalid")]
    assert tally.counts(sql)["waiting"] == 0


def test_ten_thousand_tasks_come_in_one_call_with_their_own_payloads() -> None:
    sql = new_queue()
    put(sql, *(task(f"t{n}", payload={"n": n, "filler": "x" * 100}) for n in range(10_000)))
    assert documents.get(sql, "t0")["payload"]["n"] == 0
    assert documents.get(sql, "t9999")["payload"]["n"] == 9999
    assert tally.counts(sql)["waiting"] == 10_000
    # a hundred ids in an event
    assert len(events(sql)) == 100
    check_books(sql)


def test_the_most_urgent_comes_first_then_the_first_due_then_the_first_to_arrive() -> None:
    sql = new_queue()
    put(
        sql,
        task("late", due_at="2026-01-01T12:00:00Z"),
        task("arrived-first"),
        task("soon", due_at="2026-01-01T10:00:00Z"),
        task("arrived-last"),
        task("urgent", priority=0),
    )
    assert names(take(sql, 9)) == ["urgent", "soon", "late", "arrived-first", "arrived-last"]
    check_books(sql)


def test_types_zones_and_skills_choose_what_a_worker_gets() -> None:
    sql = new_queue()
    put(
        sql,
        task("count", type="count", zone="cold"),
        task("crane", zone="high", skills=["crane", "height"]),
        task("plain", zone="high"),
        task("anywhere"),
    )
    assert names(take(sql, 9, types=["count"], zones=["high"])) == []
    assert names(take(sql, 9, zones=["high"], skills=["crane"])) == ["plain", "anywhere"]
    assert names(take(sql, 9, skills=["crane", "forklift", "height"])) == ["count", "crane"]


def test_owners_take_turns_however_much_one_of_them_has_waiting() -> None:
    sql = new_queue()
    put(sql, *(task(f"a{n}", owner="A") for n in range(10)))
    assert names(take(sql, 3)) == ["a0", "a1", "a2"]
    put(sql, *(task(f"b{n}", owner="B") for n in range(3)), *(task(f"c{n}", owner="C") for n in range(2)))
    # B and C begin where A stands: they neither wait behind its ten nor get three for what it had before
    assert names(take(sql, 8)) == ["b0", "c0", "a3", "b1", "c1", "a4", "b2", "a5"]
    check_books(sql)


def test_an_owner_who_stays_away_saves_up_no_turns() -> None:
    sql = new_queue()
    put(sql, task("b", owner="B"))
    take(sql)
    put(sql, *(task(f"a{n}", owner="A") for n in range(20)))
    take(sql, 10)
    put(sql, *(task(f"b{n}", owner="B") for n in range(5)))
    # B comes in at the turn that was served last, one before A's next; ties go to B, which was known first
    assert names(take(sql, 8)) == ["b0", "b1", "a10", "b2", "a11", "b3", "a12", "b4"]


def test_dear_tasks_cost_their_owner_more_turns() -> None:
    sql = new_queue()
    put(sql, *(task(f"long{n}", owner="A", cost=30.0) for n in range(5)))
    put(sql, *(task(f"short{n}", owner="B", cost=10.0) for n in range(9)))
    # 30 seconds of A are worth three times 10 of B
    assert Counter(name[:-1] for name in names(take(sql, 8))) == {"long": 2, "short": 6}


def test_a_delayed_task_waits_from_its_moment_on() -> None:
    sql = new_queue()
    put(sql, task("later", not_before="2023-11-14T22:13:21Z"))  # NOW is 22:13:20
    assert take(sql) == []
    assert documents.get(sql, "later")["not_before"] == "2023-11-14T22:13:21.000Z"
    assert timing.next_due(sql) == NOW + 1000
    timing.advance(sql, NOW + 999)
    assert take(sql) == []
    timing.advance(sql, NOW + 1000)
    assert names(take(sql)) == ["later"]
    assert [kind for kind, _ in events(sql)] == ["task.enqueued", "task.ready", "task.leased"]


def test_done_is_done_once_and_the_same_ack_again_answers_the_same() -> None:
    sql = new_queue()
    put(sql, task("a"))
    lease = take(sql)[0]["lease"]
    first = leases.ack(sql, "a", lease, {"picked": 3}, NOW + 500)
    assert (first["state"], first["result"]) == ("done", {"picked": 3})
    assert leases.ack(sql, "a", lease, {"picked": 4}, NOW + 900) == first
    assert [kind for kind, _ in events(sql)].count("task.completed") == 1
    assert tally.statistics(sql, NOW + 1000)["mean_work_seconds"] == 0.5
    check_books(sql)


def test_a_lease_that_ended_is_lost_and_the_answer_says_how_things_are() -> None:
    sql = new_queue()
    put(sql, task("a"))
    lease = take(sql)[0]["lease"]
    timing.advance(sql, NOW + 60_000)
    second = take(sql, now=NOW + 60_000, worker="other")[0]
    for late in (
        lambda: leases.ack(sql, "a", lease, None, NOW + 61_000),
        lambda: leases.heartbeat(sql, "a", lease, 60, NOW + 61_000),
        lambda: leases.nack(sql, "a", lease, failed(), NOW + 61_000),
        lambda: leases.ack(sql, "a", "guessed", None, NOW + 61_000),
    ):
        with pytest.raises(ProblemError) as caught:
            late()
        assert caught.value.code == "lease-lost"
        assert caught.value.extra["task"]["worker"] == "other"
        assert "lease" not in caught.value.extra["task"]
    assert leases.ack(sql, "a", second["lease"], None, NOW + 61_000)["attempt"] == 2


def test_a_heartbeat_moves_the_end_of_a_lease() -> None:
    sql = new_queue()
    put(sql, task("a"))
    lease = take(sql)[0]["lease"]
    leases.heartbeat(sql, "a", lease, 60, NOW + 50_000)
    timing.advance(sql, NOW + 60_000)
    assert documents.get(sql, "a")["state"] == "leased"
    timing.advance(sql, NOW + 110_000)
    assert documents.get(sql, "a")["state"] == "waiting"


def test_a_task_that_fails_waits_longer_each_time_and_then_is_a_dead_letter() -> None:
    sql = new_queue()
    put(sql, task("a", max_attempts=3))
    now, pauses = NOW, []
    for _ in range(2):
        lease = take(sql, now=now)[0]["lease"]
        answer = leases.nack(sql, "a", lease, failed(), now, draw=1.0)
        assert leases.nack(sql, "a", lease, failed(), now, draw=1.0) == answer  # the same again
        due = timing.next_due(sql)
        assert due is not None
        pauses.append((due - now) / 1000)
        now = due
        timing.advance(sql, now)
    assert pauses == [2.0, 4.0]  # the ceiling doubles from 2 s; a draw of 1 takes all of it
    lease = take(sql, now=now)[0]["lease"]
    dead = leases.nack(sql, "a", lease, failed(reason="still broken"), now)
    assert (dead["state"], dead["reason"], dead["attempt"]) == ("dead", "still broken", 3)
    assert events(sql)[-1][0] == "task.dead"
    check_books(sql)


def test_a_worker_that_falls_silent_too_often_leaves_a_dead_letter_with_the_reason() -> None:
    sql = new_queue()
    put(sql, task("a", max_attempts=2))
    for n in range(2):
        take(sql, now=NOW + n * 60_000)
        timing.advance(sql, NOW + (n + 1) * 60_000)
    found = documents.get(sql, "a")
    assert found["state"] == "dead"
    assert "without a word" in found["reason"]


def test_a_rejected_task_is_dead_at_once_and_a_released_one_costs_nothing() -> None:
    sql = new_queue()
    put(sql, task("bad", max_attempts=9), task("good"))
    first, second = take(sql, 2)
    assert leases.nack(sql, "bad", first["lease"], failed(outcome="rejected"), NOW)["state"] == "dead"
    back = leases.nack(sql, "good", second["lease"], failed(outcome="released"), NOW)
    assert (back["state"], back["attempt"]) == ("waiting", 0)
    check_books(sql)


def test_dead_letters_are_replayed_with_all_their_attempts() -> None:
    sql = new_queue()
    put(sql, *(task(f"t{n}", max_attempts=1) for n in range(3)), task("alive"))
    for found in take(sql, 3):
        leases.nack(sql, found["id"], found["lease"], failed(), NOW)
    assert letters.replay(sql, {"tasks": ["t0", "alive"], "limit": 10}, NOW) == {"replayed": 1, "skipped": 1}
    assert letters.replay(sql, {"limit": 10}, NOW) == {"replayed": 2, "skipped": 0}
    assert {found["attempt"] for found in take(sql, 9)} == {1}
    with pytest.raises(ProblemError, match="no task 'nobody'"):
        letters.replay(sql, {"tasks": ["nobody"], "limit": 10}, NOW)
    check_books(sql)


def test_a_cancelled_task_is_not_handed_out_and_its_holder_loses_it() -> None:
    sql = new_queue()
    put(sql, task("waits"), task("held"))
    letters.cancel(sql, "waits", NOW)
    lease = take(sql)[0]["lease"]
    assert letters.cancel(sql, "held", NOW) == letters.cancel(sql, "held", NOW + 1)
    with pytest.raises(ProblemError) as caught:
        leases.heartbeat(sql, "held", lease, 60, NOW)
    assert (caught.value.code, caught.value.extra["task"]["state"]) == ("lease-lost", "cancelled")
    assert take(sql) == []
    check_books(sql)


def test_what_is_done_cannot_be_cancelled() -> None:
    sql = new_queue()
    put(sql, task("a"))
    leases.ack(sql, "a", take(sql)[0]["lease"], None, NOW)
    with pytest.raises(ProblemError, match="done already"):
        letters.cancel(sql, "a", NOW)


def test_a_repeated_lease_call_gets_what_the_first_one_still_holds() -> None:
    sql = new_queue()
    put(sql, task("a"), task("b"), task("c"))
    first = take(sql, 2)
    leases.remember(sql, "key", "print", first, NOW)
    again = leases.repeated(sql, "key", "print")
    assert again == first
    leases.ack(sql, "a", first[0]["lease"], None, NOW)
    assert names(leases.repeated(sql, "key", "print") or []) == ["b"]
    assert leases.repeated(sql, "other", "print") is None
    with pytest.raises(ProblemError) as caught:
        leases.repeated(sql, "key", "another")
    assert caught.value.code == "idempotency-key-reused"


def test_a_repeated_lease_call_does_not_get_what_somebody_else_holds_by_now() -> None:
    sql = new_queue()
    put(sql, task("a"))
    leases.remember(sql, "key", "print", take(sql), NOW)
    later = NOW + 3_600_000
    timing.advance(sql, later)
    (other,) = take(sql, now=later)
    assert other["id"] == "a"
    assert leases.repeated(sql, "key", "print") == []


def everything(sql: object, **query: object) -> list[str]:
    found, cursor = [], ""
    while True:
        page = documents.page(sql, {"state": "", "limit": 3, "cursor": cursor, **query})  # type: ignore[arg-type]
        found += names(page["items"])
        assert len(page["items"]) <= 3
        if page["next"] is None:
            return found
        cursor = page["next"]


def test_pages_hold_every_task_once_whatever_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SCAN", 4)  # so that a filter needs several looks
    sql = new_queue()
    put(sql, *(task(f"t{n:02}", zone="cold" if n % 5 == 0 else "dry") for n in range(23)))
    taken = names(take(sql, 7))
    assert everything(sql) == [f"t{n:02}" for n in range(23)]
    assert everything(sql, zone="cold") == [f"t{n:02}" for n in range(0, 23, 5)]
    assert everything(sql, state="leased") == taken
    assert everything(sql, state="waiting", zone="cold") == ["t10", "t15", "t20"]
    assert everything(sql, state="dead") == []
    with pytest.raises(ProblemError, match="not a cursor"):
        documents.page(sql, {"state": "", "limit": 3, "cursor": "nonsense"})


def test_a_wave_is_released_once_and_from_one_job() -> None:
    sql = new_queue()
    wave = {"id": "W1", "job": "j1"}
    assert intake.enqueue(sql, [task("pick.W1.B1")], NOW, wave)["created"] == 1
    assert intake.enqueue(sql, [task("pick.W1.B1")], NOW, wave) == {"created": 0, "known": 1}
    with pytest.raises(ProblemError, match="released from job 'j1'"):
        intake.enqueue(sql, [task("pick.W1.B9")], NOW, {"id": "W1", "job": "j2"})


def test_what_ended_long_ago_is_forgotten_and_the_rest_is_not() -> None:
    sql = new_queue()
    put(sql, task("done"), task("gone"), task("dead", max_attempts=1), task("waits"))
    held = take(sql, 3)
    leases.ack(sql, "done", held[0]["lease"], None, NOW)
    letters.cancel(sql, "gone", NOW)
    leases.nack(sql, "dead", held[2]["lease"], failed(), NOW)
    week = 7 * 86_400_000
    assert timing.sweep(sql, NOW + week) == NOW + week
    assert timing.sweep(sql, NOW + week + 1) is None
    assert everything(sql) == ["dead", "waits"]
    check_books(sql)


def test_events_leave_in_order_and_stay_until_they_are_acknowledged() -> None:
    sql = new_queue()
    put(sql, task("a", zone="cold"))
    take(sql)
    first, batch = outbox.batch(sql)
    assert (first, [(event["type"], event["zone"]) for event in batch]) == (
        1,
        [("task.enqueued", "cold"), ("task.leased", "cold")],
    )
    outbox.acknowledge(sql, 1)
    put(sql, task("b"))
    first, batch = outbox.batch(sql)
    assert (first, [event["type"] for event in batch]) == (2, ["task.leased", "task.enqueued"])
    outbox.acknowledge(sql, 3)
    assert not outbox.owes(sql)


def test_a_batch_of_events_stays_below_what_one_value_may_hold() -> None:
    sql = new_queue()
    put(sql, *(task(f"{n:05}-{'x' * 110}") for n in range(6000)))
    first, batch = outbox.batch(sql)
    assert first == 1
    # 60 events of 100 ids of 116 characters: about 12,000 characters each, so 34 of them reach 400,000
    assert 30 <= len(batch) <= 34
