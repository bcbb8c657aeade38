"""The real gateway and all its routes on CPython.

The routes' modules need the platform's `js`; a stand-in that answers nothing is enough, for no handler is reached.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest


class Played(ModuleType):
    """A module of the platform, whatever name is asked of it: a class that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


@pytest.fixture(scope="session")
def gateway() -> Iterator[Any]:
    """worker.gateway with every route registered, under a stand-in for the platform's modules."""
    played = {name: Played(name) for name in ("js", "pyodide", "pyodide.ffi", "pyodide_js", "workers")}
    before = {name: sys.modules.get(name) for name in played}
    known = set(sys.modules)
    sys.modules.update(played)
    try:
        import worker.gateway
        import worker.routes

        yield worker.gateway
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        for name in set(sys.modules) - known:
            if name.startswith("worker"):
                del sys.modules[name]
