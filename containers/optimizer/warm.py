"""`python -m containers.optimizer.warm`: compile every kernel into the cache, so that no solve has to.

A stamp beside the cache holds a hash of the optimizer's sources; a stale stamp means that kernels may be missing.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from pathlib import Path

from containers.optimizer.registry import FAMILIES, family

# Families with compiled kernels that a fresh agent loads at once. Others load with their first solve.
COMPILED_FAMILIES: tuple[str, ...] = ("batching",)


def _stamp() -> Path:
    from containers.optimizer.paths import cache_folder

    return cache_folder() / "compiled.sha256"


def source_hash() -> str:
    """SHA-256 over the optimizer's sources that hold kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        if b"\n@kernel" in source:
            digest.update(source)
    return digest.hexdigest()


def is_compiled() -> bool:
    """Whether the cache holds the kernels of these sources."""
    stamp = _stamp()
    return stamp.is_file() and stamp.read_text() == source_hash()


def _drop_stale() -> None:
    """Remove what earlier sources were compiled to; a folder's name ends with its sources' hash."""
    from containers.optimizer.paths import cache_folder, kernel_folder

    for folder in cache_folder().glob("*-" + "[0-9a-f]" * 16):
        package = folder.name.rpartition("-")[0]
        if folder.name != kernel_folder(f"containers.optimizer.{package}"):
            shutil.rmtree(folder)


def main() -> int:
    for name in FAMILIES:
        started = time.perf_counter()
        family(name).warm()
        sys.stdout.write(f"{name}: compiled in {time.perf_counter() - started:.1f} s\n")
    _drop_stale()
    stamp = _stamp()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(source_hash())
    return 0


if __name__ == "__main__":
    sys.exit(main())
