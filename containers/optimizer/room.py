"""Whether what a solve is about to hold fits into its share of the memory: asked before it is made, where inputs decide."""

from __future__ import annotations

from containers.optimizer.limits import MEBIBYTE, Limits
from contracts.errors import Fault, ProblemError


def need_room(size: int, pointer: str, what: str, cure: str) -> None:
    """size: bytes. pointer: what of the request decides it. Raises too-large-to-solve when a solve may not hold that much.

    The limit is STOREMAX_SOLVE_MEMORY_MB.
    """
    limit = Limits().solve_memory
    if size <= limit:
        return
    detail = f"{what} would take {-(-size // MEBIBYTE)} MB of memory, and a solve of this agent may hold {limit // MEBIBYTE} MB; {cure}"
    raise ProblemError(
        "too-large-to-solve", detail, errors=(Fault(pointer, detail),), extra={"limit": limit // MEBIBYTE}
    )
