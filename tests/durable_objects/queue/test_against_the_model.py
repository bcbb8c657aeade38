"""Any sequence of calls leaves the queue as the plain model says, and its books in order."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.errors import ProblemError
from durable_objects.queue import intake, leases, letters, timing
from durable_objects.queue.schema import NEVER
from durable_objects.state.clock import iso
from tests.durable_objects.queue.model import Entry, Model
from tests.durable_objects.queue.queues import NOW, check_books, new_queue

EXAMPLES = int(os.environ.get("STOREMAX_EXAMPLES", "40"))
TYPES, ZONES, SKILLS, OWNERS = ("pick", "count"), ("", "cold", "dry"), ("crane", "height"), ("A", "B", "C")


def some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=len(values), unique=True)


tasks = st.builds(
    dict,
    id=st.integers(0, 30).map(lambda n: f"t{n}"),
    type=st.sampled_from(TYPES),
    zone=st.sampled_from(ZONES),
    owner=st.sampled_from(OWNERS),
    skills=some(SKILLS),
    priority=st.integers(0, 2),
    delay=st.sampled_from([0, 0, 0, 5, 70]),
    due=st.sampled_from([None, 10, 20]),
    max_attempts=st.integers(1, 3),
)
wishes = st.builds(
    dict,
    types=some(TYPES),
    zones=some(ZONES[1:]),
    skills=some(SKILLS),
    lease_seconds=st.sampled_from([10, 60]),
)


class Queue(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.sql, self.model, self.now = new_queue(), Model(), NOW
        self.numbers = itertools.count()
        self.leases: list[tuple[str, str]] = []  # every one ever given: also those that are over

    @rule(batch=st.lists(tasks, min_size=1, max_size=6, unique_by=lambda t: t["id"]))
    def enqueue(self, batch: list[dict[str, Any]]) -> None:
        sent = [
            {
                **{key: value for key, value in task.items() if key not in ("delay", "due", "zone")},
                "zone": task["zone"] or None,
                "not_before": iso(self.now + task["delay"] * 1000) if task["delay"] else None,
                "due_at": iso(NOW + task["due"] * 1000) if task["due"] else None,
            }
            for task in batch
        ]
        entries = [
            Entry(
                task["id"],
                next(self.numbers),
                task["owner"],
                task["type"],
                task["zone"],
                frozenset(task["skills"]),
                task["priority"],
                NOW + task["due"] * 1000 if task["due"] else NEVER,
                task["max_attempts"],
                "",
                self.now + task["delay"] * 1000,
            )
            for task in batch
        ]
        created = self.model.enqueue(entries, self.now)
        assert intake.enqueue(self.sql, sent, self.now) == {"created": created, "known": len(batch) - created}

    @rule(wish=wishes, limit=st.integers(1, 4))
    def lease(self, wish: dict[str, Any], limit: int) -> None:
        tokens = [f"L{next(self.numbers)}" for _ in range(limit)]
        expected = self.model.lease(wish, tokens, self.now)
        found = leases.lease(self.sql, {"worker": "w", **wish}, tokens, self.now)
        assert [task["id"] for task in found] == expected
        self.leases += [(task["id"], task["lease"]) for task in found]

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        name, token = data.draw(st.sampled_from(self.leases))
        held = self.model.ack(name, token, self.now)
        self._agree(held, lambda: leases.ack(self.sql, name, token, {"ok": 1}, self.now))

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), seconds=st.sampled_from([5, 60]))
    def heartbeat(self, data: st.DataObject, seconds: int) -> None:
        name, token = data.draw(st.sampled_from(self.leases))
        held = self.model.heartbeat(name, token, seconds, self.now)
        self._agree(held, lambda: leases.heartbeat(self.sql, name, token, seconds, self.now))

    @precondition(lambda self: self.leases)
    @rule(
        data=st.data(),
        outcome=st.sampled_from(["failed", "failed", "released", "rejected"]),
        delay=st.sampled_from([0, 5]),
    )
    def nack(self, data: st.DataObject, outcome: str, delay: int) -> None:
        name, token = data.draw(st.sampled_from(self.leases))
        held = self.model.nack(name, token, outcome, delay, self.now)
        answer = {"reason": "r", "outcome": outcome, "delay_seconds": delay}
        self._agree(held, lambda: leases.nack(self.sql, name, token, answer, self.now))

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.entries)))
        self._agree(self.model.cancel(name, self.now), lambda: letters.cancel(self.sql, name, self.now))

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        names = data.draw(st.lists(st.sampled_from(sorted(self.model.entries)), min_size=1, max_size=5, unique=True))
        replayed = self.model.replay(names, self.now)
        expected = {"replayed": replayed, "skipped": len(names) - replayed}
        assert letters.replay(self.sql, {"tasks": names}, self.now) == expected

    @rule(seconds=st.sampled_from([1, 5, 30, 120]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1000
        due = timing.next_due(self.sql)
        moments = [entry.moment for entry in self.model.of("delayed", "leased")]
        assert due == min(moments, default=None)
        self.model.advance(self.now)
        timing.advance(self.sql, self.now)

    def _agree(self, held: bool, change: Callable[[], Any]) -> None:
        if held:
            change()
            return
        with pytest.raises(ProblemError) as caught:
            change()
        assert caught.value.code in ("lease-lost", "conflict")

    @invariant()
    def every_task_stands_where_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = self.sql.rows("SELECT id, state, moment, attempt FROM task ORDER BY id")
        model = sorted([e.id, e.state, e.moment, e.attempt] for e in self.model.entries.values())
        assert rows == model
        check_books(self.sql)


Queue.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None, print_blob=True)
TestQueueAgainstTheModel = Queue.TestCase
