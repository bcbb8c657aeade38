"""The two promises of rate limiting, played in virtual time: nobody under its rate is refused; over-admission has a bound."""

from __future__ import annotations

import random

from contracts.limits import LEASE_S, LENDING, Bucket, Policy
from worker.limits.leases import Leases, Want


class Truth:
    """What the RateLimiter object does with one bucket, without its storage."""

    def __init__(self, policy: Policy) -> None:
        self.bucket, self.leases, self.number = Bucket.full(policy, 0.0), {}, 0

    def exchange(self, payload: dict, now: float) -> dict:
        for lease, used in payload["reports"]:
            self.bucket.report(self.leases.pop(lease), used, now)
        want = payload["wants"][0]
        wait = self.bucket.wait(want["cost"], want["critical"], now)
        lease, lent = "", 0.0
        if wait == 0:
            self.bucket.take(want["cost"], want["critical"], now)
            lent = self.bucket.lend(want["wish"], now)
        if lent:
            self.number += 1
            lease = str(self.number)
            self.leases[lease] = lent
        given = {"level": self.bucket.level, "wait": wait, "lease": lease, "lent": lent}
        return {"admitted": wait == 0, "wants": [given]}


def ask(truth: Truth, isolate: Leases, policy: Policy, now: float) -> bool:
    wants = [Want("client", policy, 1.0, False)]
    if isolate.take(wants, now):
        return True
    answer = truth.exchange(isolate.request(wants), now)
    isolate.settle(wants, answer, now)
    return bool(answer["admitted"])


def test_a_client_under_its_rate_is_never_refused_however_its_requests_spread_over_isolates() -> None:
    seed = 7
    draw = random.Random(seed)
    policy = Policy("client", 100, 50)
    truth, isolates = Truth(policy), [Leases() for _ in range(5)]
    for number in range(5000):  # 95 requests/s for 52 s, at a rate of 100/s
        assert ask(truth, draw.choice(isolates), policy, number / 95), (seed, number)


def test_flooding_isolates_get_at_most_burst_plus_rate_plus_what_may_be_lent() -> None:
    policy = Policy("client", 50, 100)
    truth, isolates = Truth(policy), [Leases() for _ in range(4)]
    seconds, admitted = 20, 0
    for number in range(seconds * 1000):  # 1,000 requests/s against a rate of 50/s
        admitted += ask(truth, isolates[number % 4], policy, number / 1000)
    # 100 + 50 * 20 + 100 * 0.25 = 1125, less the reserve of 10 % that normal requests may not touch
    assert admitted <= policy.usable + policy.rate * seconds + policy.burst * LENDING
    assert admitted >= policy.rate * seconds  # and not much less: limiting wastes nothing


def test_steady_traffic_rarely_asks_the_object() -> None:
    policy = Policy("client", 1000, 2000)
    truth, isolate = Truth(policy), Leases()
    asked = 0
    for number in range(5000):  # 500 requests/s for 10 s
        now, wants = number / 500, [Want("client", policy, 1.0, False)]
        if not isolate.take(wants, now):
            asked += 1
            isolate.settle(wants, truth.exchange(isolate.request(wants), now), now)
    assert asked <= 40 + 10 / LEASE_S  # a lease holds up to 500 tokens: one question per second, some more at the start


def test_the_reserve_is_for_critical_requests_alone() -> None:
    bucket = Bucket.full(Policy("client", 1, 100, reserve=0.1), 0.0)
    assert sum(bucket.take(1, False, 0.0) for _ in range(200)) == 90
    assert sum(bucket.take(1, True, 0.0) for _ in range(200)) == 10
    assert bucket.wait(1, True, 0.0) == 1.0
