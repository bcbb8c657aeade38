"""Routes that are WebSockets: what a request without an upgrade is told."""

from __future__ import annotations

from contracts.errors import ProblemError
from worker.call import Call


def asks_for_websocket(call: Call) -> bool:
    return call.header.get("upgrade", "").lower() == "websocket"


def require_websocket(call: Call) -> None:
    """Raises upgrade-required."""
    if not asks_for_websocket(call):
        detail = "open a WebSocket here: send the headers Connection: Upgrade and Upgrade: websocket"
        raise ProblemError("upgrade-required", detail)
