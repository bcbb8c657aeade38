"""How much of the machine solving may take: processes at once, how many wait, memory. Each has an environment variable."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from containers.common.limits import memory_limit_mb, worker_count
from containers.common.settings import number

MEBIBYTE = 1 << 20
# Of the agent's memory, what one solve may take: two large ones fit side by side with the agent itself.
SOLVE_SHARE = 0.35


def _setting(name: str, default: float) -> float:
    return number(os.environ, name, default)


@dataclass(frozen=True, slots=True)
class Limits:
    """`solve_memory` in bytes is where a solve is told to end with its best; at 1.5 times that it is killed."""

    running: int = field(default_factory=lambda: int(_setting("STOREMAX_MAX_SOLVES", 2 * worker_count())))
    waiting: int = field(default_factory=lambda: int(_setting("STOREMAX_MAX_WAITING", 64)))
    solve_memory: int = field(
        default_factory=lambda: int(_setting("STOREMAX_SOLVE_MEMORY_MB", memory_limit_mb() * SOLVE_SHARE) * MEBIBYTE)
    )
    # A stamped solve that nobody listens to goes on this long, so that its caller can come back.
    orphan_s: float = field(default_factory=lambda: _setting("STOREMAX_ORPHAN_SECONDS", 60))
    # A finished stamped solve is remembered this long for a repeated delivery.
    keep_s: float = field(default_factory=lambda: _setting("STOREMAX_KEEP_SECONDS", 900))
    keep_bytes: int = field(default_factory=lambda: int(_setting("STOREMAX_KEEP_MB", 64) * MEBIBYTE))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
