"""Order of the whole run, and what its containers are."""

from __future__ import annotations

import os

import pytest

# Programs of the tests are run as containers too, which no image holds; and a run must not depend on who has Docker.
os.environ["STOREMAX_CONTAINERS"] = "processes"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright's synchronous interface keeps an event loop running in the main thread until
    its session ends, and asyncio refuses to run another one beside it."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/browser/"))
