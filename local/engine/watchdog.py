"""Ends what the engine has started when the engine is gone, however it went.

Run as a script (standard library alone, so that it starts at once) with a pipe from the engine as standard input. Lines
`+N` and `-N` add and remove the process group N. The pipe ends when the engine ends, even by SIGKILL; then every group
left is killed, and every process that carries the engine's mark in its environment: a program may have put a child
into a session of its own, out of the group's reach, but the child inherits the mark.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # gone already, or only zombies left
        os.killpg(group, signal.SIGKILL)


def marked(mark: str) -> list[int]:
    """The processes whose environment holds `NAME=value`. Empty where there is no /proc (macOS)."""
    needle = mark.encode()
    found: list[int] = []
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = file.read().split(b"\0")
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
        if needle in environment:
            found.append(pid)
    return found


def _pids() -> Iterable[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return []


def kill_marked(mark: str) -> None:
    """Kill all that carry the mark, again until none is left: one may start another while it is being killed."""
    for _ in range(10):
        pids = [pid for pid in marked(mark) if pid != os.getpid()]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def main() -> None:
    mark = sys.argv[1]
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        if line[0] == "+":
            groups.add(int(line[1:]))
        elif line[0] == "-":
            groups.discard(int(line[1:]))
    for group in groups:
        kill_group(group)
    kill_marked(mark)


if __name__ == "__main__":
    main()
