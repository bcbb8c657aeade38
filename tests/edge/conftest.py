"""One real workerd for the whole run: the Worker and its objects as they are deployed, driven over HTTP."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.processes import free_port
from local.stack import Stack
from tests.edge.apart import Apart, started
from tests.edge.receiver import Receiver


@dataclass
class Edge:
    stack: Stack
    http: httpx.Client  # authenticated as the bootstrap admin

    @property
    def direct_port(self) -> int:
        """A socket straight into workerd, on 127.0.0.1: what is sent there arrives as it was sent."""
        return self.stack.direct_port

    @property
    def url(self) -> str:
        """Straight into workerd too. `wrangler dev`'s proxy keeps connections of its own to workerd, which closes them
        after 15 s without a request: a POST that meets that moment is lost in the proxy, and has no answer at all."""
        return f"http://127.0.0.1:{self.stack.direct_port}"

    def log_lines(self) -> list[dict[str, Any]]:
        """The Worker's and its objects' own log lines so far."""
        return json_lines(self.stack.state_dir / "logs" / "worker.log")

    def agent_log_lines(self) -> list[dict[str, Any]]:
        """The log lines of every agent that ran so far."""
        return [line for file in (self.stack.state_dir / "logs" / "containers").glob("*") for line in json_lines(file)]


def json_lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a log that are JSON objects; the development tools write others between them."""
    found = []
    for line in file.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            with contextlib.suppress(json.JSONDecodeError):  # a line that is being written at this moment
                found.append(json.loads(line))
    return found


def until(condition: Callable[[], Any], seconds: float = 15.0, what: str = "it") -> Any:
    """What `condition` gives as soon as it is true. Fails when that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.05)
    return found


# Segments for the archive and the tries of a webhook in quick succession: minutes and hours by default. Segments are
# announced again before they can be confirmed, so that the consumer gets most of them several times. Idle agents make
# room for another session's at once, and the clock keeps one sync agent warm.
QUICK = {
    "ARCHIVE_SECONDS": "0.5",
    "ARCHIVE_REPEAT_SECONDS": "0.05",
    "WEBHOOK_RETRY_SECONDS": "0",
    "WAREHOUSE_MANAGER_RECLAIM_SECONDS": "1",
    "SYNC_RECLAIM_SECONDS": "0.2",
    "SYNC_MIN_INSTANCES": "1",
}


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """The running edge; its state lives in a temporary folder."""
    with (
        Stack(tmp_path_factory.mktemp("edge"), direct_port=free_port(), extra_vars=QUICK) as stack,
        httpx.Client(headers={"authorization": f"Bearer {stack.admin_key}"}, timeout=30) as client,
    ):
        edge = Edge(stack, client)
        client.base_url = edge.url
        yield edge


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """The product in two isolates of a workerd of its own."""
    with started(tmp_path_factory.mktemp("apart")) as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()
