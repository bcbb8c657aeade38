"""Memory and processors: the smallest of what the environment, the control group and the machine say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from containers.common import limits
from containers.common.settings import Settings

MIB = 1024 * 1024


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty control group folder, and no limits remembered."""
    monkeypatch.setattr(limits, "_CGROUP", tmp_path)
    for name in ("STOREMAX_MEMORY_MB", "STOREMAX_CPUS"):
        monkeypatch.delenv(name, raising=False)
    limits.memory_limit_mb.cache_clear()
    limits.cpus.cache_clear()
    yield tmp_path
    limits.memory_limit_mb.cache_clear()
    limits.cpus.cache_clear()


def test_the_control_groups_memory_limit_holds_and_the_environment_can_only_lower_it(
    group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (group / "memory.max").write_text(f"{256 * MIB}\n")
    assert limits.memory_limit_mb() == 256
    limits.memory_limit_mb.cache_clear()
    monkeypatch.setenv("STOREMAX_MEMORY_MB", "100")
    assert limits.memory_limit_mb() == 100
    limits.memory_limit_mb.cache_clear()
    monkeypatch.setenv("STOREMAX_MEMORY_MB", "4096")
    assert limits.memory_limit_mb() == 256


def test_memory_in_use_counts_the_group_without_the_cache_that_can_be_dropped(
    group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (group / "memory.max").write_text(f"{1000 * MIB}")
    (group / "memory.current").write_text(f"{700 * MIB}")
    (group / "memory.stat").write_text(f"anon 5\ninactive_file {200 * MIB}\n")
    monkeypatch.setattr(limits, "_resident_mb", lambda: 120.0)
    assert limits.memory_used_mb() == 500  # 700 - 200, more than the 120 of this process
    assert limits.memory_left_mb() == 1000 - 500 - limits.RESERVE_MB


def test_without_a_control_group_the_process_itself_is_weighed(group: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOREMAX_MEMORY_MB", "200")
    monkeypatch.setattr(limits, "_resident_mb", lambda: 150.0)
    assert limits.memory_left_mb() == 200 - 150 - limits.RESERVE_MB
    monkeypatch.setattr(limits, "_resident_mb", lambda: 900.0)
    assert limits.memory_left_mb() == 0


def test_growing_really_lowers_what_is_left(group: Path) -> None:
    before = limits.memory_left_mb()
    ballast = bytearray(64 * MIB)
    ballast[::4096] = b"x" * len(ballast[::4096])  # touch each page
    assert before - limits.memory_left_mb() > 32
    assert ballast


@pytest.mark.parametrize(
    ("file", "text", "cpus", "threads"),
    [
        ("cpu.max", "50000 100000", 0.5, 1),
        ("cpu.max", "25000 100000", 0.25, 1),
        ("cpu/cpu.cfs_quota_us", "100000", 1.0, 1),
    ],
)
def test_a_processor_quota_is_a_fraction_and_at_least_one_thread_runs(
    group: Path, file: str, text: str, cpus: float, threads: int
) -> None:
    (group / "cpu").mkdir()
    (group / "cpu/cpu.cfs_period_us").write_text("100000")
    (group / file).write_text(text)
    assert limits.cpus() == cpus
    assert limits.worker_count() == threads


def test_an_environment_that_makes_no_sense_stops_the_start() -> None:
    with pytest.raises(ValueError, match="STOREMAX_GRACE_SECONDS"):
        Settings.from_env({"STOREMAX_GRACE_SECONDS": "soon"})
    with pytest.raises(ValueError, match="STOREMAX_MAX_BODY_MB"):
        Settings.from_env({"STOREMAX_MAX_BODY_MB": "-1"})
    assert Settings.from_env({"STOREMAX_SIGNING_KEY": "b", "STOREMAX_SIGNING_KEY_PREVIOUS": "a"}).signing_keys == (
        "b",
        "a",
    )
