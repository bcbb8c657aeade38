"""Which version of the agent protocol Worker and image speak: a rollout mixes new Worker code with old images.

A release that changes what agents are sent or answer adds a version to SUPPORTED, first in order, and goes on speaking the
one before it; the release after that may drop it. Two neighbouring releases then always have a version in common.

The Worker sends `X-StoreMax-Protocol: 2, 1` (what it speaks, best first); the agent picks the best that both know, says
which in the same response header, and lists all of its own in `X-StoreMax-Protocol-Supported`. Without the header the
agent assumes its current version.
"""

from __future__ import annotations

from contracts.errors import ProblemError

HEADER = "x-storemax-protocol"
SUPPORTED_HEADER = "x-storemax-protocol-supported"
CURRENT = 1
SUPPORTED: tuple[int, ...] = (1,)  # best first; a version leaves only after every image that needs it is gone


# Where there is none: a rollout replaces images within minutes.
ROLLOUT_RETRY_S = 10


def offer(versions: tuple[int, ...] = SUPPORTED) -> str:
    """The header's value: versions, best first."""
    return ", ".join(str(version) for version in versions)


def negotiate(offered: str | None, supported: tuple[int, ...] = SUPPORTED) -> int:
    """The first offered version that is supported. Raises ProblemError "protocol-unsupported" when there is none."""
    if offered is None:
        return supported[0]
    wanted = [part.strip() for part in offered.split(",")]
    for part in wanted:
        if part.isascii() and part.isdigit() and int(part) in supported:
            return int(part)
    raise ProblemError(
        "protocol-unsupported",
        f"this agent speaks protocol {offer(supported)}, the caller offers {offered[:64]!r}: a rollout is under way, or "
        "Worker and image do not belong together",
        extra={"supported": list(supported)},
        headers={"Retry-After": str(ROLLOUT_RETRY_S)},
    )
