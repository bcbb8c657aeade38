"""KV and R2 as routes use them: a failure of theirs is a documented 503, not a fault of ours.

Both go through the same breaker and retries as the objects (docs/resilience.md). Where a copy in KV merely saves work, its
failure is a miss and is handled there (worker/cache/layers.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from contracts.rpc import Context
from durable_objects.resilience.upstreams import UPSTREAMS

Kind = Literal["CACHE", "ARCHIVE"]


async def ask(
    env: Any, kind: Kind, work: Callable[[Any], Awaitable[Any]], context: Context, *, idempotent: bool = True
) -> Any:
    """What `work(binding)` gives, tried again after a failure of the platform unless `idempotent` is off (a stream goes
    once). Raises ProblemError unavailable, deadline-exceeded."""
    binding = getattr(env, kind)

    async def attempt() -> Any:
        return await work(binding)

    return await UPSTREAMS.call(kind, "all", attempt, idempotent=idempotent, deadline=context.deadline)
