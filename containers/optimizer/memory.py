"""Whether a solve may go on holding the memory that it holds: for itself, and beside the others of this agent.

A solve that passes its share is asked for its best plan; one that does not come to an end and passes half as much again
is killed. When all of them together near what the agent may hold, the largest one makes room in the same two steps,
before the kernel would kill the whole container.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Literal

from containers.common.limits import memory_limit_mb, memory_used_mb
from containers.optimizer.limits import MEBIBYTE, resident_bytes

Verdict = Literal["fine", "stop", "kill"]

HARD_FACTOR = 1.5  # of a solve's share
ALL_SOFT, ALL_HARD = 0.85, 0.95  # of what the agent may hold


class Memory:
    """Bytes throughout. Asked from the threads that drive the solves."""

    def __init__(
        self,
        share: int,
        total: Callable[[], int] = lambda: int(memory_limit_mb() * MEBIBYTE),
        used: Callable[[], int] = lambda: int(memory_used_mb() * MEBIBYTE),
        resident: Callable[[int], int] = resident_bytes,
    ) -> None:
        self.share = share
        self._total, self._used, self._resident = total, used, resident
        self._held: dict[int, int] = {}
        self._lock = threading.Lock()

    def verdict(self, pid: int) -> Verdict:
        """What becomes of the solve in this process."""
        mine = self._resident(pid)
        with self._lock:
            self._held[pid] = mine
            solves, largest = sum(self._held.values()), max(self._held.values())
        if mine > self.share * HARD_FACTOR:
            return "kill"
        # The control group's count holds the solves already; this process's own does not.
        everything = max(self._used(), self._resident(os.getpid()) + solves)
        if mine == largest and everything > self._total() * ALL_HARD:
            return "kill"
        if mine > self.share or (mine == largest and everything > self._total() * ALL_SOFT):
            return "stop"
        return "fine"

    def forget(self, pid: int) -> None:
        with self._lock:
            self._held.pop(pid, None)
