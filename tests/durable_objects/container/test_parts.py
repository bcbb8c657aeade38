"""The pure parts: durations, wordings, pauses, the breaker, sleep, hosts, schedules, the record."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest

from durable_objects.container import helpers, settings
from durable_objects.container.activity import Activity
from durable_objects.container.backoff import Backoff, looks
from durable_objects.container.breaker import Breaker
from durable_objects.container.durations import seconds
from durable_objects.container.faults import ContainerFault, NoInstance, RateLimited
from durable_objects.container.hosts import Handler, Rules, matches
from durable_objects.container.meanings import Meaning, read
from durable_objects.container.record import Record
from durable_objects.container.schedules import ATTEMPTS, Schedules
from durable_objects.container.settings import Launch, signal_number
from durable_objects.container.states import BadMove, Ended, State, check_move
from durable_objects.container.store import MIGRATIONS, migrate
from tests.durable_objects.container.play import memory


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10m", 600), ("30s", 30), ("2h", 7200), ("1h30m", 5400), ("1d", 86400), ("250ms", 0.25), (90, 90), (0, 0)],
)
def test_a_duration_is_read_into_seconds(text: str | float, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("10", "no unit"),
        ("m", "no number"),
        ("10 minutes", "no such unit"),
        ("-5s", "negative"),
        (-1, "negative"),
        (float("nan"), "not a number"),
        (True, "a truth value is no duration"),
    ],
)
def test_what_is_no_duration_is_refused(value: object, why: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "meaning", "code"),
    [
        ("the container is not listening in the TCP address 10.0.0.1:8080", Meaning.NOT_LISTENING, None),
        ("Container is not listening to port 8000", Meaning.NOT_LISTENING, None),
        ("connect(): Connection refused: container port not found.", Meaning.NOT_LISTENING, None),
        ("There is no container instance that can be provided to this durable object", Meaning.NO_INSTANCE, None),
        ("Maximum number of running container instances exceeded.", Meaning.NO_INSTANCE, None),
        ("you are requesting too many containers per second", Meaning.RATE_LIMITED, None),
        ("Error: Container exited with unexpected exit code: 137", Meaning.EXITED, 137),
        ("runtime signalled the container to exit: 143", Meaning.SIGNALLED, 143),
        ("start() cannot be called on a container that is already running.", Meaning.ALREADY_RUNNING, None),
        ("monitor() cannot be called on a container that is not running.", Meaning.NOT_RUNNING, None),
        ("Network connection lost.", Meaning.DISCONNECTED, None),
        ("Container port connection closed unexpectedly.", Meaning.DISCONNECTED, None),
        ("something new", Meaning.UNKNOWN, None),
    ],
)
def test_every_wording_of_the_platform_has_one_meaning(text: str, meaning: Meaning, code: int | None) -> None:
    assert (read(text).meaning, read(text).exit_code) == (meaning, code)


def test_pauses_grow_to_a_cap_and_do_not_overflow() -> None:
    """0.5, 1, 2, 4, then the cap of 5."""
    backoff = Backoff(0.5, 2, 5)
    assert [backoff.ceiling(attempt) for attempt in range(6)] == [0, 0.5, 1, 2, 4, 5]
    assert backoff.ceiling(10_000) == 5
    assert backoff.pause(3, 0.25) == 0.5


def test_looks_at_a_port_are_dense_first_and_settle_at_three_tenths_of_a_second() -> None:
    pauses = list(itertools.islice(looks(0.3).pauses(), 12))
    assert pauses[0] == 0.02
    assert pauses[-1] == 0.3
    assert pauses == sorted(pauses)


def test_the_breaker_opens_at_its_limit_within_its_window_and_its_cooldown_doubles() -> None:
    breaker = Breaker(limit=3, window=10, cooldown=30)
    for at in (0, 1):
        breaker = breaker.crashed(at)
    assert breaker.state(1) == "closed"
    breaker = breaker.crashed(2)
    assert (breaker.state(2), breaker.wait(2)) == ("open", 30)
    assert breaker.state(32) == "half-open"
    breaker = breaker.crashed(33)
    assert (breaker.state(34), breaker.wait(33)) == ("open", 60)
    assert breaker.proved().state(34) == "closed"


def test_crashes_that_lie_far_apart_do_not_open_the_breaker() -> None:
    breaker = Breaker(limit=3, window=10)
    for at in range(0, 100, 6):
        breaker = breaker.crashed(at)
    assert breaker.state(100) == "closed"


def test_sleep_is_due_a_whole_period_after_the_last_open_request_ended() -> None:
    activity = Activity(10, now=0)
    activity.begin(5)
    assert not activity.expired(1000)
    activity.end(1000)
    assert not activity.expired(1009)
    assert activity.expired(1010)


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("example.com", "example.com", True),
        ("*.example.com", "api.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "example.com.evil.org", False),
        ("goo*gle", "google", True),
        ("a*a", "a", False),
        ("*", "anything", True),
        ("EXAMPLE.com.", "example.com", True),
    ],
)
def test_host_patterns(pattern: str, host: str, expected: bool) -> None:
    assert matches(pattern, host) is expected


def test_denied_hosts_win_over_allowed_ones_and_the_allow_list_is_a_gate_for_handlers_too() -> None:
    rules = Rules(internet=False, allowed=("*.good.org",), denied=("bad.good.org",), by_host={"*": Handler("log")})
    assert rules.verdict("bad.good.org").kind == "deny"
    assert rules.verdict("a.good.org.").handler == Handler("log")
    assert rules.verdict("elsewhere.org").kind == "deny"


def test_without_rules_the_internet_switch_decides() -> None:
    assert Rules(internet=True).verdict("a.org").kind == "pass"
    assert Rules(internet=False).verdict("a.org").kind == "deny"
    assert Rules(internet=False, allowed=("a.org",)).verdict("a.org").kind == "pass"


def test_handlers_set_at_run_time_come_before_those_of_the_class_and_exact_hosts_before_patterns() -> None:
    """Order: run time (exact, pattern), class (exact, pattern), the one for all others."""
    rules = Rules(
        internet=False,
        by_host={"a.org": Handler("class-exact"), "*.org": Handler("class-pattern")},
        by_host_now={"*.a.org": Handler("now-pattern"), "x.a.org": Handler("now-exact", {"k": 1})},
        default=Handler("default"),
    )
    found = {host: rules.verdict(host).handler for host in ("x.a.org", "y.a.org", "a.org", "b.org", "c.com")}
    assert found == {
        "x.a.org": Handler("now-exact", {"k": 1}),
        "y.a.org": Handler("now-pattern"),
        "a.org": Handler("class-exact"),
        "b.org": Handler("class-pattern"),
        "c.com": Handler("default"),
    }
    assert Rules.from_dict(json.loads(json.dumps(rules.as_dict()))) == rules


@pytest.mark.parametrize(
    ("rules", "needed", "needs_all"),
    [
        (Rules(internet=False), False, False),
        (Rules(by_host={"a.org": Handler("h")}), True, False),
        (Rules(by_host={"*.org": Handler("h")}), True, True),
        (Rules(by_host_now={"a.org": Handler("h")}), True, True),
        (Rules(allowed=()), True, True),
        (Rules(denied=("a.org",)), True, True),
        (Rules(default=Handler("h")), True, True),
    ],
)
def test_only_rules_that_need_it_have_all_traffic_looked_at(rules: Rules, needed: bool, needs_all: bool) -> None:
    assert (rules.needed, rules.needs_all) == (needed, needs_all)


def test_defaults_and_names_are_those_of_the_npm_class() -> None:
    """As read from @cloudflare/containers 0.3.7; seconds here, milliseconds there."""
    assert settings.DEFAULT_SLEEP_AFTER == "10m"
    assert (settings.INSTANCE_TIMEOUT, settings.READY_TIMEOUT) == (8.0, 20.0)
    assert (settings.PING_TIMEOUT, settings.POLL_INTERVAL) == (5.0, 0.3)
    assert (settings.FALLBACK_PORT, settings.MAX_ALARM_WAIT) == (33, 180.0)
    assert (helpers.SINGLETON, helpers.TARGET_PORT_HEADER) == ("cf-singleton-container", "cf-container-target-port")
    assert [settings.signal_number(name) for name in ("SIGINT", "SIGTERM", "SIGKILL")] == [2, 15, 9]
    assert (NoInstance.status, RateLimited.status, ContainerFault.status) == (503, 429, 500)


def test_a_random_instance_is_one_of_those_that_the_npm_helper_names() -> None:
    class Binding:
        def getByName(self, name: str) -> str:
            return name

    assert {helpers.get_random(Binding()) for _ in range(200)} == {"instance-0", "instance-1", "instance-2"}
    assert helpers.get_container(Binding()) == "cf-singleton-container"
    assert helpers.get_container(Binding(), "mine") == "mine"
    with pytest.raises(ValueError, match="at least one"):
        helpers.get_random(Binding(), 0)


def test_a_state_written_by_a_newer_release_is_still_read() -> None:
    assert State.from_dict({"status": "healthy", "incarnation": "i", "of_tomorrow": 1}) == State("healthy", 0.0, "i")


def test_the_internet_switch_is_always_said_because_the_platform_takes_its_absence_for_no() -> None:
    assert Launch().as_dict() == {"enableInternet": True}
    assert Launch(env={"A": "1"}, entrypoint=("x",), enable_internet=False).as_dict() == {
        "enableInternet": False,
        "env": {"A": "1"},
        "entrypoint": ["x"],
    }


@pytest.mark.parametrize("signal", ["SIGNONE", 0, 65, True, None])
def test_what_is_no_signal_is_refused(signal: object) -> None:
    with pytest.raises(ValueError, match="not a signal"):
        signal_number(signal)  # type: ignore[arg-type]


def test_a_stopped_container_cannot_become_healthy() -> None:
    with pytest.raises(BadMove):
        check_move("stopped", "healthy")


def schedules() -> Schedules:
    execute = memory()
    migrate(execute)
    ids = itertools.count(1)
    return Schedules(execute, lambda: f"s{next(ids)}")


def test_schedules_are_kept_with_payload_and_listed_in_the_order_of_their_time() -> None:
    kept = schedules()
    kept.add(60, "later", {"a": [1]}, now=100)
    kept.add(datetime.fromtimestamp(120, UTC), "soon", None, now=100)
    assert [(row.callback, row.time, row.type) for row in kept.all()] == [
        ("soon", 120, "scheduled"),
        ("later", 160, "delayed"),
    ]
    assert kept.get("s1").payload == {"a": [1]}  # type: ignore[union-attr]
    assert kept.next_time() == 120
    assert [row.id for row in kept.due(120)] == ["s2"]


def test_a_failing_schedule_is_put_off_and_dropped_after_its_last_attempt() -> None:
    kept = schedules()
    kept.add(0, "fails", None, now=0)
    attempts = 0
    while rows := kept.all():
        attempts += 1
        assert kept.failed(rows[0], now=0) is (attempts < ATTEMPTS)
    assert attempts == ATTEMPTS


@pytest.mark.parametrize("when", [-1, float("nan"), "soon", True, datetime(2026, 1, 1)])
def test_a_time_that_is_none_is_refused(when: object) -> None:
    with pytest.raises(ValueError):
        schedules().add(when, "x", None, now=0)  # type: ignore[arg-type]


def test_state_breaker_and_exits_survive_a_restart_of_the_object() -> None:
    execute = memory()
    migrate(execute)
    record = Record(execute)
    record.started("inc-1", 1.0)
    record.ended(Ended(1, "exit"), crash=True, now=2.0, draw=0.5, log="the end")
    again = Record(execute)
    assert again.state == record.state
    assert (again.failures, again.breaker.crashes) == (1, (2.0,))
    assert [(exit.incarnation, exit.exit_code, exit.told) for exit in again.untold()] == [("inc-1", 1, False)]
    assert again.last_log() == "the end"
    again.tell("inc-1", 3.0)
    assert again.state.status == "stopped"


def test_migrating_twice_changes_nothing() -> None:
    execute = memory()
    migrate(execute)
    migrate(execute)
    assert execute("SELECT count(*) AS n FROM container_schema") == [{"n": len(MIGRATIONS)}]
