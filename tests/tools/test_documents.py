"""The guides point to what exists, and say nothing that only the builders know."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_guide_leads_somewhere(page: Path) -> None:
    targets = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_guide_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        todo += [(page.parent / link).resolve() for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [page.name for page in PAGES if page not in seen] == []


def test_every_make_target_that_a_guide_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = {word for page in PAGES for word in re.findall(r"`make ([a-z][a-z-]*)", page.read_text())}
    assert named <= targets, named - targets


def test_every_figure_has_the_command_that_measures_it() -> None:
    import json

    rows = json.loads((ROOT / "benchmarks" / "results" / "latest.json").read_text())
    assert rows
    for row in rows:
        assert set(row) == {"name", "value", "unit", "compared_with", "ratio", "command", "at"}
        assert row["command"].startswith(("make ", "python -m ")), row


def test_no_tracked_file_is_larger_than_a_megabyte() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    assert [str(path) for path in files if path.is_file() and path.stat().st_size > 1_048_576] == []
