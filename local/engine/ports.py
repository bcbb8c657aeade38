"""Ports of this machine, handed out to containers."""

from __future__ import annotations

import random
import socket

# Below the kernel's usual ephemeral range (from 32768), so that no outgoing connection takes a port between the
# moment when it is picked here and the moment when the container's program listens on it.
FIRST, LAST = 20_000, 32_000


class NoFreePortError(RuntimeError):
    """Every port of the range is taken."""


class PortPool:
    """Free ports on the loopback address, none given twice while it is in use."""

    def __init__(self, first: int = FIRST, last: int = LAST) -> None:
        self._first, self._last = first, last
        self._taken: set[int] = set()
        # Engines of several checkouts run side by side: each starts its walk somewhere else.
        self._next = random.SystemRandom().randint(first, last)

    def take(self) -> int:
        """A port on which nothing listens at this moment. Raises NoFreePortError."""
        for _ in range(self._last - self._first + 1):
            port = self._next
            self._next = self._first if port == self._last else port + 1
            if port not in self._taken and _is_free(port):
                self._taken.add(port)
                return port
        raise NoFreePortError(f"no free port between {self._first} and {self._last}")

    def give_back(self, port: int) -> None:
        self._taken.discard(port)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True
