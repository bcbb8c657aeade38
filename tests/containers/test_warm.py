"""Compiling ahead: lanes fill an empty cache side by side, and the sources' stamp says that it is whole."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from containers.optimizer import warm
from containers.optimizer.registry import FAMILIES


def test_lanes_name_each_family_at_most_once_and_no_other():
    names = [name for lane in warm.LANES for name in lane]
    assert len(names) == len(set(names))
    assert set(names) <= set(FAMILIES)


def test_lanes_that_compile_the_same_kernels_leave_one_whole_set(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "LANES", (("replenishment",), ("replenishment",)))
    warm._compile_in_lanes(tmp_path)
    indexes = list(tmp_path.rglob("*.nbi"))
    assert indexes
    # numba says on loading whether a kernel came from the cache; none may be compiled again.
    code = (
        "import sys\n"
        "from containers.optimizer.registry import family\n"
        "family('replenishment').warm()\n"
        "from numba.core.registry import CPUDispatcher\n"
        "kernels = [one for name, module in list(sys.modules.items()) if name.startswith('containers.optimizer.')\n"
        "           for one in vars(module).values() if isinstance(one, CPUDispatcher)]\n"
        "print(sum(sum(one.stats.cache_misses.values()) for one in kernels),\n"
        "      sum(sum(one.stats.cache_hits.values()) for one in kernels))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    misses, hits = map(int, run.stdout.split())
    assert (misses, hits > 0) == (0, True)
    assert sorted(tmp_path.rglob("*.nbi")) == sorted(indexes)
    assert [path.name for path in tmp_path.iterdir()] == sorted({i.relative_to(tmp_path).parts[0] for i in indexes})


def test_a_lane_that_fails_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "LANES", (("no-such-family",),))
    with pytest.raises(SystemExit, match="compiling the kernels failed"):
        warm._compile_in_lanes(tmp_path)
