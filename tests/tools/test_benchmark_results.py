from __future__ import annotations

import json
from pathlib import Path

from benchmarks.results import record


def test_a_name_written_again_replaces_its_row_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results" / "latest.json"
    record("b.two", 2.0, "s", file=file)
    record("a.one", 1.0, "s", "a bare Worker", 0.5, "make bench", file=file)
    record("b.two", 3.0, "s", file=file)
    rows = json.loads(file.read_text())
    assert [(row["name"], row["value"]) for row in rows] == [("a.one", 1.0), ("b.two", 3.0)]
    assert set(rows[0]) == {"name", "value", "unit", "compared_with", "ratio", "command", "at"}
