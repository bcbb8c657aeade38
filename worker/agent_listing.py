"""What a caller sees of one agent type: its tenant's instances and the pool, from the directory or from its last copy."""

from __future__ import annotations

import json
from typing import Any

from contracts.agents import Circuit
from contracts.errors import ProblemError
from durable_objects.fleet.agents import POOL, session_of
from durable_objects.resilience.upstreams import UPSTREAMS
from worker.call import Call
from worker.copies import last_text


async def listing(call: Call, name: str) -> dict[str, Any]:
    """The listing of one agent type. Raises ProblemError unavailable when neither the directory nor a copy answers."""
    try:
        found = await call.rpc(call.env.AGENT_FLEET, name, "listing")
    except ProblemError as problem:
        text = await last_text(call, f"agents:{name}") if problem.code == "unavailable" else None
        if text is None:
            raise
        # The directory does not answer: an older copy is better than nothing.
        found = {**json.loads(text), "stale": True}
    prefix = session_of(call.principal.tenant, "")
    shown = []
    for instance in found["instances"]:
        session = instance["session"]
        if session.startswith(prefix):
            shown.append({**instance, "session": session.removeprefix(prefix)})
        elif session.startswith(POOL) or call.principal.platform:
            shown.append(instance)
    return {**found, "instances": shown, "circuit": UPSTREAMS.report().get(f"agent:{name}", Circuit().model_dump())}
