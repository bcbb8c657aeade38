"""Where every measured figure goes: benchmarks/results/latest.json, one row per name.

A row is {name, value, unit, compared_with, ratio, command, at}. Names are dotted and stable; writing a name again replaces
its row, so a part of the benchmarks can be run alone.
"""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).with_name("results") / "latest.json"


def record(
    name: str,
    value: float,
    unit: str,
    compared_with: str = "",
    ratio: float | None = None,
    command: str = "make bench",
    *,
    file: Path = FILE,
) -> dict[str, object]:
    """Write one figure and print it. `compared_with` says what `ratio` is relative to, measured in the same run."""
    row: dict[str, object] = {
        "name": name,
        "value": round(value, 6),
        "unit": unit,
        "compared_with": compared_with,
        "ratio": None if ratio is None else round(ratio, 4),
        "command": command,
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    file.parent.mkdir(exist_ok=True)
    with (file.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = {old["name"]: old for old in json.loads(file.read_text())} if file.exists() else {}
        rows[name] = row
        file.write_text(json.dumps([rows[key] for key in sorted(rows)], indent=1) + "\n")
    beside = f"   ({ratio:.3g} x {compared_with})" if ratio is not None else ""
    print(f"{name:46} {value:>14,.4g} {unit}{beside}", flush=True)
    return row
