"""The two promises of rate limiting, played in virtual time: nobody under its rate is refused; over-admission has a bound.

Both sides are the real ones: the isolates' leases and the object's book. Only time and the network are played.
"""

from __future__ import annotations

import random

import pytest

from contracts.limits import FORGIVE_S, LEASE_S, LENDING, Bucket, Policy
from durable_objects.limits.book import Book
from worker.limits.leases import Leases, Want


def book() -> Book:
    return Book(lambda _key: None)


class Isolate:
    """An isolate that asks `truth`, whose answers take `delay` seconds; `asked` counts the hops that a request waited for."""

    def __init__(self, truth: Book, name: str, delay: float = 0.0) -> None:
        self.truth, self.delay = truth, delay
        self.leases = Leases(name)
        self.asked = self.renewed = 0
        self._on_the_way: list[tuple[float, object, dict]] = []

    def request(self, policy: Policy, now: float, *, cost: float = 1.0, critical: bool = False) -> bool:
        self._arrive(now)
        wants = [Want("t:client:c", policy, cost, critical)]
        if self.leases.take(wants, now):
            if self.leases.due(wants, now):
                self.renewed += 1
                exchange = self.leases.ask(wants, now, paying=False)
                answer, _ = self.truth.exchange(exchange.payload, now)
                self._on_the_way.append((now + self.delay, exchange, answer))
            return True
        if self.leases.refused(wants, now):
            return False
        self.asked += 1
        exchange = self.leases.ask(wants, now, paying=True)
        answer, _ = self.truth.exchange(exchange.payload, now)
        exchange.settle(answer)
        return bool(answer["admitted"])

    def _arrive(self, now: float) -> None:
        for item in [item for item in self._on_the_way if item[0] <= now]:
            self._on_the_way.remove(item)
            item[1].settle(item[2])


@pytest.mark.parametrize("delay", [0.0, 0.03])
def test_a_client_under_its_rate_is_never_refused_however_its_requests_spread_over_isolates(delay: float) -> None:
    seed = 7
    draw = random.Random(seed)
    policy, truth = Policy("client", 100, 50), book()
    isolates = [Isolate(truth, str(number), delay) for number in range(5)]
    for number in range(5000):  # 95 requests/s for 52 s, at a rate of 100/s
        assert draw.choice(isolates).request(policy, number / 95), (seed, number)


@pytest.mark.parametrize("delay", [0.0, 0.03])
def test_flooding_isolates_get_at_most_burst_plus_rate_plus_what_may_be_lent(delay: float) -> None:
    policy, truth = Policy("client", 50, 100), book()
    isolates = [Isolate(truth, str(number), delay) for number in range(4)]
    seconds, admitted = 20, 0
    for number in range(seconds * 1000):  # 1,000 requests/s against a rate of 50/s
        admitted += isolates[number % 4].request(policy, number / 1000)
    # 100 + 50 * 20 + 100 * 0.25 = 1125, less the reserve of 10 % that normal requests may not touch
    assert admitted <= policy.usable + policy.rate * seconds + policy.burst * LENDING
    assert admitted >= policy.rate * seconds  # and not much less: limiting wastes nothing
    # A refusal is remembered until there can be a token again, here some 20 ms: most of the flood costs no hop.
    assert sum(isolate.asked for isolate in isolates) < 0.4 * (seconds * 1000 - admitted)


def test_two_busy_isolates_share_what_may_be_lent() -> None:
    policy, truth = Policy("client", 100, 400), book()
    isolates = [Isolate(truth, "a"), Isolate(truth, "b")]
    for number in range(400):  # 80 requests/s over two isolates
        for isolate in isolates:
            isolate.request(policy, number / 40)
        assert truth.buckets["t:client:c"].lent <= policy.burst * LENDING


def test_steady_traffic_waits_for_the_object_at_its_start_alone() -> None:
    policy, truth = Policy("client", 1000, 2000), book()
    isolate = Isolate(truth, "a", delay=0.05)
    for number in range(10_000):  # 500 requests/s for 20 s, and answers take 50 ms
        assert isolate.request(policy, number / 500)
    assert isolate.asked <= 12  # the wish grows with the demand of the first second
    assert isolate.renewed <= 20 * 4


def test_what_an_isolate_used_is_charged_once_though_answers_cross() -> None:
    policy, truth, leases = Policy("client", 1, 1000), book(), Leases("a")
    wants = [Want("t:client:c", policy, 10.0, False)]
    for _ in range(3):  # a demand to speak of
        leases.take(wants, 0.0)
    first = leases.ask(wants, 0.0, paying=True)
    first.settle(truth.exchange(first.payload, 0.0)[0])
    held = leases._held["t:client:c"]
    assert (held.left, truth.buckets["t:client:c"].level) == (60.0, 990.0)  # wish: 30 a second for 2 s; 10 paid
    assert leases.take(wants, 0.1)
    second = leases.ask(wants, 0.1, paying=False)
    assert leases.take(wants, 0.2)
    third = leases.ask(wants, 0.2, paying=False)
    answers = [truth.exchange(one.payload, 0.2)[0] for one in (second, third)]
    third.settle(answers[1])
    second.settle(answers[0])  # late: it must not bring back what was told since
    # Both leases of 10 have left the bucket, which gained 0.2 meanwhile; all that is lent is what the isolate holds.
    assert truth.buckets["t:client:c"].level == pytest.approx(970.2)
    assert held.left == truth.buckets["t:client:c"].lent
    assert held.used == 0.0


def test_an_exchange_that_fails_is_told_again() -> None:
    policy, truth, isolate = Policy("client", 10, 100), book(), Isolate(book(), "a")
    isolate.truth = truth
    for number in range(20):
        isolate.request(policy, number / 20)
    wants = [Want("t:client:c", policy, 1.0, False)]
    used = isolate.leases._held["t:client:c"].used
    lost = isolate.leases.ask(wants, 1.0, paying=False)
    lost.failed()
    again = isolate.leases.ask(wants, 1.0, paying=False)
    assert used > 0
    assert again.payload["wants"][0]["used"] == used


def test_a_lease_that_ended_is_reported_and_one_whose_isolate_died_is_forgiven() -> None:
    policy, truth = Policy("client", 10, 400), book()
    alive, dead = Isolate(truth, "alive"), Isolate(truth, "dead")
    for number in range(10):
        alive.request(policy, number / 10)
        dead.request(policy, number / 10)
    bucket = truth.buckets["t:client:c"]
    assert bucket.lent > 0
    wants = [Want("t:client:c", policy, 1.0, False)]
    reports = alive.leases.over(wants, 1.0 + LEASE_S)
    assert len(reports) == 1
    assert alive.leases.over(wants, 1.0 + LEASE_S) == []
    truth.exchange({"isolate": "alive", "reports": reports}, 1.0 + LEASE_S)
    held = dead.leases._held["t:client:c"]
    assert bucket.lent == held.left + held.used
    truth.exchange({}, 1.0 + FORGIVE_S)
    assert bucket.lent == 0


def test_leases_of_two_tenants_are_two() -> None:
    policy, leases = Policy("tenant", 10, 100), Leases("a")
    rich = [Want("acme:tenant", policy, 5.0, False)]
    leases.take(rich, 0.0)
    exchange = leases.ask(rich, 0.0, paying=True)
    exchange.settle(book().exchange(exchange.payload, 0.0)[0])
    assert leases.take(rich, 0.1)
    assert not leases.take([Want("rival:tenant", policy, 5.0, False)], 0.1)


def test_a_restarted_object_still_charges_what_was_used_before() -> None:
    policy = Policy("client", 1, 100)
    restarted = Book(lambda _key: (50.0, 0.0))
    want = {"key": "k", "policy": {"name": "client", "rate": 1, "burst": 100, "reserve": 0.1}, "critical": False}
    answer, touched = restarted.exchange({"isolate": "a", "wants": [{**want, "cost": 0, "wish": 0, "used": 7}]}, 0.0)
    assert restarted.buckets["k"].level == 43.0
    assert answer["wants"][0]["level"] == 43.0 - policy.burst * policy.reserve
    assert touched == {"k"}


def test_the_reserve_is_for_critical_requests_alone() -> None:
    bucket = Bucket.full(Policy("client", 1, 100, reserve=0.1), 0.0)
    assert sum(bucket.take(1, False, 0.0) for _ in range(200)) == 90
    assert sum(bucket.take(1, True, 0.0) for _ in range(200)) == 10
    assert bucket.wait(1, True, 0.0) == 1.0


def test_a_remembered_refusal_does_not_stop_a_critical_or_a_cheaper_request() -> None:
    policy, isolate = Policy("client", 1, 100), Isolate(book(), "a")
    assert isolate.request(policy, 0.0, cost=88.0)
    assert not isolate.request(policy, 0.0, cost=5.0)  # 100 - 88 - 5 = 7, below the reserve of 10
    asked = isolate.asked
    assert not isolate.request(policy, 0.1, cost=5.0)
    assert isolate.asked == asked
    assert isolate.request(policy, 0.1, cost=2.0)  # 12.1 - 2 = 10.1
    assert isolate.request(policy, 0.1, cost=5.0, critical=True)
