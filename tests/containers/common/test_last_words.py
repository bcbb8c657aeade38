"""A program that dies is spoken for once; one that ends in order is not."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from containers.common.relay import Relay
from local.processes import free_port


def begin(program: str, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "containers.common.last_words", sys.executable, "-c", program]
    return subprocess.Popen(command, env={**os.environ, "PORT": str(port), "HOST": "127.0.0.1"}, stdout=subprocess.PIPE)


def hear(port: int) -> urllib.error.HTTPError:
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5)
        except urllib.error.HTTPError as answer:
            return answer
        except OSError:
            assert time.monotonic() < deadline, "nobody speaks"
            time.sleep(0.02)


def test_the_end_of_a_dead_programs_log_is_told_once_and_its_exit_code_kept() -> None:
    port = free_port()
    spoken = begin("print('one'); raise SystemExit(3)", port)
    answer = hear(port)
    assert (answer.code, answer.headers["x-container-last-words"], answer.read()) == (503, "3", b"one\n")
    assert spoken.wait(timeout=10) == 3


def test_a_death_by_signal_is_told_with_the_code_that_a_shell_gives_it() -> None:
    port = free_port()
    spoken = begin("import os; os.kill(os.getpid(), 9)", port)
    assert hear(port).headers["x-container-last-words"] == "137"
    assert spoken.wait(timeout=10) == 137


def test_a_program_that_was_told_to_end_is_not_spoken_for() -> None:
    spoken = begin("import time; print('up', flush=True); time.sleep(60)", free_port())
    assert spoken.stdout is not None
    assert json.loads(spoken.stdout.readline())["text"] == "up"
    before = time.monotonic()
    spoken.send_signal(signal.SIGTERM)
    assert spoken.wait(timeout=10) == 128 + signal.SIGTERM
    assert time.monotonic() - before < 1.5


def test_a_clean_end_is_not_spoken_for() -> None:
    assert begin("print('done')", free_port()).wait(timeout=10) == 0


def test_the_agents_own_events_pass_untouched_and_everything_else_becomes_one() -> None:
    own = b'{"at":"2026-03-01T08:00:00.000Z","event":"request","trace_id":"4bf9"}\n'
    strange = [b"Traceback (most recent call last):\n", b'{"half": \n', b"\xff\n", b'{"no": "name"}\n', b"no end"]
    target = io.BytesIO()
    relay = Relay(target, {"STOREMAX_INCARNATION": "inc-7"})
    relay.run([own, *strange])
    first, *others = target.getvalue().splitlines(keepends=True)
    assert first == own
    events = [json.loads(line) for line in others]
    assert [event["text"] for event in events] == [line.decode("utf-8", "replace").rstrip() for line in strange]
    assert {(event["event"], event["incarnation"]) for event in events} == {("output", "inc-7")}
    assert relay.last_lines().endswith("no end")
