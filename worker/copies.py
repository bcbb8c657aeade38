"""Last copies in KV of what people look at first: shown, and marked, when the object that owns the truth cannot be reached.

Cron keeps them (worker/cron/warm.py). They answer for nothing else: while the object answers, it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable

from contracts.errors import ProblemError
from worker.call import Call, Reply

KINDS = ("summary", "configuration")
KEPT_S = 7 * 86_400


def key(tenant: str, warehouse: str, kind: str) -> str:
    return f"copy:{tenant}:{warehouse}:{kind}"


async def last_text(call: Call, name: str) -> str | None:
    """A copy's text, or None: a KV that fails besides has none."""
    try:
        text = await call.kv(lambda kv: kv.get(name))
    except ProblemError:
        return None
    return text if isinstance(text, str) else None


async def or_last_copy(call: Call, kind: str, answer: Awaitable[Reply]) -> Reply:
    """The answer; when its object cannot be reached, the last copy with `Warning: 110` and `X-Degraded`. Raises what the
    answer raises when there is no copy, or when it says anything else."""
    try:
        return await answer
    except ProblemError as problem:
        if problem.code != "unavailable":
            raise
        text = await last_text(call, key(call.principal.tenant, call.warehouse(), kind))
        if text is None:
            raise
        call.notes["degraded"] = kind
        headers = {"warning": '110 - "Response is Stale"', "x-degraded": kind, "cache-control": "no-store"}
        return Reply(200, json.loads(text), headers)
