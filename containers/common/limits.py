"""How much memory and how many processors this agent may use, and how much memory is left.

The smallest of what the environment says (STOREMAX_MEMORY_MB, STOREMAX_CPUS), what the control group allows (v2, then
v1) and what the machine has. A solve asks `memory_left_mb()` now and then, and stops with its best answer before the
kernel would stop the whole container.
"""

from __future__ import annotations

import math
import os
from functools import lru_cache
from pathlib import Path

from containers.common.settings import number

_CGROUP = Path("/sys/fs/cgroup")
_MIB = 1024 * 1024
RESERVE_MB = 24.0  # what answering, logging and draining need after a solve was told to stop


@lru_cache(maxsize=1)
def memory_limit_mb() -> float:
    """Mebibytes that the agent may hold. Fixed at start, so it is read once."""
    bounds = [_machine_mb()]
    bounds += [value / _MIB for value in (_read("memory.max"), _read("memory/memory.limit_in_bytes")) if value]
    if chosen := number(os.environ, "STOREMAX_MEMORY_MB", 0):
        bounds.append(chosen)
    return min(bounds)


def memory_used_mb() -> float:
    """Mebibytes held now: this process's resident set, or the control group's working set when that is larger and the
    group is what limits us (then children and page tables count too; the page cache, which can be dropped, does not).
    """
    used = _resident_mb()
    group_limit = _read("memory.max")
    if group_limit and abs(group_limit / _MIB - memory_limit_mb()) < 1:
        current = _read("memory.current") or 0
        used = max(used, (current - _inactive_file()) / _MIB)
    return used


def memory_left_mb() -> float:
    """Mebibytes that can still be taken; never below 0. Costs some 50 µs: ask every few milliseconds, not per move."""
    return max(0.0, memory_limit_mb() - memory_used_mb() - RESERVE_MB)


@lru_cache(maxsize=1)
def cpus() -> float:
    """Processors as a fraction: 0.5 is half of one."""
    bounds = [float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)]
    quota = _quota()
    if quota:
        bounds.append(quota)
    if chosen := number(os.environ, "STOREMAX_CPUS", 0):
        bounds.append(chosen)
    return min(bounds)


def worker_count() -> int:
    """Whole threads worth starting: at least 1."""
    return max(1, math.floor(cpus() + 0.5))


def _read(name: str) -> int | None:
    """An integer of the control group; None when there is no such file or no limit ("max")."""
    try:
        text = (_CGROUP / name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and int(text) < 1 << 60 else None


def _inactive_file() -> int:
    try:
        lines = (_CGROUP / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


def _quota() -> float | None:
    try:
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    quota_us, period_us = _read("cpu/cpu.cfs_quota_us"), _read("cpu/cpu.cfs_period_us")
    return quota_us / period_us if quota_us and period_us else None


def _machine_mb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _MIB


def _resident_mb() -> float:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MIB
