"""Where the optimizer keeps things on disk."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """Where compiled kernels are kept: NUMBA_CACHE_DIR, or `.build/numba` beside the code."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or ROOT / ".build" / "numba")
