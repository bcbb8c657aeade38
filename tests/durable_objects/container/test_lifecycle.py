"""The races and budgets of a container's life, played in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from durable_objects.container.faults import (
    BackingOff,
    Crashed,
    CrashLoop,
    NoInstance,
    NotReady,
    RateLimited,
    RuntimeFault,
    Stopped,
)
from durable_objects.container.readiness import All, Http, Port
from durable_objects.container.settings import Launch, StartOptions
from durable_objects.container.states import Ended
from tests.durable_objects.container.play import NO_INSTANCE, Platform, Stage, now, play

READY = Port(8080)


def test_concurrent_callers_start_one_program_and_on_start_runs_once() -> None:
    async def scene() -> None:
        stage = Stage(Platform(opens_after=1.0))
        await asyncio.gather(*(stage.life.starting.start_and_wait(READY) for _ in range(20)))
        assert len(stage.platform.starts) == 1
        assert stage.owner.told == ["start"]
        assert stage.owner.moves == ["stopped→running", "running→healthy"]

    play(scene)


def test_a_caller_that_goes_away_does_not_take_the_start_down_with_it() -> None:
    async def scene() -> None:
        stage = Stage(Platform(opens_after=2.0))
        first = asyncio.ensure_future(stage.life.starting.start_and_wait(READY))
        second = asyncio.ensure_future(stage.life.starting.start_and_wait(READY))
        await asyncio.sleep(1)
        first.cancel()
        await second
        assert stage.life.ready
        assert len(stage.platform.starts) == 1

    play(scene)


def test_every_incarnation_has_an_id_of_its_own_which_the_program_is_told() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY, StartOptions(env_vars={"A": "1"}))
        await stage.life.stopping.destroy()
        await stage.life.starting.start_and_wait(READY)
        assert [launch.env["INCARNATION"] for launch in stage.platform.starts] == ["inc-1", "inc-2"]
        assert stage.platform.starts[0].env["A"] == "1"
        assert stage.record.state.incarnation == "inc-2"

    play(scene)


def test_a_slow_start_is_waited_for_and_is_no_crash() -> None:
    async def scene() -> None:
        stage = Stage(Platform(opens_after=15.0))
        began = now()
        await stage.life.starting.start_and_wait(READY)
        assert 15.0 <= now() - began < 15.5
        assert stage.record.failures == 0

    play(scene)


def test_the_budget_is_one_for_all_ports_and_its_end_says_what_was_waited_for() -> None:
    """The npm class gives each port the whole budget anew."""

    async def scene() -> None:
        stage = Stage(Platform(opens_after=60.0))
        began = now()
        with pytest.raises(NotReady, match=r"port 8080 is not open .*; port 8081 is not open"):
            await stage.life.starting.start_and_wait(All(Port(8080), Port(8081)), budget=3.0)
        assert now() - began < 3.5
        assert stage.platform.running
        assert stage.record.state.status == "running"

    play(scene)


def test_a_status_that_is_not_ready_is_told_with_the_programs_own_words() -> None:
    async def scene() -> None:
        platform = Platform()
        platform.answers_status, platform.last_words = 503, ""
        stage = Stage(platform)
        with pytest.raises(NotReady, match="GET /ready on port 8080 answers 503"):
            await stage.life.starting.start_and_wait(Http(8080, "/ready"), budget=2.0)

    play(scene)


def test_no_room_is_tried_again_within_the_budget_and_then_told() -> None:
    async def scene() -> None:
        stage = Stage(Platform(room=0))
        began = now()
        with pytest.raises(NoInstance) as refused:
            await stage.life.starting.start_and_wait(READY)
        assert len(stage.platform.starts) > 1
        assert now() - began <= 8.5
        assert refused.value.status == 503
        assert refused.value.retry_after
        assert "stop None no_instance" not in stage.owner.told  # nothing ran, so nothing stopped

    play(scene)


def test_the_other_wording_of_no_room_means_the_same() -> None:
    async def scene() -> None:
        platform = Platform(room=0)
        platform.no_room_text = "Maximum number of running container instances exceeded. Try again later."
        with pytest.raises(NoInstance):
            await Stage(platform).life.starting.start_and_wait(READY)

    play(scene)


def test_too_many_starts_per_second_is_429() -> None:
    async def scene() -> None:
        platform = Platform(room=0)
        platform.no_room_text = "you are requesting too many containers per second"
        with pytest.raises(RateLimited) as refused:
            await Stage(platform).life.starting.start_and_wait(READY)
        assert refused.value.status == 429

    play(scene)


def test_a_program_that_dies_before_it_is_ready_is_started_again_after_growing_pauses_until_the_breaker_opens() -> None:
    """Pauses with draw 0.5: none, 0.5/2, 1/2, 2/2 s; five crashes open the breaker."""

    async def scene() -> None:
        stage = Stage(Platform(opens_after=9, dies_after=0.2, exit_code=1))
        began = now()
        with pytest.raises(CrashLoop, match="5 crashes, last with exit code 1") as refused:
            await stage.life.starting.start_and_wait(READY)
        assert len(stage.platform.starts) == 5
        assert 5 * 0.2 + 0.25 + 0.5 + 1.0 <= now() - began < 5.0
        assert refused.value.retry_after == pytest.approx(30.0, abs=1.0)
        with pytest.raises(CrashLoop):
            await stage.life.starting.start_and_wait(READY)
        assert len(stage.platform.starts) == 5

    play(scene)


def test_after_the_cooldown_one_start_is_let_through_and_its_success_closes_the_breaker() -> None:
    async def scene() -> None:
        stage = Stage(Platform(opens_after=9, dies_after=0.2, exit_code=1), limit=2, cooldown=10.0)
        with pytest.raises(CrashLoop):
            await stage.life.starting.start_and_wait(READY)
        await asyncio.sleep(11)
        stage.platform.opens_after, stage.platform.dies_after = 0.1, None
        await stage.life.starting.start_and_wait(READY)
        stage.record.proved()
        assert stage.record.breaker.state(now()) == "closed"

    play(scene)


def test_a_pause_that_is_longer_than_the_budget_is_told_at_once() -> None:
    async def scene() -> None:
        stage = Stage(Platform(opens_after=9, dies_after=0.2, exit_code=1))
        with pytest.raises((BackingOff, Crashed)):
            await stage.life.starting.start_and_wait(READY, budget=0.7)

    play(scene)


def test_an_exit_with_code_zero_before_the_port_opens_is_a_crash_too() -> None:
    async def scene() -> None:
        stage = Stage(Platform(opens_after=9, dies_after=0.2, exit_code=0), limit=2)
        with pytest.raises(CrashLoop, match="exit code 0"):
            await stage.life.starting.start_and_wait(READY)

    play(scene)


def test_a_death_after_real_work_costs_no_pause() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        for _ in range(20):
            await stage.life.starting.start_and_wait(READY)
            stage.record.proved()
            stage.platform.end(Ended(137, "exit"))
            await asyncio.sleep(0.01)
        began = now()
        await stage.life.starting.start_and_wait(READY)
        assert now() - began < 0.5
        assert stage.record.breaker.state(now()) == "closed"

    play(scene)


def test_what_the_platform_does_to_a_container_is_no_crash() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY)
        stage.platform.end(Ended(143, "runtime_signal"))
        await asyncio.sleep(0.01)
        assert stage.record.failures == 0
        assert stage.owner.told == ["start", "stop 143 runtime_signal"]
        assert stage.record.state.status == "stopped"

    play(scene)


def test_stop_sets_stopping_at_once_and_a_start_meanwhile_waits_for_the_end() -> None:
    """The npm class leaves the state healthy, and a request restarts into the ending container (its issue 124)."""

    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY)
        await stage.life.stopping.stop()
        assert stage.record.state.status == "stopping"
        await stage.life.starting.start_and_wait(READY)
        assert stage.owner.moves[2:] == [
            "healthy→stopping",
            "stopping→stopped_with_code",
            "stopped_with_code→stopped",
            "stopped→running",
            "running→healthy",
        ]
        assert stage.owner.told == ["start", "stop 0 exit", "start"]

    play(scene)


def test_a_program_that_ignores_sigterm_is_killed_when_its_grace_is_over() -> None:
    async def scene() -> None:
        platform = Platform()
        platform.heeds_sigterm = None
        stage = Stage(platform)
        await stage.life.starting.start_and_wait(READY)
        await stage.life.stopping.stop()
        await asyncio.sleep(4.9)
        assert platform.running
        await asyncio.sleep(0.3)
        assert not platform.running
        assert stage.owner.told == ["start", "stop 137 destroyed"]

    play(scene)


def test_a_signal_that_ends_nothing_changes_no_state() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY)
        await stage.life.stopping.stop("SIGUSR1")
        assert stage.platform.signals == [10]
        assert stage.record.state.status == "healthy"

    play(scene)


def test_a_state_that_says_healthy_for_a_container_that_is_gone_is_corrected() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY)
        stage.platform.running = False  # and nobody says why
        assert not await stage.life.watch.check_alive()
        await asyncio.sleep(0.01)
        assert stage.record.state.exit_code is None  # the npm class says 0
        assert stage.owner.told == ["start", "stop None lost"]

    play(scene)


def test_a_replaced_watch_does_not_end_the_newer_incarnation() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY)
        old = stage.platform._end
        assert old is not None
        stage.platform.running = False
        await stage.life.starting.start_and_wait(READY)
        old.set_result(Ended(1, "exit"))
        await asyncio.sleep(1)
        assert (stage.record.state.status, stage.record.state.incarnation) == ("healthy", "inc-2")

    play(scene)


def test_an_on_stop_that_raises_is_called_again_and_the_state_waits_for_it() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        stage.owner.raises = 1
        await stage.life.starting.start_and_wait(READY)
        stage.platform.end(Ended(0, "exit"))
        await asyncio.sleep(0.01)
        assert stage.record.state.status == "stopped_with_code"
        await stage.life.watch.tell_stops()
        assert stage.record.state.status == "stopped"
        assert stage.owner.told == ["start", "stop 0 exit", "stop 0 exit"]
        assert stage.owner.errors == ["RuntimeError: on_stop fails"]

    play(scene)


def test_an_on_stop_that_starts_the_container_again_neither_waits_for_itself_nor_undoes_the_start() -> None:
    async def scene() -> None:
        stage = Stage(Platform())

        async def again() -> None:
            await stage.life.starting.start_and_wait(READY)

        stage.owner.when_stopped = again
        await stage.life.starting.start_and_wait(READY)
        stage.platform.end(Ended(0, "exit"))
        await asyncio.sleep(2)
        assert (stage.record.state.status, stage.record.state.incarnation) == ("healthy", "inc-2")

    play(scene)


def test_a_restarted_object_takes_over_the_container_that_still_runs() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY)
        after = Stage(stage.platform, stage.execute)
        after.life.watch.adopt()
        assert after.life.ready
        assert after.record.state.incarnation == "inc-1"
        stage.platform.end(Ended(3, "exit"))
        await asyncio.sleep(0.01)
        assert after.owner.told == ["stop 3 exit"]

    play(scene)


def test_an_adopted_container_without_a_known_id_takes_the_one_that_it_says() -> None:
    async def scene() -> None:
        platform = Platform()
        platform.running, platform._end = True, asyncio.get_running_loop().create_future()
        stage = Stage(platform)
        stage.life.watch.adopt()
        asked = stage.record.state.incarnation
        assert stage.life.watch.recognise("its-own", asked)
        assert stage.record.state.incarnation == "its-own"
        assert not stage.life.watch.recognise("another", "its-own")

    play(scene)


def test_a_start_that_is_not_admitted_asks_the_platform_for_nothing() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        stage.owner.refuses = NoInstance(NO_INSTANCE)
        with pytest.raises(NoInstance):
            await stage.life.starting.start_and_wait(READY)
        assert stage.platform.starts == []
        assert stage.record.state.status == "stopped"

    play(scene)


def test_the_last_words_of_a_program_that_dies_are_in_the_error() -> None:
    async def scene() -> None:
        platform = Platform(dies_after=0.5, exit_code=1)
        platform.answers_status, platform.last_words = 503, "Traceback\nKeyError: 'licence'"
        stage = Stage(platform, limit=2)
        with pytest.raises(CrashLoop, match="KeyError: 'licence'"):
            await stage.life.starting.start_and_wait(Http(8080, "/ready"))

    play(scene)


def test_on_start_does_not_run_again_for_an_incarnation_when_the_object_restarts() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        await stage.life.starting.start_and_wait(READY)
        after = Stage(stage.platform, stage.execute)
        after.life.watch.adopt()
        await after.life.starting.start_and_wait(READY)
        assert (stage.owner.told, after.owner.told) == (["start"], [])

    play(scene)


def test_an_on_start_that_raises_is_called_again_for_the_next_caller() -> None:
    async def scene() -> None:
        stage = Stage(Platform())
        stage.owner.start_raises = 1
        with pytest.raises(RuntimeError, match="on_start fails"):
            await stage.life.starting.start_and_wait(READY)
        await stage.life.starting.start_and_wait(READY)
        assert stage.owner.told == ["start", "start"]
        assert len(stage.platform.starts) == 1

    play(scene)


def test_a_start_that_meets_a_running_container_takes_it_over() -> None:
    """start() throws when the container runs already, which the object may not have seen yet."""

    async def scene() -> None:
        platform = Platform()
        stage = Stage(platform)
        real = platform.start

        def late_news(launch: Launch) -> None:
            real(launch)
            raise RuntimeFault("start() cannot be called on a container that is already running.")

        platform.start = late_news  # type: ignore[method-assign]
        await stage.life.starting.start_and_wait(READY)
        assert stage.life.ready

    play(scene)


def test_the_budget_for_the_machine_is_a_part_of_the_whole() -> None:
    """No room ever; 1 s for the machine of the 20 s in all: the answer comes after that second."""

    async def scene() -> None:
        stage = Stage(Platform(room=0))
        began = now()
        with pytest.raises(NoInstance):
            await stage.life.starting.start_and_wait(READY, instance_budget=1.0)
        assert now() - began < 1.5

    play(scene)


@pytest.mark.parametrize("how", ["stop", "destroy"])
def test_a_container_that_is_told_to_end_while_it_starts_is_not_started_again(how: str) -> None:
    async def scene() -> None:
        stage = Stage(Platform(opens_after=10.0))
        start = asyncio.ensure_future(stage.life.starting.start_and_wait(READY))
        await asyncio.sleep(1)
        await getattr(stage.life.stopping, how)()
        with pytest.raises(Stopped) as told:
            await start
        assert (told.value.status, told.value.retry_after) == (503, 1.0)
        assert len(stage.platform.starts) == 1
        assert (stage.record.state.status, stage.record.failures) == ("stopped", 0)

    play(scene)
