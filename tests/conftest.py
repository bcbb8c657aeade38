"""Order of the whole run."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright's synchronous interface keeps an event loop running in the main thread until
    its session ends, and asyncio refuses to run another one beside it."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/browser/"))
