"""A caller that gives up: an AbortSignal ends its wait, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from pyodide.ffi import create_proxy

from durable_objects.container.faults import Cancelled
from durable_objects.container.js_runtime import known


async def unless_aborted(work: Coroutine[Any, Any, None], signal: Any) -> None:
    """Await `work`, or raise Cancelled when the AbortSignal fires. What several callers wait for goes on for the others."""
    if known(signal) is None:
        await work
        return
    fired = asyncio.get_running_loop().create_future()

    def fire(_event: Any = None) -> None:
        if not fired.done():
            fired.set_result(None)

    listener = create_proxy(fire)
    signal.addEventListener("abort", listener)
    if signal.aborted:
        fire()
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, fired}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Cancelled("the caller gave up while it waited for the container")
        task.result()
    finally:
        task.cancel()
        signal.removeEventListener("abort", listener)
        listener.destroy()
