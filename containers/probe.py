"""The image's health check: `python -m containers.probe` ends with 0 when the agent of this container is alive.

Standard library alone and no site packages, because it runs every few seconds beside a working agent.
"""

from __future__ import annotations

import os
import socket
import sys

PORTS = (8000, 8001, 8002)
TIMEOUT_S = 2.0


def alive(port: int) -> bool:
    """Whether something on this port answers `GET /health` with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as link:
            link.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return link.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def main() -> int:
    chosen = os.environ.get("PORT", "")
    ports = (int(chosen),) if chosen.isdigit() else PORTS
    return 0 if any(alive(port) for port in ports) else 1


if __name__ == "__main__":
    sys.exit(main())
