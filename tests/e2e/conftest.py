"""The whole stack, once for the run: Worker, objects, and agents in containers (Docker, or the local process engine)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.demo.main_job import Client
from local.stack import Stack

REAL_ORDERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "online-retail" / "order_lines.csv"


@dataclass
class Whole:
    stack: Stack
    client: Client


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        client = Client(stack.url, stack.admin_key)
        yield Whole(stack, client)
        client.close()
