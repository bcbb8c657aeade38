"""`python -m containers.optimizer.warm`: compile every kernel into the cache, so that no solve has to.

A stamp beside the cache holds a hash of the optimizer's sources; a stale stamp means that kernels may be missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from containers.optimizer.paths import HOLDS_KERNELS
from containers.optimizer.registry import FAMILIES, family

# Families with compiled kernels that a fresh agent loads at once. Others load with their first solve.
COMPILED_FAMILIES: tuple[str, ...] = ("batching", "routing")


# From nothing, each lane compiles in a process and a folder of its own: numba has no lock for two writers of one cache.
# Families that share kernels share a lane; the last pass compiles what no lane did.
LANES: tuple[tuple[str, ...], ...] = (
    ("batching", "reslotting", "replenishment", "slotting"),
    ("cartonization", "routing", "labour"),
)


def _stamp() -> Path:
    from containers.optimizer.paths import cache_folder

    return cache_folder() / "compiled.sha256"


def source_hash() -> str:
    """SHA-256 over the optimizer's sources that hold kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        if HOLDS_KERNELS.search(source):
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


def _compile(names: list[str]) -> None:
    for name in names:
        started = time.perf_counter()
        family(name).warm()
        sys.stdout.write(f"{name}: ready in {time.perf_counter() - started:.1f} s\n")
        sys.stdout.flush()


def _compile_in_lanes(target: Path) -> None:
    """Fill an empty cache on every core: one process per lane, whose kernels then move into `target`."""
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        folders = [Path(scratch) / str(lane) for lane in range(len(LANES))]
        running = [
            subprocess.Popen(
                [sys.executable, "-m", __spec__.name, *names],
                env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
            )
            for names, folder in zip(LANES, folders, strict=True)
        ]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit("compiling the kernels failed: see the lines above")
        for folder in folders:
            for index in sorted(folder.rglob("*.nbi")):
                # Two lanes may have compiled one function for different types: the first lane's whole set stays.
                if not (target / index.relative_to(folder)).exists():
                    for part in index.parent.glob(f"{index.stem}.*"):
                        goal = target / part.relative_to(folder)
                        goal.parent.mkdir(parents=True, exist_ok=True)
                        part.rename(goal)


def main(names: list[str]) -> int:
    """Compile `names`, or with none of them every family, dropping what earlier sources were compiled to."""
    if names:
        _compile(names)
        return 0
    stamp = _stamp()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    if not any(stamp.parent.rglob("*.nbi")):
        _compile_in_lanes(stamp.parent)
    _compile(list(FAMILIES))
    _drop_stale()
    stamp.write_text(source_hash())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
