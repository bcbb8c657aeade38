"""The guide names the test that pins each fault: those tests must exist."""

from __future__ import annotations

import re

from local.toolchain import ROOT

GUIDE = ROOT / "docs" / "container.md"
FOLDERS = ("tests/durable_objects/container", "tests/durable_objects/fleet", "tests/edge/container")


def test_every_test_that_the_guide_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", GUIDE.read_text()))
    written = {
        name
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert len(named) > 20
    assert named - written == set()
