"""Where the optimizer keeps things on disk."""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Packages whose kernels others call: a change in them makes every caller's compiled code stale.
SHARED = ("chance", "floor")
HOLDS_KERNELS = re.compile(rb"^@(vector_)?kernel$", re.MULTILINE)


def cache_folder() -> Path:
    """Where compiled kernels are kept: NUMBA_CACHE_DIR, or `.build/numba` beside the code."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or ROOT / ".build" / "numba")


@cache
def kernel_folder(module: str) -> str:
    """The folder, within the cache, of a module's kernels: its package and a hash of the sources that they may call.

    numba recompiles a function whose own file changed, not one that calls into a file that changed.
    """
    package = module.removeprefix("containers.optimizer.").partition(".")[0]
    digest = hashlib.sha256()
    for name in sorted({package, *SHARED}):
        alone = HERE / f"{name}.py"
        for path in [alone] if alone.is_file() else sorted((HERE / name).rglob("*.py")):
            source = path.read_bytes()
            if HOLDS_KERNELS.search(source):
                digest.update(source)
    return f"{package}-{digest.hexdigest()[:16]}"
