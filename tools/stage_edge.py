"""Stage what the edge needs, and only that, into .build/edge: wrangler uploads every Python file below `base_dir`.

Run by wrangler's [build] command, so it needs nothing but the standard library.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from pathlib import Path

FOLDERS = ("worker", "durable_objects", "contracts")


def stage(root: Path, target: Path) -> int:
    """Mirror the edge folders' Python files from `root` into `target`; return how many there are."""
    wanted: set[Path] = set()
    for folder in FOLDERS:
        for source in sorted((root / folder).rglob("*.py")):
            if "__pycache__" in source.parts:
                continue
            copy = target / source.relative_to(root)
            wanted.add(copy)
            if copy.exists() and filecmp.cmp(source, copy, shallow=False):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    for stale in set(target.rglob("*")) - wanted:
        if stale.is_file():
            stale.unlink()
    for folder in sorted((p for p in target.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return len(wanted)


if __name__ == "__main__":
    project = Path(__file__).resolve().parent.parent
    destination = Path(os.environ.get("STOREMAX_EDGE_DIR", project / ".build" / "edge"))
    print(f"staged {stage(project, destination)} edge modules")
