"""Calls through breaker and retry together, with a clock that only moves when told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import ProblemError
from durable_objects.resilience.failures import judge
from durable_objects.resilience.upstreams import CAPACITY, Upstreams


class JsException(Exception):
    """As the platform raises it: flags tell what it means."""

    def __init__(self, text: str = "Network connection lost.", **flags: bool) -> None:
        super().__init__(text)
        self.__dict__.update(flags)


class Play:
    """Upstreams in virtual time; pauses are noted and pass at once."""

    def __init__(self) -> None:
        self.time, self.pauses, self.changes = 1000.0, [], []
        self.upstreams = Upstreams(now=lambda: self.time, sleep=self._sleep, draw=lambda: 0.5, on_change=self._changed)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def _changed(self, kind: str, name: str, state: str) -> None:
        self.changes.append((kind, name, state))

    async def call(self, outcomes: list[Any], name: str = "a", **options: Any) -> Any:
        """Call an upstream that gives these outcomes, one after the other; what is an exception is raised."""
        rest = iter(outcomes)

        async def attempt() -> Any:
            outcome = next(rest)
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        return await self.upstreams.call("STATE", name, attempt, **{"idempotent": True, **options})


async def test_an_idempotent_call_that_the_platform_lost_is_made_again() -> None:
    play = Play()
    assert await play.call([JsException(), JsException(), "answer"]) == "answer"
    assert play.pauses == [0.025, 0.05]  # half of 0.05, half of 0.1


async def test_a_call_that_is_not_idempotent_is_never_repeated_and_the_answer_says_what_is_unknown() -> None:
    play = Play()
    with pytest.raises(ProblemError, match="whether this request took effect is not known") as caught:
        await play.call([JsException(), "answer"], idempotent=False)
    assert (caught.value.status, play.pauses) == (503, [])


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (JsException("Durable Object is overloaded.", overloaded=True), "it would only make the load worse"),
        (ProblemError("not-found", "no such thing"), "the upstream has answered"),
        (ProblemError("no-capacity", "full"), "the client is told when to come again"),
        (JsException("TypeError: a bug", remote=True), "the object's own code failed, and would fail again"),
    ],
)
async def test_what_a_repeat_cannot_mend_is_not_repeated(error: Exception, why: str) -> None:
    play = Play()
    with pytest.raises((ProblemError, JsException)):
        await play.call([error, "answer"])
    assert play.pauses == [], why


async def test_a_broken_object_is_refused_at_once_while_others_of_its_kind_are_served() -> None:
    play = Play()
    for _ in range(10):
        with pytest.raises(ProblemError):
            await play.call([JsException()], idempotent=False)
    with pytest.raises(ProblemError, match="not asked for a moment") as caught:
        await play.call(["never asked"])
    assert caught.value.headers["retry-after"] == "2"
    assert await play.call(["fine"], name="b") == "fine"
    assert play.changes == [("STATE", "a", "open")]
    report = play.upstreams.report()["STATE"]
    assert (report["state"], report["open"], report["refused"], report["failure_rate"]) == ("open", 1, 1, 1.0)


async def test_after_the_pause_a_probe_closes_the_circuit() -> None:
    play = Play()
    for _ in range(10):
        with pytest.raises(ProblemError):
            await play.call([JsException()], idempotent=False)
    play.time += 2.0
    assert play.upstreams.report()["STATE"]["state"] == "half-open"
    assert await play.call(["back"]) == "back"
    assert play.changes[-1] == ("STATE", "a", "closed")


async def test_mistakes_of_clients_never_open_a_circuit() -> None:
    play = Play()
    for _ in range(50):
        with pytest.raises(ProblemError):
            await play.call([ProblemError("invalid", "wrong")])
    assert await play.call(["served"]) == "served"


async def test_a_caller_that_may_not_be_refused_is_let_through_an_open_circuit() -> None:
    play = Play()
    for _ in range(10):
        with pytest.raises(ProblemError):
            await play.call([JsException()], idempotent=False)
    assert await play.call(["served"], refuse=False) == "served"


async def test_nothing_is_begun_after_the_deadline() -> None:
    play = Play()
    with pytest.raises(ProblemError) as caught:
        await play.call(["answer"], deadline=play.time - 1)
    assert caught.value.code == "deadline-exceeded"
    with pytest.raises(ProblemError) as caught:  # half of 0.05 s of pause would end after it
        await play.call([JsException(), "answer"], deadline=play.time + 0.01)
    assert caught.value.code == "unavailable"


async def test_a_client_that_gives_up_early_does_not_count_against_the_upstream() -> None:
    play = Play()
    for _ in range(30):
        with pytest.raises(asyncio.CancelledError):
            await play.call([asyncio.CancelledError()])
    assert await play.call(["served"]) == "served"


async def test_results_that_tell_of_a_failure_open_the_circuit_too() -> None:
    play = Play()
    broken: Callable[[int], bool] = lambda status: status >= 500  # noqa: E731
    for _ in range(10):
        assert await play.call([502], broken=broken) == 502
    with pytest.raises(ProblemError, match="not asked"):
        await play.call([200], broken=broken)


async def test_many_objects_are_remembered_up_to_a_bound_and_open_circuits_longest() -> None:
    play = Play()
    for _ in range(10):
        with pytest.raises(ProblemError):
            await play.call([JsException()], name="broken", idempotent=False)
    for number in range(CAPACITY + 50):
        await play.call(["fine"], name=f"object-{number}")
    with pytest.raises(ProblemError, match="not asked"):
        await play.call(["never"], name="broken")
    assert len(play.upstreams._breakers) <= CAPACITY


def test_an_agents_retry_after_is_read_from_its_problem() -> None:
    verdict = judge(ProblemError("unavailable", "starting", headers={"Retry-After": "3"}))
    assert (verdict.outcome, verdict.repeatable, verdict.retry_after) == ("failed", True, 3.0)
