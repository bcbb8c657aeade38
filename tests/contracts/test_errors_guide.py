"""docs/errors.md explains every code, with its status and what to do."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.errors import CATALOGUE

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"


def test_the_guide_has_a_row_for_every_code_with_its_status_title_and_cure() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$", GUIDE.read_text(), re.MULTILINE)
    assert {code: (int(status), title) for code, status, title, _ in rows} == CATALOGUE
    assert all(cure.strip() for *_, cure in rows)
