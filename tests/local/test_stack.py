"""The stack, before it starts anything."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.processes import StartFailed
from local.stack import Stack


def test_a_port_that_somebody_listens_on_is_told_before_anything_starts(tmp_path: Path) -> None:
    """Whoever listens would answer in place of the Worker, and the start would seem to have worked."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack = Stack(tmp_path, port=port)
        with pytest.raises(StartFailed, match=f"port {port} is in use: end what listens there"):
            stack.start()
        assert stack.programs == []
