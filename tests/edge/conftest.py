"""One real workerd for the whole run: the Worker and its objects as they are deployed, driven over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from local.stack import Stack


@dataclass
class Edge:
    stack: Stack
    http: httpx.Client  # authenticated as the bootstrap admin


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """The running edge; its state lives in a temporary folder."""
    with (
        Stack(tmp_path_factory.mktemp("edge")) as stack,
        httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.admin_key}"}, timeout=30) as client,
    ):
        yield Edge(stack, client)
