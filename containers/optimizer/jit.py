"""The one way to compile a kernel: numba, without the GIL, cached on disk, imported only when a family needs it.

The cache lives in NUMBA_CACHE_DIR, `.build/numba` beside the code by default. Where that folder exists but cannot be
written (an image with a read-only root), it is copied once to a temporary folder, because numba refuses a cache that
it cannot write to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from containers.optimizer.paths import cache_folder, kernel_folder

# One solve is one process and its chains are its threads: libraries must not start their own.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def _prepare_cache() -> Path:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        copy = Path(tempfile.gettempdir()) / f"storemax-numba-{os.getuid()}"
        if folder.is_dir():
            shutil.copytree(folder, copy, dirs_exist_ok=True)
        folder = copy
    return folder


CACHE = _prepare_cache()

import numba  # noqa: E402 - the thread limits above must stand before numba loads


def _declare(function: Any, **options: Any) -> Any:
    # numba reads where to cache a function when it is declared.
    numba.config.CACHE_DIR = str(CACHE / kernel_folder(function.__module__))
    return numba.njit(nogil=True, cache=True, **options)(function)


def kernel(function: Any) -> Any:
    """Compile in nopython mode, releasing the GIL, cached on disk. Lazily: at the first call."""
    return _declare(function)


def vector_kernel(function: Any) -> Any:
    """A kernel whose sums may be reordered, so that they use vector units. Its arguments must be finite or infinite, never
    NaN; equal inputs give equal results on one machine, and differences in the last bits between machines.
    """
    return _declare(function, fastmath={"nnan", "nsz", "reassoc", "contract"})
