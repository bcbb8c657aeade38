"""Imports point one way: worker → durable_objects → contracts, containers → contracts; nothing deployed sees local/."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"worker", "durable_objects", "contracts", "containers", "local", "tools", "benchmarks", "tests"}
MAY_IMPORT = {
    "contracts": {"contracts"},
    "durable_objects": {"durable_objects", "contracts"},
    "worker": {"worker", "durable_objects", "contracts"},
    "containers": {"containers", "contracts"},
}


def imports_of(source: str) -> set[str]:
    """The top-level packages that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return names


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_deployed_folder_imports_only_what_lies_below_it(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imports_of(path.read_text())
        if name.split(".")[0] in OURS - MAY_IMPORT[folder]
    ]
    assert wrong == []


def test_the_container_package_knows_nothing_of_storemax() -> None:
    wrong = [
        f"{path.name} imports {name}"
        for path in (ROOT / "durable_objects" / "container").rglob("*.py")
        for name in imports_of(path.read_text())
        if name.split(".")[0] in OURS and not name.startswith("durable_objects.container")
    ]
    assert wrong == []


def test_contracts_do_no_io() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "contracts").rglob("*.py")
        for name in imports_of(path.read_text())
        if name.split(".")[0] in {"os", "socket", "pathlib", "httpx", "urllib.request", "js", "workers", "subprocess"}
    ]
    assert wrong == []


def test_the_rule_sees_imports_inside_functions() -> None:
    assert imports_of("def f():\n    from local.stack import Stack\n") == {"local.stack"}
