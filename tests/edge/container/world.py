"""A real workerd with the test Worker, and the process engine under it: what the container tests run against."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import Stack
from local.toolchain import ROOT

HERE = Path(__file__).resolve().parent


class Refused(Exception):
    """A method of the object raised; `kind` is the name of the exception's class."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text


@dataclass
class Box:
    """One container object of the test Worker, by name."""

    http: httpx.Client
    name: str

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        return self.http.get(f"/fetch/{self.name}{path}", **options)

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        message = json.dumps({"method": method, "args": args, "kwargs": kwargs})
        answer = self.http.post(f"/call/{self.name}", content=message)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        if "fault" in found:
            raise Refused(found["fault"], found["text"])
        return found["value"]

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.call("get_state"))

    @property
    def journal(self) -> list[str]:
        return list(self.call("journal"))

    def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        """Poll until `condition` holds; what it gave. Fails with the state and the journal when time is up."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"still not so after {seconds} s: {self.state} {self.journal}")
            time.sleep(0.03)
        return found

    def wait_status(self, *wanted: str, seconds: float = 10.0) -> None:
        self.wait(lambda: self.state["status"] in wanted, seconds)


@dataclass
class World:
    url: str
    http: httpx.Client
    log: Path | None = None  # the runtime's, where this run has started it

    def box(self, kind: str) -> Box:
        """A fresh object that runs the program of `kind` (worker/main.py lists them)."""
        return Box(self.http, f"{kind}:{uuid.uuid4().hex[:10]}")


def staged(target: Path) -> Path:
    """The test Worker's folder as wrangler reads it: its entry, the package under test, the vendored SDK."""
    target.mkdir(parents=True, exist_ok=True)
    for source in (HERE / "worker").iterdir():
        if source.is_file():
            shutil.copy(source, target / source.name)
    package = target / "durable_objects"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "durable_objects" / "container", package / "container", ignore=ignore)
    (package / "__init__.py").touch()
    (target / "python_modules").symlink_to((ROOT / "python_modules").resolve())
    return target / "wrangler.toml"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """PLAYGROUND_URL names an instance that runs already, for quick rounds while a test is written."""
    if url := os.environ.get("PLAYGROUND_URL"):
        with httpx.Client(base_url=url, timeout=60) as client:
            yield World(url, client)
        return
    folder = tmp_path_factory.mktemp("playground")
    with (
        Stack(folder, config=staged(folder / "worker")) as stack,
        httpx.Client(base_url=stack.url, timeout=60) as client,
    ):
        yield World(stack.url, client, stack.state_dir / "logs" / "worker.log")
