"""`make audit` tells apart: nothing known, something known, nobody to ask."""

from __future__ import annotations

import sys

import pytest

from tools.audit import audit

ASKED_IN_VAIN = "ERROR:pip_audit._cli:numpy: Dependency not found on PyPI and could not be audited: numpy (2.4.0)"
UNREACHABLE = "ERROR: HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /pypi/numpy/json"
FOUND = "Found 1 known vulnerability in 1 package"


@pytest.mark.parametrize(
    ("said", "ended", "status", "cure"),
    [
        ("No known vulnerabilities found", 0, 0, False),
        (FOUND, 1, 1, False),
        (ASKED_IN_VAIN, 1, 2, True),
        (UNREACHABLE, 1, 2, True),
    ],
)
def test_the_status_tells_a_vulnerability_from_a_database_that_could_not_be_asked(
    said: str, ended: int, status: int, cure: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    program = (sys.executable, "-c", f"import sys; print({said!r}, file=sys.stderr); sys.exit({ended})")
    assert audit("requirements/edge.lock", program=program) == status
    told = capsys.readouterr().err
    assert said in told
    assert ("Run it where PyPI itself can be" in told and "requirements/edge.lock" in told) is cure
