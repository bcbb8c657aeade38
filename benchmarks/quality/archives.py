"""Public benchmark archives, read where they lie: STOREMAX_BENCHMARK_DATA, or shared/data/benchmarks above this folder.

One sub-folder per set, with instances.tar.xz and best_known*.csv. Licences differ and some state none, so nothing of them
is part of the project.
"""

from __future__ import annotations

import csv
import os
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve()


def find_folder() -> Path | None:
    """The folder with one sub-folder per set, or None when this machine has none."""
    named = os.environ.get("STOREMAX_BENCHMARK_DATA")
    places = [Path(named)] if named else [up / "shared" / "data" / "benchmarks" for up in HERE.parents]
    return next((place for place in places if place.is_dir()), None)


def folder() -> Path:
    """The folder with one sub-folder per set; raises SystemExit with the cure when it is not there."""
    found = find_folder()
    if found is None:
        raise SystemExit("set STOREMAX_BENCHMARK_DATA to the folder of the benchmark sets: see docs/optimizer.md")
    return found


def files(name: str) -> dict[str, str]:
    """path → text of every file in a set's archive, sorted by path."""
    found = {}
    with tarfile.open(folder() / name / "instances.tar.xz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None:
                found[member.name] = stream.read().decode("utf-8", errors="replace")
    return dict(sorted(found.items()))


def best_known(name: str, file: str = "best_known.csv") -> dict[str, float]:
    """instance → the reference value."""
    with (folder() / name / file).open(encoding="utf-8-sig") as stream:
        return {row["instance"]: float(row["best_known"]) for row in csv.DictReader(stream)}


def unproven(name: str) -> set[str]:
    """The instances whose reference value nobody has proven to be the best."""
    with (folder() / name / "best_known.csv").open(encoding="utf-8-sig") as stream:
        return {row["instance"] for row in csv.DictReader(stream) if row["proven_optimal"].lower() == "false"}
