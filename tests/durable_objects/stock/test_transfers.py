"""Transfers between two zones, whichever of them stops at whichever step."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from contracts.errors import ProblemError
from durable_objects.stock import outbox, reading, transfers
from durable_objects.stock.posting import LinesRefused
from tests.durable_objects.stock.zones import HERE, NOW, THERE, differences, line, new_zone, run

MINUTE = 60_000


class Pair:
    """Zones a and b of a warehouse; the messages between them are handed over one by one."""

    def __init__(self, limits: dict[str, int] | None = None) -> None:
        self.source = new_zone(zone="a", stock=[{"sku": "apple", "location": HERE, "quantity": 10}])
        self.target = new_zone(limits, zone="b")

    def begin(self, quantity: int = 4, name: str = "t1", now: int = NOW) -> None:
        move = {"sku": "apple", "location": HERE, "to": THERE, "quantity": quantity}
        body = {"id": name, "to_zone": "b", "lines": [move]}

        def write() -> None:
            transfers.begin(self.source, "a", body, fingerprint=f"f{quantity}", author="tester", now=now)

        self.source.transaction(write)

    def ask(self, name: str = "t1") -> dict[str, Any] | None:
        """The target's answer to the source's question; None when the source has none any more."""
        parcel = transfers.parcel(self.source, "a", name)
        return None if parcel is None else transfers.accept(self.target, json.loads(parcel[1]), NOW)

    def settle(self, answer: dict[str, Any], name: str = "t1") -> None:
        transfers.settle(self.source, "a", name, answer, NOW)

    def held(self) -> tuple[int, int, int]:
        """Pieces in a, in transit, and in b."""
        a, b = outbox.totals(self.source), outbox.totals(self.target)
        return a["stock_quantity"], a["in_transit_quantity"], b["stock_quantity"]

    def check(self) -> None:
        assert differences(self.source) == []
        assert differences(self.target) == []


def test_a_transfer_leaves_travels_and_arrives() -> None:
    pair = Pair()
    pair.begin()
    assert pair.held() == (6, 4, 0)
    pair.check()
    answer = pair.ask()
    assert answer == {"state": "completed"}
    pair.settle(answer)
    assert pair.held() == (6, 0, 4)
    found = transfers.read(pair.source, "a", "t1")
    assert (found["state"], found["attempts"], found["problem"]) == ("completed", 1, None)
    rows = reading.ledger(pair.source, 1, 10) + reading.ledger(pair.target, 0, 10)
    assert [(row["op"], row["delta"], row["reference"]) for row in rows] == [("send", -4, "t1"), ("arrive", 4, "t1")]
    pair.check()


def test_what_the_target_refuses_comes_back_and_the_transfer_says_why() -> None:
    pair = Pair({"max_weight_g": 300})  # three apples of 100 g
    pair.begin(4)
    answer = pair.ask()
    assert answer is not None
    pair.settle(answer)
    assert pair.held() == (10, 0, 0)
    found = transfers.read(pair.source, "a", "t1")
    assert (found["state"], found["problem"]["code"]) == ("refused", "capacity-exceeded")
    assert found["problem"]["errors"][0]["pointer"] == "/lines/0/quantity"
    assert [row["op"] for row in reading.ledger(pair.source, 0, 10)] == ["open", "send", "return"]
    pair.check()


def test_the_target_names_its_own_location_in_a_refusal() -> None:
    pair = Pair()
    move = {"sku": "apple", "location": HERE, "to": "nowhere", "quantity": 1}
    body = {"id": "t1", "to_zone": "b", "lines": [move]}
    transfers.begin(pair.source, "a", body, fingerprint="f", author="tester", now=NOW)
    answer = pair.ask()
    assert answer is not None
    assert answer["problem"]["errors"][0]["pointer"] == "/lines/0/to"


def test_what_the_source_does_not_have_does_not_leave() -> None:
    pair = Pair()
    with pytest.raises(LinesRefused):
        pair.begin(11)
    assert pair.held() == (10, 0, 0)
    with pytest.raises(ProblemError, match="no transfer"):
        transfers.read(pair.source, "a", "t1")


def test_the_same_transfer_again_is_one_and_another_under_its_id_is_a_conflict() -> None:
    pair = Pair()
    pair.begin()
    pair.begin()
    assert pair.held() == (6, 4, 0)
    with pytest.raises(ProblemError, match="other content"):
        pair.begin(5)


def test_to_its_own_zone_a_transfer_is_an_operation() -> None:
    pair = Pair()
    body = {"id": "t", "to_zone": "a", "lines": [{"sku": "apple", "location": HERE, "to": THERE, "quantity": 1}]}
    with pytest.raises(ProblemError) as caught:
        transfers.begin(pair.source, "a", body, fingerprint="f", author="tester", now=NOW)
    assert caught.value.errors[0].pointer == "/to_zone"


@pytest.mark.parametrize("limit", [None, 300])
def test_a_late_question_gets_the_first_answer_and_has_no_second_effect(limit: int | None) -> None:
    pair = Pair({"max_weight_g": limit} if limit else None)
    pair.begin()
    parcel = transfers.parcel(pair.source, "a", "t1")
    assert parcel is not None
    first = transfers.accept(pair.target, json.loads(parcel[1]), NOW)
    pair.settle(first)
    before = pair.held()
    if limit:  # by now it would be accepted
        pair.target.run("UPDATE location SET max_weight_g = NULL")
    for _ in range(3):
        assert transfers.accept(pair.target, json.loads(parcel[1]), NOW) == first
        pair.settle(first)
    assert pair.held() == before
    assert transfers.parcel(pair.source, "a", "t1") is None
    pair.check()


@pytest.mark.parametrize("limit", [None, 300])
@pytest.mark.parametrize(
    "stop", ["before asking", "before the target has it", "before the answer arrives", "before settling"]
)
def test_after_a_stop_at_any_step_the_alarm_brings_it_to_its_one_end(stop: str, limit: int | None) -> None:
    pair = Pair({"max_weight_g": limit} if limit else None)
    pair.begin()
    if stop != "before asking":
        parcel = transfers.parcel(pair.source, "a", "t1")
        assert parcel is not None
        if stop in ("before the answer arrives", "before settling"):
            transfers.accept(pair.target, json.loads(parcel[1]), NOW)
    # Whoever was under way is gone. The alarm rings when the transfer is due.
    due_at = transfers.next_due(pair.source)
    assert due_at is not None and due_at <= NOW + MINUTE
    assert transfers.due(pair.source, due_at) == ["t1"]
    answer = pair.ask()
    assert answer is not None
    pair.settle(answer)
    assert pair.held() == ((10, 0, 0) if limit else (6, 0, 4))
    assert transfers.next_due(pair.source) is None
    pair.check()


def test_a_target_that_does_not_answer_is_asked_at_growing_pauses_up_to_a_minute() -> None:
    pair = Pair()
    pair.begin()
    pauses = []
    for _ in range(8):
        transfers.parcel(pair.source, "a", "t1")
        transfers.postpone(pair.source, "t1", NOW)
        pauses.append((transfers.next_due(pair.source) or 0) - NOW)
    assert pauses == [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]


def test_many_transfers_with_lost_repeated_and_reordered_messages_keep_every_piece() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    pair = Pair({"max_weight_g": 500})  # five apples
    names = [f"t{n}" for n in range(8)]
    sent: list[tuple[str, str]] = []  # questions that were ever made; any may arrive again, later
    answers: list[tuple[str, dict[str, Any]]] = []
    for _ in range(300):
        step = rng.randrange(5)
        name = rng.choice(names)
        if step == 0:
            try:
                pair.begin(1 + names.index(name) % 3, name)
            except LinesRefused:
                continue
        elif step == 1 and (parcel := transfers.parcel(pair.source, "a", name)) is not None:
            sent.append((name, parcel[1]))
        elif step == 2 and sent:
            name, text = rng.choice(sent)
            answers.append((name, transfers.accept(pair.target, json.loads(text), NOW)))
        elif step == 3 and answers:
            name, answer = rng.choice(answers)
            pair.settle(answer, name)
        elif step == 4 and rng.random() < 0.3 and outbox.totals(pair.target)["stock_quantity"]:
            run(pair.target, line("pick", 1, location=THERE))
            run(pair.source, line("receive", 1))
        a, travelling, b = pair.held()
        # a piece that has arrived is in transit until the source knows: never lost, at most seen twice for a while
        assert 10 <= a + travelling + b <= 10 + travelling
    for name in transfers.due(pair.source, NOW + MINUTE):
        answer = pair.ask(name)
        assert answer is not None
        pair.settle(answer, name)
    a, travelling, b = pair.held()
    assert (a + b, travelling) == (10, 0)
    pair.check()


def test_transfers_are_listed_by_age_and_by_state() -> None:
    pair = Pair()
    for n in range(3):
        pair.begin(1, f"t{n}", NOW + n)
    answer = pair.ask("t1")
    assert answer is not None
    pair.settle(answer, "t1")
    first = transfers.page(pair.source, "a", None, 2, "")
    rest = transfers.page(pair.source, "a", first[-1][0], 2, "")
    assert [entry["id"] for _, entry in first + rest] == ["t0", "t1", "t2"]
    assert [entry["id"] for _, entry in transfers.page(pair.source, "a", None, 9, "in-transit")] == ["t0", "t2"]
