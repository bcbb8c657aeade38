"""Rate limits with concurrent clients on real workerd, over two isolates that share one RateLimiter object."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from contracts.limits import LENDING
from tests.edge.apart import AGENT_BURST, AGENT_RATE, BURST, RATE, Apart

RESERVE = 0.1  # of the burst, for critical routes alone
FLOOD_S = 3.0
THREADS = 6


def flood(apart: Apart, key: str, path: str, seconds: float) -> tuple[Counter[int], float, list[httpx.Response]]:
    """As many requests as six threads can send, on both isolates: (statuses, seconds from the first to the last answer,
    the refusals)."""
    statuses: Counter[int] = Counter()
    refused: list[httpx.Response] = []
    lock = threading.Lock()
    began = time.monotonic()

    def send(number: int) -> None:
        with apart.client(key, isolate=number % 2) as http:
            while time.monotonic() - began < seconds:
                answer = http.get(path)
                with lock:
                    statuses[answer.status_code] += 1
                    if answer.status_code == 429:
                        refused.append(answer)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(THREADS)))
    return statuses, time.monotonic() - began, refused


def test_concurrent_clients_on_two_isolates_get_no_more_than_the_documented_bound(apart: Apart) -> None:
    """docs/rate-limits.md: burst + rate · t + burst / 4 at most; and never less than an exact bucket would give."""
    statuses, seconds, refused = flood(apart, apart.key(), "/v1/me", FLOOD_S)
    admitted = statuses[200]
    assert set(statuses) == {200, 429}, statuses
    assert admitted <= BURST + RATE * seconds + BURST * LENDING, (statuses, seconds)
    # An exact bucket: 72 of 80 for ordinary requests, then 20 a second. A lease's rounding down costs a few.
    fair = BURST * (1 - RESERVE) + RATE * (FLOOD_S - 1)
    assert admitted >= min(fair, sum(statuses.values())) - 5, (statuses, seconds)
    for answer in refused[:5]:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["violated-policies"] == ["client"]
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit-policy"].startswith('"client";q=')


def paced(
    apart: Apart, key: str, rate: float, requests: int, send: Callable[[httpx.Client], httpx.Response]
) -> Counter:
    """Requests at a steady rate, on both isolates in turn."""
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    with apart.client(key, 0) as first, apart.client(key, 1) as second:
        for number in range(requests):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            statuses[send(first if number % 2 else second).status_code] += 1
    return statuses


def test_a_client_that_stays_under_its_rate_is_never_refused_while_another_one_floods(apart: Apart) -> None:
    """Nine tenths of the rate, for long enough to use the burst up twice if it counted wrongly."""
    calm, wild = apart.key(), apart.key()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(flood, apart, wild, "/v1/me", 6.0)
        statuses = paced(apart, calm, RATE * 0.9, 110, lambda http: http.get("/v1/me"))
        flooded, _, _ = other.result()
    assert statuses == Counter({200: 110})
    assert flooded[429] > 0


def test_two_clients_of_a_tenant_share_the_bucket_of_an_agent_type(apart: Apart) -> None:
    """5 tokens a request: 45 of 50 are for ordinary requests, so nine at once, then two a second."""
    began = time.monotonic()
    with apart.client(apart.key()) as ann, apart.client(apart.key()) as bob:
        # A session id that is none: the gateway answers by itself, after the limit was charged.
        answers = [
            http.get("/v1/agents/optimizer/health", headers={"x-session-id": "../x"})
            for _ in range(12)
            for http in (ann, bob)
        ]
    seconds = time.monotonic() - began
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {400, 429}
    assert 9 <= statuses[400] <= (AGENT_BURST + AGENT_RATE * seconds + AGENT_BURST * LENDING) / 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["violated-policies"] == ["agent"]


def test_the_reserve_lets_critical_routes_through_when_a_client_has_used_up_its_rate(apart: Apart) -> None:
    key = apart.key()
    with apart.client(key) as http:
        deadline = time.monotonic() + 30
        while (
            http.get("/v1/me").status_code != 429
        ):  # without a pause: at 20 a second there would be no end to the rate
            assert time.monotonic() < deadline
        assert http.get("/v1/health").status_code == 200


@pytest.mark.parametrize("isolate", [0, 1])
def test_without_the_limiters_object_each_isolate_limits_by_itself_and_says_so(apart: Apart, isolate: int) -> None:
    key = apart.key()
    with apart.client(key, isolate) as http, apart.faring("RATE_LIMITER", "lost"):
        answers = [http.get("/v1/me") for _ in range(int(BURST) + 60)]
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 429}  # neither an open door nor a closed one
    assert statuses[200] >= BURST * (1 - RESERVE)
    lines = [line for line in apart.log_lines() if line.get("limit") == "degraded"]
    assert any(line["status"] == 200 for line in lines)
    assert any(line["event"] == "rate-limiter-unreachable" for line in apart.log_lines())
